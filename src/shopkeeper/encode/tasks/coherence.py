"""A product's title finds what else is said of the same product: its attributes, its description, its category."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.encode.corpus import Corpus
from shopkeeper.errors import TrainingError
from shopkeeper.settings import PluginSettings
from shopkeeper.text import tokens
from shopkeeper.types import IntArray

if TYPE_CHECKING:
    from torch import Tensor

    from shopkeeper.encode.model import TextModel

LEAST, WORDS = 200, 3
"""So many products with a title and another text are needed; a text of fewer words, as a brand or a category has them,
belongs to too many titles."""
MEASURED, CHUNK = 500, 128
"""Held-out products measured among one another; texts that go through the model at once, as long as there is memory."""


class Coherence:
    """Which of the texts of a batch belongs to this title, and which title to this text: cross-entropy both ways.

    The first of a product's fields is its title, read as a query is; of the others one of three words and more is
    drawn, read as a product is: attributes, a description, a review where the corpus has it as a field of its product.
    Equal texts and equal titles in a batch are no negatives. Products' vectors move; a shop keeps the old ones, so
    there it is meant together with `matching`.
    Held out: the titles of products that nothing is taught from; the score is the mean reciprocal rank of the text that
    belongs to each, among those of the others.
    Source: Lan et al., "ALBERT", ICLR 2020 (coherence of two pieces of one text as a pretraining task); van den Oord,
    Li, Vinyals, arXiv 1807.03748 (the other texts of a batch as negatives).
    """

    learns_from: ClassVar[tuple[str, ...]] = ()
    moves_products: ClassVar[bool | None] = True

    class Settings(PluginSettings):
        batch: int = Field(64, ge=2, description="Products of one step; each is compared with all the others.")
        temperature: float = Field(0.05, gt=0, description="Of the softmax over a batch: lower is sharper.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.chunk = CHUNK

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        said = [(own[0], [text for text in own[1:] if len(tokens(text)) >= WORDS]) for own in corpus.fields]
        whole = np.array([bool(title.strip() and others) for title, others in said], bool)
        taught, aside = np.flatnonzero(whole & ~corpus.held_out), np.flatnonzero(whole & corpus.held_out)
        if whole.sum() < LEAST or len(taught) < 2 or len(aside) < 2:
            raise TrainingError(
                f"encode.coherence: {whole.sum()} of {len(corpus)} products have a title and another text of {WORDS} "
                f"words or more, {len(aside)} of them held out; at least {LEAST} with 2 held out are needed. Import "
                f"attributes or descriptions too, or leave coherence out of encode.tasks"
            )
        self._taught = [said[row] for row in taught.tolist()]
        draw = np.random.default_rng(seed)
        some = [said[row] for row in draw.permutation(aside)[:MEASURED].tolist()]
        self._aside = [(title, str(draw.choice(others))) for title, others in some]

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        import torch

        from shopkeeper.encode.batches import cached

        n = min(self.settings.batch, len(self._taught))
        drawn = [self._taught[place] for place in draw.choice(len(self._taught), n, replace=False).tolist()]
        titles, texts = [title for title, _ in drawn], [others[draw.integers(len(others))] for _, others in drawn]
        rows = [*model.ids(titles, "query"), *model.ids(texts, "passage")]
        vectors = cached(lambda some: model(*model.padded(some)), rows, self.chunk)
        same = torch.from_numpy(_equal(titles) | _equal(texts)).fill_diagonal_(False)
        with torch.autocast("cpu", enabled=False):  # logits of 16 bits cannot tell near texts apart
            logits = (vectors[:n] @ vectors[n:].T / self.settings.temperature).masked_fill(same, -torch.inf)
            own = torch.arange(n)
            there, back = (torch.nn.functional.cross_entropy(each, own) for each in (logits, logits.T))
            return (there + back) / 2

    def score(self, model: "TextModel") -> float:
        """The mean reciprocal rank of the held-out texts that belong to held-out titles."""
        titles, texts = ([each[at] for each in self._aside] for at in (0, 1))
        cosines = model.vectors(titles, "query") @ model.vectors(texts, "passage").T
        nearer = (cosines > cosines.diagonal()[:, None]) & ~(_equal(titles) | _equal(texts))
        return float((1 / (1 + nearer.sum(axis=1))).mean())


def _equal(texts: list[str]) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """bool (n, n): which of the texts are the same."""
    numbers: IntArray = np.unique(texts, return_inverse=True)[1]
    return np.asarray(numbers[:, None] == numbers)
