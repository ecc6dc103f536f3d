"""A language model learns what products are found by, so that a search needs no language model.

Needs the model extra. `expansion.py` runs it in a process of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn import Parameter

from shopkeeper.encode.bm25 import Bm25
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.expander import FIRST, Expander, Pieces
from shopkeeper.encode.generated import generated
from shopkeeper.encode.model import TextModel
from shopkeeper.errors import TrainingError
from shopkeeper.types import FloatArray, IntArray

QUERIES, LEAST, HELD_OUT = 12_000, 200, 64
"""So many queries are generated at most and at least; so many of them are held out."""
PRODUCTS = 20_000
TOPICS, EACH, AROUND = 4, 8, 4
"""A batch is about so many topics: of the queries nearest to one, AROUND times as many, so many are drawn."""
WORDS, TEMPERATURE = 0.3, 0.03
"""What the best match by words counts beside a cosine of 1; of both distributions over products."""
NEAR, GROUPS = 60, 4
"""So many products that the teacher puts first are drawn from; they are read in groups of like length."""


@dataclass(frozen=True)
class _Lesson:
    """Queries of a batch, their products as token ids, and the teacher's share of each product for each query."""

    queries: IntArray
    rows: list[list[int]]
    shares: Tensor


class Expanding:
    """Products learn to be found by the pieces of words of the queries that a teacher would find them for.

    Queries are generated from the catalogue, as typed; the teacher, BM25 and the untouched model's cosine together,
    reads what is meant. A batch holds queries of a few topics and two products for each, one drawn by the teacher's
    shares and one of those it puts first; what is learnt is its distribution over all of them (so that each query has
    many hard negatives, and none is false). A query's score is the sum of its pieces' rarity times a product's weights.
    The pieces of products cost the sum of their squared means over a batch.
    Source: Formal, Piwowarski, Clinchant, "SPLADE", SIGIR 2021 (FLOPS, eq. 4, after Paria et al., ICLR 2020); Geng et
    al., arXiv 2411.04403 (rarity in place of a query encoder, distillation); Hofstaetter et al., "TAS-B", SIGIR 2021
    (batches of topics).
    """

    def __init__(self, sparsity: float) -> None:
        self.sparsity = sparsity

    def prepare(self, model: TextModel, corpus: Corpus, seed: int) -> None:
        draw = np.random.default_rng(seed)
        self.ids = model.ids(corpus.texts, "passage")
        self.pieces = Pieces(model, self.ids)
        chosen = np.sort(draw.permutation(len(corpus))[:PRODUCTS]).tolist()
        fields = [(*corpus.fields[row], corpus.texts[row]) for row in chosen]
        queries = generated(fields, [corpus.brands[row] for row in chosen], QUERIES, draw)
        if len(queries) < LEAST or not len(self.pieces.common):
            raise TrainingError(
                f"recall.sparse: {len(corpus)} products give {len(queries)} different queries; at least {LEAST} are "
                f"needed. Import more products, or set recall.sparse.enabled to false"
            )
        self._rows = [self.ids[row] for row in chosen]
        vectors = model.vectors(corpus.texts, "passage") if corpus.vectors is None else corpus.vectors
        self._vectors = np.asarray(vectors[chosen], np.float32)
        self._words = Bm25([(corpus.texts[row],) for row in chosen])
        self._meant = [query.meant for query in queries]
        self._asked = model.vectors(self._meant, "query")
        self._typed = self._cut(model, [query.typed for query in queries])
        first = [self._rows[place] for place in draw.permutation(len(self._rows))[:FIRST].tolist()]
        self.head = Expander(model, self.pieces, first)
        out = draw.permutation(len(queries))
        self._taught = out[HELD_OUT:]
        self._measured = self._lesson(np.sort(out[:HELD_OUT]), draw)

    def parameters(self) -> list[Parameter]:
        return list(self.head.parameters())

    def loss(self, model: TextModel, draw: np.random.Generator) -> Tensor:
        topics = self._taught[draw.integers(len(self._taught), size=TOPICS)]
        near = np.argsort(-(self._asked[self._taught] @ self._asked[topics].T), axis=0)[: EACH * AROUND]
        drawn = [self._taught[draw.permutation(own)[:EACH]] for own in near.T]
        lesson = self._lesson(np.unique(np.concatenate(drawn)), draw)
        order = sorted(range(len(lesson.rows)), key=lambda place: len(lesson.rows[place]))
        parts = [part.tolist() for part in np.array_split(order, GROUPS) if len(part)]
        model.eval()  # few steps and few products: what drops out costs more than it saves
        weights = torch.cat([self.head(model, *model.padded([lesson.rows[at] for at in part])) for part in parts])
        return self._missed(lesson, weights, np.concatenate(parts)) + self.sparsity * (weights.mean(0) ** 2).sum()

    def score(self, model: TextModel) -> float:
        """How well the teacher is met on queries that were held out: exp(- the divergence), 1 where exactly."""
        read = list(self.head.read(model, self._measured.rows))
        weights = torch.from_numpy(np.concatenate([own for _, own in read]))
        order = np.concatenate([places for places, _ in read])
        return float(torch.exp(-self._missed(self._measured, weights, order)))

    def _missed(self, lesson: _Lesson, weights: Tensor, order: IntArray) -> Tensor:
        """The divergence from the teacher's shares; weights (m, known) are of the products in this order."""
        asked = torch.from_numpy(self._typed[lesson.queries].toarray())
        shares = lesson.shares[:, order]
        with torch.autocast("cpu", enabled=False):
            found = torch.log_softmax(asked @ weights.float().T, 1)
            return (shares * (torch.log(shares + 1e-9) - found)).sum(1).mean()

    def _lesson(self, queries: IntArray, draw: np.random.Generator) -> _Lesson:
        words = self._words.scores([self._meant[place] for place in queries.tolist()])
        scores = self._asked[queries] @ self._vectors.T + WORDS * words / words.max(1, keepdims=True).clip(1e-6)
        shares = _softmax(scores / TEMPERATURE)
        pointed = (shares.cumsum(1) > draw.random((len(queries), 1)) * shares.sum(1, keepdims=True)).argmax(1)
        most = min(NEAR, scores.shape[1])
        near = np.argpartition(-scores, most - 1, axis=1)[:, :most]
        other = near[np.arange(len(queries)), draw.integers(most, size=len(queries))]
        places = np.unique(np.concatenate([pointed, other]))
        own = torch.from_numpy(_softmax(scores[:, places] / TEMPERATURE))
        return _Lesson(queries, [self._rows[place] for place in places.tolist()], own)

    def _cut(self, model: TextModel, queries: Sequence[str]) -> csr_array:
        """The rarity of each query's pieces, float32 (n, known)."""
        columns, rows = [], []
        for row, encoding in enumerate(model.tokenizer.encode_batch(list(queries), add_special_tokens=False)):
            places = np.unique(self.pieces.place[np.array(encoding.ids, np.int64)])
            places = places[places >= 0]
            columns.append(places)
            rows.append(np.full(len(places), row))
        column = np.concatenate(columns)
        rarity = self.pieces.rarity[self.pieces.known[column]]
        return csr_array((rarity, (np.concatenate(rows), column)), shape=(len(queries), len(self.pieces.known)))


def _softmax(scores: FloatArray) -> FloatArray:
    shares = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True), np.float32)
