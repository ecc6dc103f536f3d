"""Queries find the products that words and meaning together point at: learnt from the catalogue alone."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.varied import LearnsTexts, Varied
from shopkeeper.errors import TrainingError
from shopkeeper.types import IntArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from shopkeeper.encode.generated import Query
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.teacher import Teacher

LEAST = 200
"""Fewer different queries than this cannot be made from a catalogue that can be learnt from."""
MOST_KNOWN = 600
OTHERS = 2000
"""Where products learn too, held-out ones are searched for among so many others: all would be too many to read."""
GROUPS = 5
"""Products are read in so many groups of like length; in one, a third of what is computed would be padding."""


class Matching:
    """Queries learn to find what a teacher points at: words and the untouched model together, of what is meant.

    Queries are generated from the catalogue. The teacher reads what is meant, the model what is typed. Each query is
    compared with every product at once (cross-entropy of two distributions), so that there are no negatives to draw and
    none of them is false. The teacher of words is BM25 and the untouched model's cosine; that of feedback moves the
    query towards what it finds first and takes the share of its words that a product holds. Where products are known by
    their titles alone, words tell little (most goods that a query is about hold them), and feedback teaches.

    Products may stay as the untouched model reads them: nothing in the shop has to be encoded again. Or the same model
    learns to read both: each query has two products read anew, one drawn where the teacher points and one where the
    model does, and the others keep the vectors of their last reading.
    Held out: searches for products known by some of their words.
    Source: Hinton, Vinyals, Dean, arXiv 1503.02531 (two distributions at one temperature); Wang et al., "GPL", NAACL
    2022 (generated queries, a teacher in place of labels; here the teacher is words and the untouched model).
    """

    learns_from: ClassVar[tuple[str, ...]] = ()

    class Settings(LearnsTexts):
        queries: int = Field(24_000, ge=1, description="How many queries are generated at most.")
        writer: str = Field(
            "", description="A generative model that writes queries too, 'URL MODEL' of a chat server; empty is none."
        )
        written: int = Field(300, ge=1, description="For so many products at most it writes queries.")
        lengths: tuple[float, float, float] = Field(
            (0.4, 0.4, 0.2), description="How many of the queries have one, two and three words."
        )
        batch: int = Field(96, ge=1, description="Queries of one step.")
        teacher: Literal["auto", "words", "feedback"] = Field(
            "words", description="Who teaches. `auto`: feedback where most products have a title and no other text."
        )
        words: float = Field(0.3, ge=0, description="What the best match by words counts beside a cosine of 1.")
        coverage: float = Field(0.1, ge=0, description="With feedback: what holding all words counts instead.")
        feedback: float = Field(1.0, ge=0, description="What the products found first count beside the query.")
        temperature: float = Field(0.03, gt=0, description="Of both distributions over products: lower is sharper.")
        products: int = Field(20_000, ge=2, description="Of a larger catalogue so many products are drawn.")
        product_vectors: Literal["stay", "learn"] = Field(
            "stay", description="Whether the model that learns reads the products too, which are then encoded again."
        )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._learns_products = settings.product_vectors == "learn"

    @property
    def moves_products(self) -> bool:
        """Whether products have other vectors afterwards."""
        return self._learns_products

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        import torch

        from shopkeeper.encode.generated import generated, known_items

        draw = np.random.default_rng(seed)
        some = corpus.some(self.settings.products, draw)
        fields, taught = some.fields, np.flatnonzero(~some.held_out).tolist()
        brands = [some.brands[place] for place in taught]
        lengths, n = self.settings.lengths, self.settings.queries
        self._queries = generated([fields[place] for place in taught], brands, n, draw, lengths)
        self._queries += self._written([some.texts[place] for place in taught], draw)
        stopping = draw.permutation(np.flatnonzero(some.held_out & ~some.left_for_the_end))
        known = known_items(fields, stopping[:MOST_KNOWN].tolist(), draw)
        if len(self._queries) < LEAST or not known:
            raise TrainingError(
                f"encode.matching: {len(corpus)} products give {len(self._queries)} different queries and {len(known)} "
                f"searches to measure with; at least {LEAST} and 1 are needed. Import more products, or longer titles "
                f"and descriptions"
            )
        self._texts = some.texts
        passages = model.vectors(some.texts, "passage") if some.vectors is None else some.vectors
        self._passages = torch.from_numpy(passages)
        self._teacher = self._chosen_teacher(some)
        self._meant = torch.from_numpy(model.vectors([query.meant for query in self._queries], "query"))
        self._typed = Varied.of(model, [query.typed for query in self._queries], self.settings)
        self._asked = [query for _, query in known]
        self._hold_out([row for row, _ in known], draw)

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        return self.loss_of(model, self.drawn(draw))

    def drawn(self, draw: np.random.Generator) -> IntArray:
        return self._typed.numbered(draw.integers(0, len(self._queries), self.settings.batch), draw)

    def loss_of(self, model: "TextModel", examples: IntArray) -> "Tensor":
        import torch

        places = self._typed.places(examples)
        with torch.no_grad():
            pointed_at = self._teacher.scores([self._queries[place].meant for place in places], self._meant[places])
            teacher = torch.softmax(pointed_at / self.settings.temperature, 1)
        learning = model.training
        # with dropout, product vectors that are kept would be none that the model gives
        model.train(learning and not self._learns_products)
        vectors = model(*model.padded(self._typed.read(model, examples)))
        logits = self._logits(model, vectors, teacher)
        model.train(learning)
        with torch.autocast("cpu", enabled=False):  # logits of 16 bits cannot tell near products apart
            return -(teacher * torch.log_softmax(logits, 1)).sum(1).mean()

    def memory(self, model: "TextModel") -> "dict[str, Tensor]":
        """The vectors of the products' last readings, where the model learns to read them."""
        return {"passages": self._passages} if self._learns_products else {}

    def remember(self, model: "TextModel", memory: "dict[str, Tensor]") -> None:
        self._passages = memory.get("passages", self._passages)

    def score(self, model: "TextModel") -> float:
        """The mean reciprocal rank of the product that is meant, among all products or some others."""
        texts = [self._texts[row] for row in self._among] if self._learns_products else []
        passages = model.vectors(texts, "passage") if texts else self._passages.numpy()
        scores = model.vectors(self._asked, "query") @ passages.T
        own = scores[np.arange(len(scores)), self._wanted]
        ranks = 1 + (scores > own[:, None]).sum(axis=1)
        return float((1.0 / ranks).mean())

    def _written(self, texts: "Sequence[str]", draw: np.random.Generator) -> "list[Query]":
        """The queries of a generative model, for some of these texts."""
        if not self.settings.writer:
            return []
        from shopkeeper.encode.written import written

        chosen = draw.permutation(len(texts))[: self.settings.written].tolist()
        return written([texts[place] for place in chosen], self.settings.writer, draw)

    def _chosen_teacher(self, some: Corpus) -> "Teacher":
        from shopkeeper.encode.teacher import ByFeedback, ByWords

        bare = sum(not any(text.strip() for text in texts[1:]) for texts in some.fields) > len(some) / 2
        if self.settings.teacher == "feedback" or (self.settings.teacher == "auto" and bare):
            return ByFeedback(some.fields, self._passages, self.settings.coverage, self.settings.feedback)
        return ByWords(some.fields, self._passages, self.settings.words)

    def _hold_out(self, wanted: list[int], draw: np.random.Generator) -> None:
        """Where the wanted products stand among those that they are searched for in."""
        self._wanted = np.array(wanted)
        if self._learns_products:
            others = draw.permutation(np.setdiff1d(np.arange(len(self._texts)), wanted))[:OTHERS]
            self._among = [*wanted, *others.tolist()]
            self._wanted = np.arange(len(wanted))

    def _logits(self, model: "TextModel", vectors: "Tensor", teacher: "Tensor") -> "Tensor":
        """float32 (batch, products) with gradients to the queries, and to the products where they learn."""
        import torch

        with torch.autocast("cpu", enabled=False):
            logits = vectors @ self._passages.T / self.settings.temperature
            if not self._learns_products:
                return logits
            drawn = [torch.multinomial(shares, 1) for shares in (teacher, torch.softmax(logits.detach(), 1))]
        rows, read = self._read(model, np.unique(torch.cat(drawn).numpy()))
        # a new tensor: the teacher and this step's gradients need the old one
        self._passages = self._passages.index_copy(0, rows, read.detach())
        with torch.autocast("cpu", enabled=False):
            return logits.index_copy(1, rows, vectors @ read.T / self.settings.temperature)

    def _read(self, model: "TextModel", rows: IntArray) -> "tuple[Tensor, Tensor]":
        """The rows, the shortest texts first, and their vectors with gradients."""
        import torch

        ids = model.ids([self._texts[row] for row in rows.tolist()], "passage")
        order = np.array(sorted(range(len(ids)), key=lambda place: len(ids[place])))
        groups = [part.tolist() for part in np.array_split(order, GROUPS) if len(part)]
        read = torch.cat([model(*model.padded([ids[place] for place in part])) for part in groups])
        return torch.from_numpy(rows[order]), read
