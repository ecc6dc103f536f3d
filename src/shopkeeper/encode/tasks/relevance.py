"""Products come before others as people judged them for a query: learnt from graded pairs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, cast

import numpy as np
from pydantic import Field

from shopkeeper.encode.corpus import Corpus, Judgements
from shopkeeper.encode.varied import LearnsTexts, Varied
from shopkeeper.errors import TrainingError
from shopkeeper.measure.ranking import graded_ndcg_at
from shopkeeper.types import FloatArray, IntArray

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

    from shopkeeper.encode.cross import CrossEncoder, Pair
    from shopkeeper.encode.model import Kind, TextModel

K = 10
LEAST = 10
"""Fewer queries with products of different grades than this teach nothing that holds for others."""
FIRST = 256
"""From so many pairs it is read where the grades lie before anything is learnt."""
NOBODY = Judgements([], np.empty(0, np.int64), np.empty(0, np.int64))
MEASURED = 300
"""So many of the held-out queries are measured at most: their products are read again each time."""
GROUPS = 3
"""Pairs are read in so many groups of like length; in one, nearly half of what is computed would be padding."""


class Relevance:
    """Scores of pairs learn the grades that people gave, and what a teacher thinks of them.

    A batch holds some products of each of some queries. The loss has three terms: whether a grade is above each cut
    (`Grades`); within a query, whether the better product has the higher score, where a pair counts by what its order
    gains in nDCG; and where the corpus brings a teacher's scores, the square of what two products of a query differ in
    less what they do for the teacher. What is judged is held out by query: nDCG@10 of those. Queries of which it is
    only known what was chosen get products that words find and that they do not mean (`negatives`).
    Source: Burges et al., "Learning to rank using gradient descent", ICML 2005 (pairs); Hofstaetter et al., "Improving
    efficient neural ranking models with cross-architecture knowledge distillation", arXiv 2010.02666 (margins).
    """

    learns_from: ClassVar[tuple[str, ...]] = ("judged",)
    moves_products: ClassVar[bool | None] = True

    class Settings(LearnsTexts):
        reads: Literal["apart", "together"] = Field(
            "apart", description="Query and product as two vectors, or as one text by a cross-encoder."
        )
        batch: int = Field(4, ge=1, description="Queries of one step; one with many products can be drawn twice.")
        products: int = Field(8, ge=2, description="Judged products of each query in a step.")
        grades: float = Field(1.0, ge=0, description="What the term of the grades counts.")
        order: float = Field(0.0, ge=0, description="What the term of the order within a query counts.")
        margins: float = Field(1.0, ge=0, description="What the teacher's margins count, where there is a teacher.")
        held_out: float = Field(0.2, gt=0, lt=1, description="The share of queries that is measured on.")
        negatives: int = Field(
            8, ge=0, description="For a query that brings none: products that words find, and that it does not mean."
        )
        judge: Literal["encoder", "cross"] = Field(
            "encoder", description="Who says what a query does not mean: the untouched encoder, or a cross-encoder."
        )
        margin: float = Field(
            0.05, ge=0, description="So far behind what was chosen they must stand, in units of the judge."
        )

    def __init__(self, settings: Settings, cross: "CrossEncoder | None" = None) -> None:
        """With `cross`, its head is what learns beside the model that is trained, which must be its own."""
        self.settings = settings
        self.cross = cross

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        from shopkeeper.encode.cross import CrossEncoder

        self._judged = self._with_negatives(model, corpus, seed)
        self._products = [corpus.texts[row] for row in self._judged.rows.tolist()]
        useful = self._useful()
        draw = np.random.default_rng(seed)
        order, n_held = draw.permutation(len(useful)).tolist(), max(round(self.settings.held_out * len(useful)), 1)
        self._held_out = [useful[at] for at in order[: min(n_held, MEASURED)]]
        self._queries = [useful[at] for at in order[n_held:]]
        sizes = np.array([len(own) for own in self._queries], np.float64)
        self._shares = sizes / sizes.sum()
        if self.settings.reads == "together":
            self.cross = self.cross or CrossEncoder(model)
        assert self.cross is None or (self.cross.model is model and self.settings.reads == "together")
        self._shown = [] if self.cross is not None else model.ids(self._products, "passage")
        self._typed = Varied.of(model, [self._judged.queries[own[0]] for own in self._queries], self.settings)
        self._begin(model, draw)

    def parameters(self) -> "list[Parameter]":
        heads = list(self.graded.parameters())
        return heads if self.cross is None else [*heads, *self.cross.head.parameters()]

    def drawn(self, draw: np.random.Generator) -> IntArray:
        """A number a query: its place, and above it what its products, and how it is typed, are drawn by."""
        chosen = draw.choice(len(self._queries), self.settings.batch, p=self._shares)
        return np.asarray(chosen + len(self._queries) * draw.integers(0, 1 << 30, self.settings.batch), np.int64)

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        return self.loss_of(model, self.drawn(draw))

    def loss_of(self, model: "TextModel", examples: IntArray) -> "Tensor":
        import torch

        lists = [self._some(int(example)) for example in examples]
        typed = [self._typed.text(int(example)) for example, own in zip(examples, lists, strict=True) for _ in own]
        scores = torch.split(self._learning(model, np.concatenate(lists), typed), [len(own) for own in lists])
        with torch.autocast("cpu", enabled=False):
            return torch.stack([self._of_query(own, found) for own, found in zip(lists, scores, strict=True)]).mean()

    def score(self, model: "TextModel") -> float:
        """The mean over held-out queries of nDCG@10, with gain 2^grade - 1, of the products judged for each."""
        scores = self.scores(model, np.concatenate(self._held_out))
        found, start = [], 0
        for own in self._held_out:
            order = np.argsort(-scores[start : start + len(own)], kind="stable")[None]
            found.append(graded_ndcg_at(order, [np.arange(len(own))], [self._judged.grades[own]], K))
            start += len(own)
        return float(np.concatenate(found).mean())

    def scores(self, model: "TextModel", places: IntArray) -> FloatArray:
        """float32 (n,) of some judged pairs, as the model reads them now."""
        queries = [self._judged.queries[place] for place in places.tolist()]
        products = [self._products[place] for place in places.tolist()]
        if self.cross is not None:
            return self.cross.scores(queries, products)
        asked, shown = _once(model, queries, "query"), _once(model, products, "passage")
        return np.asarray((asked * shown).sum(axis=1), np.float32)

    def _with_negatives(self, model: "TextModel", corpus: Corpus, seed: int) -> Judgements:
        """What was judged; where it was only chosen, also what was not meant."""
        from shopkeeper.encode.negatives import Goods, Score, with_negatives

        held = {} if corpus.vectors is None else dict(zip(corpus.texts, corpus.vectors, strict=True))

        def by_cosine(queries: Sequence[str], texts: Sequence[str]) -> FloatArray:
            (asked,) = model.vectors(queries[:1], "query")
            read = np.stack([held[text] for text in texts]) if held else model.vectors(texts, "passage")
            return np.asarray(read @ asked)

        own, score = self.settings, cast("Score", by_cosine)
        if own.judge == "cross":
            from shopkeeper.encode.reranker import packaged

            score = packaged().scores
        goods = Goods(corpus.texts, corpus.fields)
        judged = corpus.judged or NOBODY
        if not own.negatives or not len(judged):
            return judged
        return with_negatives(judged, goods, score, own.margin, own.negatives, np.random.default_rng(seed))

    def _useful(self) -> list[IntArray]:
        """The places of the pairs of each query that has products of different grades."""
        places: dict[str, list[int]] = {}
        for place, query in enumerate(self._judged.queries):
            places.setdefault(query, []).append(place)
        useful = [np.array(own, np.int64) for own in places.values() if np.ptp(self._judged.grades[own]) > 0]
        if len(useful) < LEAST:
            raise TrainingError(
                f"encode.relevance: {len(self._judged)} judged pairs hold {len(useful)} queries with products of "
                f"different grades; at least {LEAST} are needed (in a shop: after which several shoppers chose "
                f"something). Have more queries judged, or take 'relevance' out of encode.tasks"
            )
        return useful

    def _begin(self, model: "TextModel", draw: np.random.Generator) -> None:
        """The scale and the cuts that fit the model as it comes; a teacher's margins in units of its scores."""
        import torch

        from shopkeeper.encode.grades import Grades

        some = draw.permutation(np.concatenate(self._queries))[:FIRST]
        self.graded = Grades(torch.from_numpy(self.scores(model, some)), torch.from_numpy(self._judged.grades[some]))
        taught = self._judged.taught
        self._taught = None if taught is None else torch.from_numpy(taught / max(float(taught.std()), 1e-6))

    def _some(self, example: int) -> IntArray:
        """Some pairs of a query, drawn by the number."""
        drawn, query = divmod(example, len(self._queries))
        own = self._queries[query]
        return np.random.default_rng(drawn).permutation(own)[: self.settings.products]

    def _learning(self, model: "TextModel", places: IntArray, typed: Sequence[str]) -> "Tensor":
        """float32 (n,) scores with gradients of these pairs with their queries as typed, in groups of like length."""
        import torch

        cross = self.cross
        pairs: list[Pair] = []
        if cross is not None:
            pairs = cross.pairs(typed, [self._products[place] for place in places])
        shown = [self._shown[place] for place in places] if cross is None else [ids for ids, _ in pairs]
        order = np.array(sorted(range(len(places)), key=lambda at: len(shown[at])))
        groups = [part.tolist() for part in np.array_split(order, GROUPS) if len(part)]
        if cross is not None:
            read = torch.cat([cross([pairs[at] for at in part]) for part in groups])
        else:
            own, of = np.unique(np.array(typed)[order], return_inverse=True)
            asked = model(*model.padded(model.ids(own.tolist(), "query")))[torch.from_numpy(of)]
            found = torch.cat([model(*model.padded([shown[at] for at in part])) for part in groups])
            with torch.autocast("cpu", enabled=False):
                read = (asked * found).sum(1)
        return read[torch.from_numpy(np.argsort(order))]

    def _of_query(self, places: IntArray, scores: "Tensor") -> "Tensor":
        """The loss of some pairs of one query."""
        import torch
        from torch.nn.functional import softplus

        asked, grades = self.settings, torch.from_numpy(self._judged.grades[places])
        gains, leads = torch.exp2(grades.float()), self.graded.scale * (scores.unsqueeze(1) - scores)
        worth = (gains.unsqueeze(1) - gains).clamp(min=0)
        loss = asked.grades * self.graded.loss(scores, grades)
        loss = loss + asked.order * (worth * softplus(-leads)).sum() / worth.sum().clamp(min=1)
        if self._taught is None:
            return loss
        taught = self._taught[torch.from_numpy(places)]
        return loss + asked.margins * (leads - (taught.unsqueeze(1) - taught)).square().mean()


def _once(model: "TextModel", texts: Sequence[str], kind: "Kind") -> FloatArray:
    """float32 (n, d), each different text read once."""
    different, at = np.unique(np.array(texts, object), return_inverse=True)
    return model.vectors(different.tolist(), kind)[at]
