"""Where in the shop a title or a search belongs: learnt from the categories that products have."""

from collections import Counter
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.logistic import Head, fitted
from shopkeeper.errors import TrainingError
from shopkeeper.settings import PluginSettings
from shopkeeper.types import BoolArray, IntArray

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Parameter

    from shopkeeper.encode.model import Kind, TextModel

STRENGTH = 0.03
KINDS: "tuple[Kind, Kind]" = ("passage", "query")
"""As what titles and searches are read."""

Texts = tuple[IntArray, list[str]]
Labelled = tuple[list[str], IntArray]


class Category:
    """Titles and searches learn to tell the category of their product: a linear head on the vectors, cross-entropy.

    The classes are whole paths; those with few products are left out, for they cannot be measured. Each is drawn as
    often as any other, half of the texts titles, half what somebody who knows a product by some words of its title may
    type (`encode.generated`): the category's own name is in them only where the title says it. Labels are smoothed, as
    shops file like goods in several places. The head starts as the logistic regression on the untouched model's vectors
    (`encode.vector_head`). Held out: products; the score is the mean of the balanced accuracies of titles and searches.
    Source: Szegedy et al., "Rethinking the Inception Architecture", CVPR 2016, section 7 (smoothed labels).
    """

    learns_from: ClassVar[tuple[str, ...]] = ()
    moves_products: ClassVar[bool | None] = None

    class Settings(PluginSettings):
        batch: int = Field(32, ge=2, description="Texts of one step, half of them titles.")
        least: int = Field(20, ge=2, description="Categories with fewer products to learn from are left out.")
        smoothing: float = Field(0.1, ge=0, lt=1, description="What all categories share of a label, right or wrong.")
        first: int = Field(40, ge=1, description="From so many products of each category at most the head starts.")
        products: int = Field(20_000, ge=2, description="Of a larger catalogue so many products are drawn.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def prepare(self, model: "TextModel", corpus: Corpus, seed: int) -> None:
        import torch

        from shopkeeper.encode.vector_head import VectorHead

        draw = np.random.default_rng(seed)
        some = corpus.some(self.settings.products, draw)
        own = self._classes(some)
        titles, searches = _said(some, np.flatnonzero(own >= 0), draw)
        self._held_out = [_on_side(side, some.held_out, own) for side in (titles, searches)]
        taught = [_on_side(side, ~some.held_out, own) for side in (titles, searches)]
        self._ids = [ids for kind, (texts, _) in zip(KINDS, taught, strict=True) for ids in model.ids(texts, kind)]
        labels = np.concatenate([wanted for _, wanted in taught])
        self._labels = torch.from_numpy(labels)
        is_title = np.arange(len(labels)) < len(taught[0][0])
        each = [np.flatnonzero(labels == place) for place in range(len(self.names))]
        # a category whose titles are all too short has no searches
        self._places = [(rows[is_title[rows]], rows[~is_title[rows]]) for rows in each]
        self._places = [(shown, typed if len(typed) else shown) for shown, typed in self._places]
        self._head = VectorHead(self._start(model, taught, draw))

    def parameters(self) -> "list[Parameter]":
        return self._head.numbers

    def loss(self, model: "TextModel", draw: np.random.Generator) -> "Tensor":
        return self.loss_of(model, self.drawn(draw))

    def drawn(self, draw: np.random.Generator) -> IntArray:
        classes = draw.integers(0, len(self._places), self.settings.batch).tolist()
        return np.array([draw.choice(self._places[own][at % 2]) for at, own in enumerate(classes)], np.int64)

    def loss_of(self, model: "TextModel", examples: IntArray) -> "Tensor":
        import torch

        vectors = model(*model.padded([self._ids[place] for place in examples]))
        return torch.nn.functional.cross_entropy(
            self._head.logits(vectors), self._labels[examples], label_smoothing=self.settings.smoothing
        )

    def score(self, model: "TextModel") -> float:
        """The mean of the balanced accuracies on titles and on searches of held-out products."""
        return float(np.mean([share for share in self.accuracies(model) if share is not None]))

    def accuracies(self, model: "TextModel") -> "tuple[float | None, float | None]":
        """Balanced accuracy on held-out titles, and on held-out searches; None where there are none."""
        titles, searches = (
            self._head.balanced_accuracy(model.vectors(texts, kind), wanted) if texts else None
            for kind, (texts, wanted) in zip(KINDS, self._held_out, strict=True)
        )
        return titles, searches

    def _classes(self, some: Corpus) -> IntArray:
        """int64 (n,): the place of each product's category among `names`, -1 for one that is left out."""
        aside = some.held_out
        taught = Counter(path for path, out in zip(some.categories, aside, strict=False) if path and not out)
        paths = sorted(path for path, n in taught.items() if n >= self.settings.least)
        place = {path: at for at, path in enumerate(paths)}
        self.names = tuple(" > ".join(path) for path in paths)
        own = np.array([place.get(path, -1) for path in some.categories], np.int64)
        if len(paths) < 2 or not (own[aside[: len(own)]] >= 0).any():
            known = sum(map(bool, some.categories))
            raise TrainingError(
                f"encode.category: {known} of {len(some)} products have a category, and {len(paths)} categories have "
                f"{self.settings.least} products to learn from; at least 2 are needed, and some products of theirs "
                f"to measure with. Import more products with a category, lower encode.category.least, or take "
                f"'category' out of encode.tasks"
            )
        return own

    def _start(self, model: "TextModel", taught: list[Labelled], draw: np.random.Generator) -> Head:
        """What logistic regression makes of some titles and searches of each category."""
        vectors, names = [], list[str]()
        for kind, (texts, wanted) in zip(KINDS, taught, strict=True):
            rows = [
                draw.permutation(np.flatnonzero(wanted == at))[: self.settings.first] for at in range(len(self.names))
            ]
            some = np.concatenate(rows).tolist()
            vectors.append(model.vectors([texts[row] for row in some], kind))
            # by their places, which sort as the numbers do
            names += [f"{wanted[row]:06d}" for row in some]
        return fitted(np.concatenate(vectors), names, STRENGTH)


def _said(some: Corpus, rows: IntArray, draw: np.random.Generator) -> tuple[Texts, Texts]:
    """The products' titles, and searches for them: rows and texts."""
    from shopkeeper.encode.generated import known_items

    titles = [fields[0] for fields in some.fields]
    searches = known_items([(title,) for title in titles], rows.tolist(), draw)
    asked = np.array([row for row, _ in searches], np.int64), [query for _, query in searches]
    return (rows, [titles[row] for row in rows.tolist()]), asked


def _on_side(said: Texts, side: BoolArray, own: IntArray) -> Labelled:
    """What is said of the products on this side, with their categories."""
    rows, texts = said
    return [text for row, text in zip(rows.tolist(), texts, strict=True) if side[row]], own[rows[side[rows]]]
