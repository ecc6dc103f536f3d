"""What an adapted language model gains on what it was not taught with: searches, and what is bought together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shopkeeper.encode.card import Gain
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.generated import known_items
from shopkeeper.encode.pairs import Pairs, numbered
from shopkeeper.flow.vectors import Shelf
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.ports import Encoder
from shopkeeper.text import tokens
from shopkeeper.types import BoolArray, Catalog, DayArray, FloatArray, IntArray, RowArray

SEARCHES, MOST_EACH = 1000, 4
PAIRS, LEAST = 1000, 30
"""So many pairs are measured at most; by what is about fewer different texts than LEAST nothing is decided."""
NEW_DAYS = 30.0
AT_ONCE = 32
ALIKE = 1e-6
DECIDING = frozenset({"all", "asked", "together"})
"""The kinds that a model is kept or refused by; the others are parts of the first."""


@dataclass(frozen=True)
class Shelved:
    """The goods with what finds them: the encoder that reads queries, the vectors that answer; and the day it is."""

    catalog: Catalog
    shelf: Shelf
    encoder: Encoder
    vectors: FloatArray
    day: float

    @property
    def corpus(self) -> Corpus:
        """The goods as the language model learns them."""
        paths, codes = self.catalog.category_paths, self.catalog.categories[self.shelf.rows].tolist()
        return Corpus(
            self.shelf.texts,
            self.shelf.fields,
            self.shelf.brands,
            self.vectors[self.shelf.rows],
            categories=[paths[code] if code >= 0 else () for code in codes],
            attributes=self.shelf.attributes,
        )

    @cached_property
    def codes(self) -> RowArray:
        """int32 (m,): one number for products of one text, which no encoder tells apart."""
        return numbered(self.shelf.texts)


@dataclass(frozen=True)
class Searches:
    """Searches for a product that is known: its place among the goods, and of which kinds each search is."""

    queries: list[str]
    places: IntArray
    kinds: dict[str, BoolArray]

    @classmethod
    def of(cls, goods: Shelved, seed: int) -> "Searches":
        """At most SEARCHES, for texts that no training looked at; several for each where those are few."""
        draw, corpus = np.random.default_rng(seed), goods.corpus
        _, first = np.unique(goods.codes, return_index=True)
        held = draw.permutation(first[corpus.left_for_the_end[first]])[:SEARCHES].tolist()
        held *= min(max(1, SEARCHES // max(len(held), 1)), MOST_EACH)
        known = known_items(corpus.fields, held, draw)
        places = np.array([place for place, _ in known], np.int64)
        queries = [query for _, query in known]
        said = [set(tokens(" ".join(corpus.fields[place]))) for place, _ in known]
        written = np.array([set(tokens(query)) <= own for query, own in zip(queries, said, strict=True)], bool)
        new = goods.catalog.created[goods.shelf.rows[places]] > goods.day - NEW_DAYS
        kinds = {
            "all": np.ones(len(known), bool),
            "as_written": written,
            "otherwise": ~written,
            "new": new,
            "older": ~new,
        }
        return cls(queries, places, kinds)

    @classmethod
    def asked(cls, chosen: Sequence[tuple[str, int]], seed: int) -> "Searches":
        """Searches of shoppers, each with the place of a product that was chosen; none where there are under LEAST."""
        draw = np.random.default_rng(seed)
        some = [chosen[at] for at in draw.permutation(len(chosen))[:SEARCHES].tolist()] if len(chosen) >= LEAST else []
        places = np.array([place for _, place in some], np.int64)
        return cls([query for query, _ in some], places, {"asked": np.ones(len(some), bool)})

    def ranks(self, goods: Shelved) -> DayArray:
        """float64 (n,): the place of the text that is meant among all; see `_ranks`."""
        copies = np.bincount(goods.codes)
        vectors = goods.vectors[goods.shelf.rows]
        asked = goods.encoder.encode(self.queries, "query")
        return _ranks(asked, vectors, self.places, copies[goods.codes[self.places]])

    def gains(self, goods: Shelved, before: DayArray, after: DayArray) -> tuple[Gain, ...]:
        """What each kind gained by ranks float64 (n,), as reciprocal ranks. A text counts once."""
        about = goods.codes[self.places]
        kinds = [(kind, which, about) for kind, which in self.kinds.items()]
        return _gains(kinds, 1.0 / before, 1.0 / after)


@dataclass(frozen=True)
class Gate:
    """What a model must find better after learning than the goods do as they are; none of it was learnt from.

    `later` are pairs of texts that were chosen together: the right one is searched for among all other texts by the
    vector of the left one. That is measured where products have other vectors than before.
    """

    goods: Shelved
    searches: tuple[Searches, ...]
    later: Pairs | None

    def gains(self, after: Shelved) -> tuple[Gain, ...]:
        """What is found better, kind by kind, each with a 95 % interval; kinds of which there is nothing left out."""
        found: list[Gain] = []
        for own in self.searches:
            if own.queries:
                found.extend(own.gains(self.goods, own.ranks(self.goods), own.ranks(after)))
        if self.later is not None and after.vectors is not self.goods.vectors:
            found.extend(_together(self.later, self.goods, after))
        return tuple(found)


def better(found: Sequence[Gain]) -> bool:
    """Whether something that decides is better beyond doubt, and nothing is worse beyond doubt."""
    return any(gain.low > 0 for gain in deciding(found)) and not worse(found)


def worse(found: Sequence[Gain]) -> bool:
    """Whether something that decides is worse beyond doubt."""
    return any(gain.high < 0 for gain in deciding(found))


def deciding(found: Sequence[Gain]) -> list[Gain]:
    """The gains that a model is kept or refused by: the others are parts of them, or of too little."""
    return [gain for gain in found if gain.kind in DECIDING and gain.texts >= LEAST]


def _together(later: Pairs, before: Shelved, after: Shelved) -> tuple[Gain, ...]:
    row_of = dict(zip(before.shelf.texts, before.shelf.rows.tolist(), strict=True))
    rows = np.array([row_of.get(text, -1) for text in later.texts], np.int64)
    known = np.flatnonzero(rows >= 0)
    place = np.cumsum(rows >= 0) - 1
    pairs = later.where((rows[later.lefts] >= 0) & (rows[later.rights] >= 0))
    if len(pairs) < LEAST:
        return ()
    chosen = pairs.drawn(PAIRS, np.random.default_rng(0))
    lefts, rights = pairs.lefts[chosen], pairs.rights[chosen]
    once = np.ones(len(chosen), np.int64)

    def reciprocal(vectors: FloatArray) -> DayArray:
        return 1.0 / _ranks(vectors[rows[lefts]], vectors[rows[known]], place[rights], once, place[lefts])

    every = np.ones(len(chosen), bool)
    return _gains([("together", every, lefts)], reciprocal(before.vectors), reciprocal(after.vectors))


def _ranks(
    asked: FloatArray, vectors: FloatArray, wanted: IntArray, copies: IntArray, apart: IntArray | None = None
) -> DayArray:
    """float64 (n,): the place of vectors[wanted] among all by cosine to `asked`.

    Of what is as near, its own `copies` do not count and others count half: a model that finds everything alike finds
    nothing. What is at `apart` is not among those that are searched.
    """
    ranks = np.empty(len(asked))
    for start in range(0, len(asked), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        cosines = asked[part] @ vectors.T
        own = (asked[part] * vectors[wanted[part]]).sum(axis=1, keepdims=True)
        if apart is not None:
            cosines[np.arange(len(cosines)), apart[part]] = -np.inf
        nearer = (cosines > own + ALIKE).sum(axis=1)
        alike = (cosines >= own - ALIKE).sum(axis=1) - nearer - copies[part]
        ranks[part] = 1 + nearer + np.maximum(alike, 0) / 2
    return ranks


def _gains(
    kinds: Sequence[tuple[str, BoolArray, RowArray | IntArray]], before: DayArray, after: DayArray
) -> tuple[Gain, ...]:
    """The gain of each kind that has any; of what is about the same thing, int64 (n,), the mean counts once."""
    found = []
    for kind, which, about in kinds:
        if which.any():
            _, thing, n = np.unique(about[which], return_inverse=True, return_counts=True)
            old, new = (np.bincount(thing, values[which]) / n for values in (before, after))
            lead = paired_bootstrap(new, old)
            means = float(old.mean()), float(new.mean())
            found.append(Gain(kind, int(which.sum()), *means, lead.low, lead.high, len(n)))
    return tuple(found)
