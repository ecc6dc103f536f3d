"""Scores become an order."""

import numpy as np

from shopkeeper.ports import Ranker
from shopkeeper.types import Candidates, FeatureTable, FloatArray, IntArray, Ranked


def order(ranker: Ranker, name: str, candidates: Candidates, table: FeatureTable) -> Ranked:
    """The candidates of a batch of one, best first; equal scores keep the order they come in, best fused first."""
    scores = ranker.score(candidates, table)
    index = _sorted(candidates, scores)
    return Ranked(candidates.rows[index], scores[index], index, name)


def top(candidates: Candidates, scores: FloatArray, k: int) -> IntArray:
    """int64 (b, k): the best k rows of each request by scores float32 (n,), padded with -1."""
    index = _sorted(candidates, scores)
    request = candidates.request_of()
    place = np.arange(len(index)) - candidates.offsets[request]
    kept = place < k
    best = np.full((len(candidates.offsets) - 1, k), -1, np.int64)
    best[request[kept], place[kept]] = candidates.rows[index[kept]]
    return best


def _sorted(candidates: Candidates, scores: FloatArray) -> IntArray:
    if len(candidates.offsets) == 2:
        return np.argsort(-scores, kind="stable")
    return np.lexsort((-scores, candidates.request_of()))
