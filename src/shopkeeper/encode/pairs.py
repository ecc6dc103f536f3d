"""Texts that belong together, from what shoppers did before a day and from the catalogue's own words.

Products of one text cannot be told apart by an encoder: a pair is one of two different texts, and what was done to all
products of a text counts for it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import log2
from typing import TYPE_CHECKING, Literal

import numpy as np

from shopkeeper.exposure import Exposure
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.types import BoolArray, DayArray, Event, FloatArray, IntArray, RowArray

if TYPE_CHECKING:
    import ibis

    from shopkeeper.store.offline import Nearness

Graded = Callable[[Exposure, Iterable[Event]], FloatArray]


@dataclass(frozen=True)
class Pairs:
    """Pairs of `texts` by their places: lefts and rights int32 (m,), weights float32 (m,), all above 0.

    `kind` says how the encoder reads the lefts; the rights are passages.
    """

    texts: Sequence[str]
    lefts: RowArray
    rights: RowArray
    weights: FloatArray
    kind: Literal["query", "passage"] = "passage"

    def __post_init__(self) -> None:
        assert len(self.lefts) == len(self.rights) == len(self.weights)

    def __len__(self) -> int:
        return len(self.weights)

    def where(self, keep: BoolArray) -> "Pairs":
        """Only the pairs for which `keep` (m,) holds; the texts stay."""
        return Pairs(self.texts, self.lefts[keep], self.rights[keep], self.weights[keep], self.kind)

    def without(self, held_out: BoolArray) -> "Pairs":
        """Only the pairs neither of whose texts is held out, bool (len(texts),)."""
        return self.where(~(held_out[self.lefts] | held_out[self.rights]))

    def smoothed(self, power: float) -> "Pairs":
        """The same pairs with their weights to a power: below 1, rare ones are drawn more often than they are."""
        return replace(self, weights=self.weights ** np.float32(power))

    def drawn(self, n: int, draw: np.random.Generator) -> IntArray:
        """Places of `n` pairs, int64, each drawn by its weight."""
        places: IntArray = np.searchsorted(self._sums, draw.random(n) * self._sums[-1], side="right")
        return places

    @cached_property
    def shares(self) -> DayArray:
        """float64 (len(texts),): how often each text is the right one of a pair that is drawn; they add up to 1."""
        own = np.bincount(self.rights, self.weights, len(self.texts))
        return np.asarray(own / own.sum())

    @cached_property
    def _sums(self) -> DayArray:
        return np.cumsum(self.weights, dtype=np.float64)


def together(
    interactions: "ibis.Table", texts: Sequence[str], before: float, nearness: "Nearness | None" = None
) -> Pairs:
    """Texts of products bought or looked at together before day `before`, in both directions.

    texts[row] is what the encoder reads of a product. The weight of a pair is how near the one followed the other, by
    `offline.cooccurrence` over texts in place of products.
    """
    import ibis
    import pyarrow as pa

    from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

    places = numbered(texts)
    own = ibis.memtable(pa.table({"row": np.arange(len(texts), dtype=np.int32), "text": places}))
    known = interactions.filter(interactions.day < before).join(own, "row")
    read = known.mutate(row=known.text).drop("text")
    found = offline.cooccurrence(read, nearness or offline.Nearness()).order_by("row", "other").to_pyarrow()
    return Pairs(
        list(dict.fromkeys(texts)),
        found["row"].to_numpy().astype(np.int32),
        found["other"].to_numpy().astype(np.int32),
        found["weight"].to_numpy().astype(np.float32),
    )


def asked(
    pages: Iterable[tuple[Exposure, Sequence[Event]]], graded: Graded, text_of: Mapping[str, str], before: float
) -> Pairs:
    """Searches with the texts of products that were clicked, put into the cart or bought from their pages.

    Pages and events of day `before` and later count nothing. A product weighs what `graded` (`feedback.joins.outcomes`)
    makes of the events, 1 to 3, times log2(2 + position): of two that were clicked, the one that had to be looked for
    says more. `text_of` by product_id; what it does not name is left out.
    """
    weights: Counter[tuple[str, str]] = Counter()
    for page, events in pages:
        if not page.query.strip() or page.timestamp >= before * SECONDS_A_DAY:
            continue
        grades = graded(page, [event for event in events if event.timestamp < before * SECONDS_A_DAY])
        for product_id, position, grade in zip(page.product_ids, page.positions, grades.tolist(), strict=True):
            if grade > 0 and product_id in text_of:
                weights[page.query, text_of[product_id]] += grade * log2(2 + position)
    return _by_name(weights, "query")


def described(titles: Sequence[str], attributes: Sequence[str]) -> Pairs:
    """Each different title with what the catalogue says beside it; a pair weighs 1, however many products have it."""
    said = zip(titles, attributes, strict=True)
    return _by_name({own: 1.0 for own in said if all(map(str.strip, own)) and own[0] != own[1]}, "passage")


def numbered(texts: Sequence[str]) -> RowArray:
    """int32 (n,): the place of each text among the different ones, in the order of their first appearance."""
    places: dict[str, int] = {}
    return np.array([places.setdefault(text, len(places)) for text in texts], np.int32)


def _by_name(weights: Mapping[tuple[str, str], float], kind: Literal["query", "passage"]) -> Pairs:
    """Pairs of texts that are written out, as places."""
    places = numbered([text for pair in weights for text in pair])
    texts = list(dict.fromkeys(text for pair in weights for text in pair))
    return Pairs(texts, places[::2], places[1::2], np.array(list(weights.values()), np.float32), kind)
