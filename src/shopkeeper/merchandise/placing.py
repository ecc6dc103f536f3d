"""The merchant's rules among the rules of the page: scores are raised or lowered first, places given last.

What goes to the end stays in the list, behind the others, while variants collapse; it is out of it while products are
moved for variety, which would lift it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import BaseModel

from shopkeeper.merchandise.rules import whole_words
from shopkeeper.merchandise.said import Selection
from shopkeeper.merchandise.steering import Steering
from shopkeeper.portrait import Portrait
from shopkeeper.ports import Rule
from shopkeeper.settings import PluginSettings
from shopkeeper.text import folded
from shopkeeper.types import NO_ROWS, BoolArray, Catalog, FloatArray, Ranked, Request, RowArray

BOOSTED, BURIED = "boosted", "buried"
"""Parts of an explanation: what a rule added to a score, or took from it."""
WHOLE = 2.0
"""What the score of a product counts whose title says a word of the dictionary whole."""
MOST_READ = 100
"""The titles of so many of the best products are read for words of the dictionary."""
DICTIONARY = "dictionary"


def page_rules(own: Mapping[str, Rule], steering: Steering) -> Mapping[str, Rule]:
    """The rules of the page, with three that do what the merchant asks; a page that is sorted stays as it is sorted."""
    if steering.idle or steering.asked.sort != "relevance":
        return own
    lift = Lift(steering)
    return {**own, "merchant scores": lift, "merchant end": End(lift), "merchant places": Places(lift)}


class Lift:
    """Raises and lowers scores; takes out what is pinned, and puts what goes to the end behind the others.

    A score is multiplied; of a ranker whose scores may be negative, how far it lies above the lowest of the page.
    """

    place: ClassVar[int] = 15  # what cannot show is gone; nothing is sorted, collapsed or moved yet

    Settings: ClassVar[type[BaseModel]] = PluginSettings

    def __init__(self, steering: Steering) -> None:
        self.steering = steering
        self.pinned: dict[int, Ranked] = {}
        self.buried: RowArray = NO_ROWS
        self.last: Ranked | None = None

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        scores = ranked.scores.astype(np.float64)
        last = np.zeros(len(scores), bool)
        floor = min(float(scores.min(initial=0.0)), 0.0)
        self.steering.lifted = ranked.rows
        placed = np.isin(ranked.rows, np.array(list(self.steering.pins), np.int32))
        for kind, name, asked, factor in self._asked(ranked, catalog):
            rows = asked & ~placed if factor is None else asked  # what is pinned has its place
            added = np.zeros(len(scores)) if factor is None else np.where(rows, (scores - floor) * (factor - 1.0), 0.0)
            scores += added
            last |= rows & (factor is None)
            self.steering.lifts.append((kind, name, rows, added))
            how = "to the end" if factor is None else f"{kind} by {max(factor, 1.0 / factor):g}"
            self.steering.tell(name, f"{int(rows.sum())} {how}")
        lifted = replace(ranked, scores=scores.astype(np.float32))
        return self._in_order(lifted, last, catalog), ""

    def _asked(self, ranked: Ranked, catalog: Catalog) -> Iterator[tuple[str, str, BoolArray, float | None]]:
        """What is asked of which of the ranked: kind, rule, bool (n,), and the factor, None for the end."""
        for rule in self.steering.rules:
            for up in rule.said.boost:
                yield BOOSTED, rule.name, self._among(up, ranked, catalog), up.by
            for down in rule.said.bury:
                factor = None if down.by is None else 1.0 / down.by
                yield BURIED, rule.name, self._among(down, ranked, catalog), factor
        for word in self.steering.whole:
            rows = np.zeros(len(ranked.rows), bool)
            best = ranked.rows[:MOST_READ].tolist()
            said = whole_words((word,))
            assert said is not None, "the query says it"
            rows[: len(best)] = [said.search(folded(catalog.titles[row])) is not None for row in best]
            yield BOOSTED, f"{DICTIONARY} '{word}'", rows, WHOLE

    def _among(self, selection: Selection, ranked: Ranked, catalog: Catalog) -> BoolArray:
        return self.steering.book.among(selection, ranked.rows, catalog)

    def _in_order(self, lifted: Ranked, last: BoolArray, catalog: Catalog) -> Ranked:
        """Best first, what is buried last; without what is pinned, and without its other variants and title twins."""
        pins = np.array(list(self.steering.pins), np.int32)
        at = {int(row): place for place, row in enumerate(lifted.rows.tolist())} if len(pins) else {}
        for row, (_, name) in self.steering.pins.items():
            if row in at:
                self.pinned[row] = lifted.take(np.array([at[row]], np.int64))
            else:
                self.steering.tell(name, f"{catalog.product_ids[row]} not shown: this shopper's page leaves it out")
        free = np.ones(len(lifted.rows), bool)
        if self.pinned:
            shown = np.array(list(self.pinned), np.int32)
            titles = {catalog.titles[row] for row in self.pinned}
            twins = np.array([catalog.titles[row] in titles for row in lifted.rows.tolist()], bool)
            free = ~twins & ~np.isin(catalog.groups[lifted.rows], catalog.groups[shown])
        self.buried = lifted.rows[free & last]
        order = np.lexsort((-lifted.scores, last))
        return lifted.take(order[free[order]])


class End:
    """Takes out what goes to the end, of which by now one of each product is left, until the page is made."""

    place: ClassVar[int] = 65  # variants have collapsed; nothing is moved for variety yet

    Settings: ClassVar[type[BaseModel]] = PluginSettings

    def __init__(self, lift: Lift) -> None:
        self.lift = lift

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        last = np.isin(ranked.rows, self.lift.buried)
        self.lift.last = ranked.take(np.flatnonzero(last))
        return ranked.take(np.flatnonzero(~last)), ""


class Places:
    """Puts what is pinned in its places, and what goes to the end behind all others."""

    place: ClassVar[int] = 95  # after every other rule

    Settings: ClassVar[type[BaseModel]] = PluginSettings

    def __init__(self, lift: Lift) -> None:
        self.lift = lift

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        steering = self.lift.steering
        pieces = [ranked, *([self.lift.last] if self.lift.last is not None else []), *self.lift.pinned.values()]
        whole = _joined(pieces, ranked.ranker)
        n = len(whole.rows) - len(self.lift.pinned)
        order = list(range(n))
        placed = sorted((steering.pins[row][0], at) for at, row in enumerate(self.lift.pinned, start=n))
        for place, at in placed:
            order.insert(min(place - 1, len(order)), at)
        steering.shown = frozenset(self.lift.pinned)
        for row in self.lift.pinned:
            place, name = steering.pins[row]
            steering.tell(name, f"{catalog.product_ids[row]} at place {place}")
        return whole.take(np.array(order, np.int64)), ""


def _joined(pieces: list[Ranked], ranker: str) -> Ranked:
    """One after another."""
    return Ranked(
        np.concatenate([piece.rows for piece in pieces]),
        np.concatenate([piece.scores for piece in pieces]),
        np.concatenate([piece.index for piece in pieces]),
        ranker,
        None if all(piece.propensities is None for piece in pieces) else np.concatenate(list(map(_chances, pieces))),
    )


def _chances(piece: Ranked) -> FloatArray:
    """float32 (n,): the propensities, 1 where chance had no hand in it."""
    return np.ones(len(piece.rows), np.float32) if piece.propensities is None else piece.propensities
