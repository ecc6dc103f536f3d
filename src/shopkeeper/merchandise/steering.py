"""What the merchant's rules make of one page: what may stand on it, what is pinned, and what is told of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from shopkeeper.merchandise.rules import Rule, RuleBook
from shopkeeper.merchandise.shelf import Left
from shopkeeper.types import (
    NO_ROWS,
    BoolArray,
    Candidates,
    Catalog,
    DayArray,
    Explanation,
    Item,
    Request,
    RowArray,
)
from shopkeeper.understood import Redirect

PINNED = "pinned"
"""The part of an explanation that says where a product stands by a rule; like the others it names the rule."""


@dataclass
class Steering:
    """The rules that concern one page, in the order in which they go before one another, and what each has done.

    `whole` are the words of the dictionary that the query says; `pins` the place of a row, from 1, and the rule's name,
    of which those in `shown` stand on the page; those in `added` are there by the rule alone. `lifts` are what rules
    did to the rows `lifted` int32 (n,): the kind of part, the rule, which rows bool (n,) and what it added to their
    scores float64 (n,).
    """

    book: RuleBook
    rules: Sequence[Rule]
    catalog: Catalog
    asked: Request
    whole: tuple[str, ...] = ()
    pins: dict[int, tuple[int, str]] = field(default_factory=dict)
    shown: frozenset[int] = frozenset()
    added: frozenset[int] = frozenset()
    lifted: RowArray = field(default_factory=lambda: NO_ROWS)
    lifts: list[tuple[str, str, BoolArray, DayArray]] = field(default_factory=list)
    _done: dict[str, list[str]] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Whether this page is as it would be without the merchant's file."""
        return not self.rules and not self.whole

    @property
    def redirect(self) -> Redirect | None:
        """Where this page's words lead, None where to this page."""
        for rule in self.rules:
            if (own := rule.said.redirect) is not None:
                return Redirect(own.to or "", own.search or "", rule.name)
        return None

    def tell(self, name: str, what: str) -> None:
        """Notes what the rule of this name did."""
        told = self._done.setdefault(name, [])
        if what not in told:
            told.append(what)

    def lines(self) -> tuple[str, ...]:
        """What each rule did to this page, one line a rule."""
        if (leads := self.redirect) is not None:
            self.tell(leads.rule, f"leads to {leads.to or f'the search {leads.search!r}'}")
        names = dict.fromkeys([*(rule.name for rule in self.rules), *self._done])
        return tuple(f"merchant: {name}: {'; '.join(self._done.get(name, ['nothing to do here']))}" for name in names)

    def narrowed(self) -> Request:
        """The request inside what the rules leave: without what they hide, and within what they alone allow."""
        request, allowed = self.asked, self.asked.allowed
        places = tuple(rule.place for rule in self.rules if rule.said.hide or rule.said.only)
        if allowed is None or not places:
            return request
        shelves = self.book.shelves
        left = shelves.left(places, allowed)
        if left is None:
            left = self._left(allowed)
            shelves.keep(places, allowed, left)
        for name, what in left.told:
            self.tell(name, what)
        without = {facet: shelves.both(mask, left.kept) for facet, mask in request.without.items()}
        return replace(request, allowed=left.allowed, without=without)

    def among(self, candidates: Candidates, request: Request) -> Candidates:
        """The candidates of a batch of one and what is pinned; `request` is the one that rules have narrowed."""
        if self.asked.sort != "relevance":
            for rule in self.rules:
                if rule.said.pin or rule.said.boost or rule.said.bury:
                    self.tell(rule.name, f"waits: the page is sorted by {self.asked.sort}")
            return candidates
        taken: dict[int, str] = {}
        for rule in self.rules:
            for pin in rule.said.pin:
                row = self.catalog.row_of.get(pin.product, -1)
                why = self._not_shown(row, request)
                if not why and pin.place in taken:
                    why = f"place {pin.place} is taken by '{taken[pin.place]}'"
                if why:
                    self.tell(rule.name, f"{pin.product} not shown: {why}")
                else:
                    taken[pin.place] = rule.name
                    self.pins[row] = pin.place, rule.name
        missing = np.setdiff1d(np.array(list(self.pins), np.int32), candidates.rows).astype(np.int32)
        self.added = frozenset(missing.tolist())
        return _with(candidates, missing) if len(missing) else candidates

    def told(self, items: tuple[Item, ...], placed: str) -> tuple[Item, ...]:
        """The products of the page, whose explanations name what the rules did to them, and still add up.

        `placed` is the sentence of what is pinned.
        """
        if not self.shown and not self.lifts:
            return items
        at = {row: place for place, row in enumerate(self.lifted.tolist())}
        return tuple(self._told(item, at.get(item.row, -1), placed) for item in items)

    def _told(self, item: Item, at: int, placed: str) -> Item:
        lifts = [each for each in self.lifts if at >= 0 and each[2][at]]
        parts = [Explanation(kind, float(added[at]), (), name) for kind, name, _, added in lifts]
        if item.row in self.shown:
            parts.append(Explanation(PINNED, 0.0, (), self.pins[item.row][1]))
        if not parts:
            return item
        tree = item.explanation
        children = tuple(sorted((*tree.children, *parts), key=lambda child: -abs(child.value)))
        tree = tree._replace(value=sum(child.value for child in children), children=children)
        return replace(item, explanation=tree, sentence=placed if item.row in self.shown else item.sentence)

    def _left(self, allowed: BoolArray) -> Left:
        told: list[tuple[str, str]] = []
        kept = np.ones(len(allowed), bool)
        for rule in self.rules:
            for selection in rule.said.hide:
                hidden = self.book.selected(selection, self.catalog)
                told.append((rule.name, f"{int((hidden & allowed).sum())} hidden"))
                kept &= ~hidden
        for rule, inside in self._filters():
            n = int((kept & inside & allowed).sum())
            told.append((rule.name, f"only {n} may show" if n else "its filter would leave nothing: left aside"))
            kept = kept & inside if n else kept
        kept.flags.writeable = False
        return Left(kept, self.book.shelves.both(allowed, kept), tuple(told))

    def _filters(self) -> Iterator[tuple[Rule, BoolArray]]:
        for rule in self.rules:
            if rule.said.only is not None:
                yield rule, self.book.selected(rule.said.only, self.catalog)

    def _not_shown(self, row: int, request: Request) -> str:
        """Why a pinned product cannot show, empty where it can."""
        if row < 0:
            return "no such product"
        if self.catalog.deleted[row] or (self.asked.filters.in_stock and not self.catalog.available[row]):
            return "not in stock"
        if self.asked.allowed is not None and not self.asked.allowed[row]:
            return "outside the filters that were chosen"
        if request.allowed is not None and not request.allowed[row]:
            return "another rule hides it"
        if row in self.pins:
            return f"pinned by '{self.pins[row][1]}' already"
        return "another variant is pinned" if any(self._are_one(row, other) for other in self.pins) else ""

    def _are_one(self, row: int, other: int) -> bool:
        """Whether the two are variants of one product, or of one title."""
        catalog = self.catalog
        return bool(catalog.groups[row] == catalog.groups[other]) or catalog.titles[row] == catalog.titles[other]


def _with(candidates: Candidates, rows: RowArray) -> Candidates:
    """The candidates of a batch of one, followed by rows int32 (m,) that no source offered."""
    m, s = len(rows), len(candidates.sources)
    return Candidates(
        offsets=np.array([0, len(candidates.rows) + m], np.int64),
        rows=np.concatenate([candidates.rows, rows]),
        sources=candidates.sources,
        scores=np.concatenate([candidates.scores, np.full((m, s), np.nan, np.float32)]),
        shares=np.concatenate([candidates.shares, np.zeros((m, s), np.float32)]),
        fused=np.concatenate([candidates.fused, np.zeros(m, np.float32)]),
        ranks=np.concatenate([candidates.ranks, np.zeros((m, s), np.int32)]),
    )
