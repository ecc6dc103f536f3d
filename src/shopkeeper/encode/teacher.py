"""Who teaches a model without labels: scores of products for a query, from words and the untouched model's vectors.

Needs the model extra.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from shopkeeper.encode.bm25 import Bm25
from shopkeeper.encode.coverage import Coverage
from shopkeeper.relevance_feedback import moved


class Teacher(Protocol):
    """Scores of all products for some queries: what the model is to agree with."""

    def scores(self, queries: Sequence[str], vectors: Tensor) -> Tensor:
        """float32 (n, products) of the queries and the untouched model's vectors of them (n, d)."""


class ByWords:
    """The untouched model's cosine, and BM25 where the best match of a query counts `weight`."""

    def __init__(self, fields: Sequence[Sequence[str]], passages: Tensor, weight: float) -> None:
        self._bm25, self._passages, self._weight = Bm25(fields), passages, weight

    def scores(self, queries: Sequence[str], vectors: Tensor) -> Tensor:
        words = torch.from_numpy(self._bm25.scores(queries))
        words = words / words.amax(1, keepdim=True).clamp(min=1e-6)
        return vectors @ self._passages.T + self._weight * words


class ByFeedback:
    """The cosine to a query that went a way towards what it finds, and `weight` times the share of words held.

    What it finds counts `feedback` beside the query (see shopkeeper/relevance_feedback.py). Repeated words do not help
    a product, and what the query does not say but its first products share does: for catalogues whose titles hold a
    query's words anyway.
    """

    def __init__(self, fields: Sequence[Sequence[str]], passages: Tensor, weight: float, feedback: float) -> None:
        self._coverage, self._passages = Coverage(fields), passages
        self._weight, self._feedback = weight, feedback

    def scores(self, queries: Sequence[str], vectors: Tensor) -> Tensor:
        words = torch.from_numpy(self._coverage.scores(queries))
        asked = torch.from_numpy(moved(vectors.numpy(), self._passages.numpy(), self._feedback))
        with torch.autocast("cpu", enabled=False):
            return asked @ self._passages.T + self._weight * words
