"""What a review says of a product: good or bad, or whatever labels reviews come with."""

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.encode.corpus import Corpus, held_out
from shopkeeper.encode.logistic import Head, fitted
from shopkeeper.encode.varied import LearnsTexts, Varied
from shopkeeper.errors import TrainingError
from shopkeeper.types import IntArray

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

    from shopkeeper.encode.model import TextModel

LEAST = 200
STRENGTH = 0.03


class Sentiment:
    """Reviews learn to be told apart by their labels: a linear head on the vectors, cross-entropy.

    Each label is drawn as often as any other. The head starts as the logistic regression on the untouched model's
    vectors (`encode.vector_head`). Held out: reviews by a hash
    of their texts; the score is the mean over labels of the share that is told right (balanced accuracy), so that the
    most frequent label earns nothing. With fewer reviews than some 200, see `encode.few_shot`.
    Source: Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", ICLR 2022.
    """

    learns_from: ClassVar[tuple[str, ...]] = ("reviews",)
    moves_products: ClassVar[bool | None] = None

    class Settings(LearnsTexts):
        batch: int = Field(32, ge=1, description="Reviews of one step.")
        first: int = Field(500, ge=1, description="From so many reviews of each label at most the head starts.")
        spread: float = Field(
            1.0,
            gt=0,
            le=1,
            description="A step draws from this share of each label's reviews, of like length; less is quicker.",
        )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        import torch

        from shopkeeper.encode.vector_head import VectorHead

        reviews = corpus.reviews
        names = sorted(set(reviews.labels))
        own = np.array([names.index(label) for label in reviews.labels], np.int64)
        aside = held_out(reviews.texts)
        both_sides = set(own[aside]) == set(own[~aside]) == set(range(len(names)))
        if len(reviews) < LEAST or len(names) < 2 or not both_sides:
            raise TrainingError(
                f"encode.sentiment: {len(reviews)} reviews with {len(names)} different labels; at least {LEAST} with 2 "
                f"labels are needed, each often enough that some can be held out. Give more reviews, or learn from few "
                f"with encode.few_shot"
            )
        rows, kept = np.flatnonzero(aside), np.flatnonzero(~aside)
        self._asked, self._wanted = [reviews.texts[row] for row in rows.tolist()], own[rows]
        self._texts = Varied.of(model, [reviews.texts[row] for row in kept.tolist()], self.settings)
        self._labels = torch.from_numpy(own[kept])
        self._rows = [np.flatnonzero(own[kept] == label) for label in range(len(names))]
        lengths = np.array([len(ids) for ids in self._texts.ids])
        self._by_length = [rows[np.argsort(lengths[rows], kind="stable")] for rows in self._rows]
        draw = np.random.default_rng(seed)
        parts = [kept[draw.permutation(rows)[: self.settings.first]] for rows in self._rows]
        some = [row for part in parts for row in part.tolist()]
        vectors = model.vectors([reviews.texts[row] for row in some], "query")
        start = fitted(vectors, [reviews.labels[row] for row in some], STRENGTH)
        self._head = VectorHead(start)

    def parameters(self) -> "list[Parameter]":
        return self._head.numbers

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        return self.loss_of(model, self.drawn(draw))

    def drawn(self, draw: np.random.Generator) -> IntArray:
        labels = draw.integers(0, len(self._rows), self.settings.batch)
        alike = self._rows
        if self.settings.spread < 1:
            at = draw.random()
            alike = [_part(rows, self.settings.spread, at) for rows in self._by_length]
        return self._texts.numbered(np.array([draw.choice(alike[label]) for label in labels], np.int64), draw)

    def loss_of(self, model: "TextModel", examples: IntArray) -> "Tensor":
        import torch

        vectors = model(*model.padded(self._texts.read(model, examples)))
        return torch.nn.functional.cross_entropy(self._head.logits(vectors), self._labels[self._texts.places(examples)])

    @property
    def head(self) -> Head:
        """What tells reviews apart by the vectors of the model that learnt with it."""
        return self._head.learnt

    def score(self, model: "TextModel") -> float:
        """Balanced accuracy on held-out reviews."""
        return self._head.balanced_accuracy(model.vectors(self._asked, "query"), self._wanted)


def _part(rows: IntArray, share: float, at: float) -> IntArray:
    """So large a share of the rows, side by side, `at` in [0, 1) of the way from the first to the last."""
    width = math.ceil(share * len(rows))
    first = int(at * (len(rows) - width + 1))
    return rows[first : first + width]
