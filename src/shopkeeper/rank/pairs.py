"""Candidates met with their askers' histories, for a whole batch at once.

The lines of all portraits are laid end to end and sorted once; what a feature wants to know of a candidate ("how often
was this bought", "when was this category last seen") is then a sum or a maximum over a run of lines. Every feature of
a batch shares the same Pairs, kept on the batch itself.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shopkeeper.types import (
    PURCHASE,
    Batch,
    BoolArray,
    Candidates,
    DayArray,
    FloatArray,
    IntArray,
    RowArray,
)

Column = NDArray[np.generic]
"""Any numbers: counts, days, truth values."""


class Groups:
    """Lines with an equal key, met with the candidates of that key. Lines keep their order inside a group.

    order int64 (h,) sorts lines by key; starts int64 (g,); of int64 (n,): each candidate's group, -1 where it has none.
    """

    def __init__(self, line_keys: IntArray, candidate_keys: IntArray) -> None:
        self.order = np.argsort(line_keys, kind="stable")
        ordered = line_keys[self.order]
        first = np.ones(len(ordered), bool)
        np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
        self.starts = np.flatnonzero(first)
        self.keys = ordered[self.starts]
        place = np.searchsorted(self.keys, candidate_keys)
        found = np.zeros(len(candidate_keys), bool)
        inside = place < len(self.keys)
        found[inside] = self.keys[place[inside]] == candidate_keys[inside]
        self.of = np.where(found, place, -1)

    def per_group(self, reduce: np.ufunc, lines: Column) -> DayArray:
        """One float64 value a group (g,): the lines' values (h,) reduced."""
        if not len(self.starts):
            return np.zeros(0)
        return np.asarray(reduce.reduceat(np.asarray(lines, np.float64)[self.order], self.starts))

    def spread(self, groups: DayArray, missing: float) -> DayArray:
        """A group's value for each of its candidates, float64 (n,)."""
        if not len(groups):
            return np.full(len(self.of), missing)
        return np.where(self.of >= 0, groups[self.of], missing)

    def sums(self, lines: Column) -> DayArray:
        """The sum of the lines' values for each candidate, 0 where there is none."""
        return self.spread(self.per_group(np.add, lines), 0.0)

    def last(self, lines: Column) -> DayArray:
        """The largest of the lines' values for each candidate, NaN where there is none."""
        return self.spread(self.per_group(np.maximum, lines), np.nan)

    def first(self, lines: Column) -> DayArray:
        """The smallest of the lines' values for each candidate, NaN where there is none."""
        return self.spread(self.per_group(np.minimum, lines), np.nan)


class Lines:
    """One kind of line of all portraits: request, row int64 (h,); age in days before the request, quantity float64."""

    def __init__(self, request: IntArray, row: IntArray, age: DayArray, quantity: FloatArray, basket: RowArray) -> None:
        self.request, self.row, self.age, self.quantity = request, row, age, quantity
        self._basket = basket

    def __len__(self) -> int:
        return len(self.row)

    def where(self, keep: BoolArray) -> "Lines":
        """Only the lines where `keep` (h,) holds."""
        return Lines(self.request[keep], self.row[keep], self.age[keep], self.quantity[keep], self._basket[keep])

    @cached_property
    def basket_back(self) -> IntArray:
        """How many baskets of the same request are newer than the line's own, int64 (h,)."""
        if not len(self):
            return np.zeros(0, np.int64)
        key = self.request * (int(self._basket.max()) + 1) + self._basket
        keys, inverse = np.unique(key, return_inverse=True)
        age = np.full(len(keys), np.inf)
        np.minimum.at(age, inverse, self.age)
        request = np.zeros(len(keys), np.int64)
        request[inverse] = self.request
        order = np.lexsort((age, request))
        place = np.empty(len(keys), np.int64)
        place[order] = np.arange(len(keys)) - np.searchsorted(request[order], request[order], side="left")
        return np.asarray(place[inverse])

    def once_a_basket(self) -> BoolArray:
        """Marks one line for each product and basket, bool (h,): the first of equal (request, basket, row)."""
        order = np.lexsort((self.row, self._basket, self.request))
        keep = np.ones(len(order), bool)
        same = np.ones(max(len(order) - 1, 0), bool)
        for column in (self.request, self._basket, self.row):
            same &= column[order][1:] == column[order][:-1]
        keep[order[1:]] = ~same
        return keep


