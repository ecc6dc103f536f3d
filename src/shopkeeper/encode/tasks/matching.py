"""Queries find the products that words and meaning together point at: learnt from the catalogue alone."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from shopkeeper.encode.corpus import Corpus
from shopkeeper.errors import TrainingError
from shopkeeper.settings import PluginSettings
from shopkeeper.types import IntArray

if TYPE_CHECKING:
    from torch import Tensor

    from shopkeeper.encode.model import TextModel

LEAST = 200
"""Fewer different queries than this cannot be made from a catalogue that can be learnt from."""
MOST_KNOWN = 600


class Matching:
    """The model's query vectors learn where a teacher points: BM25 and the untouched model together, of what is meant.

    Queries are generated from the catalogue. The teacher reads what is meant, the model what is typed. Each query is
    compared with every product at once (cross-entropy of two distributions), so that there are no negatives to draw and
    none of them is false. Product vectors stay as the untouched model makes them: only queries are read by the adapted
    one, and nothing in the shop has to be encoded again. Held out: searches for products known by some of their words.
    Source: Hinton, Vinyals, Dean, arXiv 1503.02531 (two distributions at one temperature); Wang et al., "GPL", NAACL
    2022 (generated queries, a teacher in place of labels; here the teacher is words and the untouched model).
    """

    class Settings(PluginSettings):
        queries: int = Field(24_000, ge=1, description="How many queries are generated at most.")
        batch: int = Field(96, ge=1, description="Queries of one step.")
        words: float = Field(0.3, ge=0, description="What the best match by words counts beside a cosine of 1.")
        temperature: float = Field(0.03, gt=0, description="Of both distributions over products: lower is sharper.")
        products: int = Field(20_000, ge=2, description="Of a larger catalogue so many products are drawn.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        import torch

        from shopkeeper.encode.bm25 import Bm25
        from shopkeeper.encode.generated import generated, known_items

        draw = np.random.default_rng(seed)
        some = corpus.some(self.settings.products, draw)
        fields, taught = some.fields, np.flatnonzero(~some.held_out).tolist()
        brands = [some.brands[place] for place in taught]
        self._queries = generated([fields[place] for place in taught], brands, self.settings.queries, draw)
        known = known_items(fields, draw.permutation(np.flatnonzero(some.held_out))[:MOST_KNOWN].tolist(), draw)
        if len(self._queries) < LEAST or not known:
            raise TrainingError(
                f"encode.matching: {len(corpus)} products give {len(self._queries)} different queries and {len(known)} "
                f"searches to measure with; at least {LEAST} and 1 are needed. Import more products, or longer titles "
                f"and descriptions"
            )
        self._bm25 = Bm25(fields)
        passages = model.vectors(some.texts, "passage") if some.vectors is None else some.vectors
        self._passages = torch.from_numpy(passages)
        self._meant = torch.from_numpy(model.vectors([query.meant for query in self._queries], "query"))
        self._ids = model.ids([query.typed for query in self._queries], "query")
        self._wanted = np.array([row for row, _ in known])
        self._asked = [query for _, query in known]

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        return self.loss_of(model, self.drawn(draw))

    def drawn(self, draw: np.random.Generator) -> IntArray:
        return draw.integers(0, len(self._queries), self.settings.batch)

    def loss_of(self, model: "TextModel", examples: IntArray) -> "Tensor":
        import torch

        with torch.no_grad():
            words = torch.from_numpy(self._bm25.scores([self._queries[place].meant for place in examples]))
            words = words / words.amax(1, keepdim=True).clamp(min=1e-6)
            pointed_at = self._meant[examples] @ self._passages.T + self.settings.words * words
            teacher = torch.softmax(pointed_at / self.settings.temperature, 1)
        vectors = model(*model.padded([self._ids[place] for place in examples]))
        with torch.autocast("cpu", enabled=False):  # logits of 16 bits cannot tell near products apart
            student = torch.log_softmax(vectors @ self._passages.T / self.settings.temperature, 1)
            return -(teacher * student).sum(1).mean()

    def score(self, model: "TextModel") -> float:
        """The mean reciprocal rank of the product that is meant, among all products."""
        scores = model.vectors(self._asked, "query") @ self._passages.numpy().T
        own = scores[np.arange(len(scores)), self._wanted]
        ranks = 1 + (scores > own[:, None]).sum(axis=1)
        return float((1.0 / ranks).mean())