class Pairs:
    """What features share about one batch and its candidates."""

    def __init__(self, batch: Batch, candidates: Candidates) -> None:
        self.candidates = candidates
        self.request = candidates.request_of()
        self.rows = candidates.rows.astype(np.int64)
        self.day = np.array([request.day for request in batch.requests], np.float64)
        self.n_requests = len(batch)
        self._portraits = batch.portraits
        # the column is kept beside its groups, so that its id stays its own
        self._groups: dict[int, tuple[RowArray, Groups]] = {}

    def spread(self, of_request: Column) -> DayArray:
        """A request's value (b,) or values (b, m) for each of its candidates, float64 (n,) or (n, m)."""
        return np.asarray(of_request[self.request], np.float64)

    @cached_property
    def history(self) -> Lines:
        """Every line of every portrait with a product, whatever was done."""
        return self._lines[0]

    @cached_property
    def actions(self) -> IntArray:
        """The action of each line of `history`, int64 (h,)."""
        return self._lines[1]

    @cached_property
    def purchases(self) -> Lines:
        """What was bought, one line a product and basket."""
        bought = self.history.where(self.actions == PURCHASE)
        return bought.where(bought.once_a_basket())

    @cached_property
    def interest(self) -> tuple[Lines, IntArray]:
        """What was done without buying, and the action of each of those lines, int64 (m,)."""
        looked = self.actions != PURCHASE
        return self.history.where(looked), self.actions[looked]

    @cached_property
    def bought(self) -> Groups:
        """Purchases by product."""
        return self.by_row(self.purchases)

    @cached_property
    def n_baskets(self) -> IntArray:
        """How many baskets each request's shopper has bought, int64 (b,)."""
        counts = np.zeros(self.n_requests, np.int64)
        np.maximum.at(counts, self.purchases.request, self.purchases.basket_back + 1)
        return counts

    def by_row(self, lines: Lines) -> Groups:
        """These lines met with the candidates that are the same product."""
        width = int(max(lines.row.max(initial=0), self.rows.max(initial=0))) + 1
        return Groups(lines.request * width + lines.row, self.request * width + self.rows)

    def by(self, column: RowArray) -> Groups:
        """Purchases met with the candidates of the same class; `column` (n_products,) has the class.

        Kept for every feature that asks with the same array.
        """
        if id(column) not in self._groups:
            self._groups[id(column)] = column, self.by_class(column, self.purchases.request, self.purchases.row)
        return self._groups[id(column)][1]

    def by_class(self, column: RowArray, request: IntArray, row: IntArray) -> Groups:
        """Lines of these requests and rows met with the candidates of the same class."""
        of_lines, of_rows = lookup(column, row), lookup(column, self.rows)
        width = int(max(of_lines.max(initial=0), of_rows.max(initial=0))) + 1
        return Groups(request * width + of_lines, self.request * width + of_rows)

    @cached_property
    def _lines(self) -> tuple[Lines, IntArray]:
        portraits = self._portraits
        request = np.repeat(np.arange(len(portraits)), [len(portrait.rows) for portrait in portraits])
        age = self.day[request] - np.concatenate([portrait.days for portrait in portraits])
        lines = Lines(
            request,
            np.concatenate([portrait.rows for portrait in portraits]).astype(np.int64),
            np.maximum(age, 0.0),
            np.concatenate([portrait.quantities for portrait in portraits]),
            np.concatenate([portrait.baskets for portrait in portraits]),
        )
        return lines, np.concatenate([portrait.actions for portrait in portraits]).astype(np.int64)


def lookup(column: RowArray, rows: IntArray) -> IntArray:
    """The column's value for each row, int64; -1 + 1 = 0 beyond its end, so that every class number is at least 0."""
    found = np.zeros(len(rows), np.int64)
    known = rows < len(column)
    found[known] = column[rows[known]].astype(np.int64) + 1
    return found


def pairs(batch: Batch, candidates: Candidates) -> Pairs:
    """The shared Pairs of this batch and these candidates, made at the first call and kept on the batch."""
    kept = vars(batch).get("_pairs")
    if kept is None or kept.candidates is not candidates:
        kept = Pairs(batch, candidates)
        vars(batch)["_pairs"] = kept
    return kept
