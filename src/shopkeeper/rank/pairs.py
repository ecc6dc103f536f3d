"""Candidates met with their askers' histories, for a whole batch at once.

The lines of all portraits are laid end to end and sorted once; what a feature wants to know of a candidate ("how often
was this bought", "when was this category last seen") is then a sum or a maximum over a run of lines. Every feature of
a batch shares the same Pairs, kept on the batch itself.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TypeVar

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

N = TypeVar("N", bound=np.generic)
Column = NDArray[np.generic]
"""Any numbers: counts, days, truth values."""


_NUMBERED_AS_THEY_ARE = 1024
"""Up to so many keys are the groups' numbers themselves: so few empty groups cost nothing."""

_SCATTERED = 1 << 22
"""Up to so many keys are numbered through a table by key, more by a sort, which is several times as slow."""


class Groups:
    """Lines with an equal key, met with the candidates of that key; no key is negative.

    line_of int64 (h,): the group of each line; of int64 (n,): the group of each candidate, an empty one where no line
    has its key.
    """

    def __init__(self, line_keys: IntArray, candidate_keys: IntArray) -> None:
        n_keys = int(max(line_keys.max(initial=-1), candidate_keys.max(initial=-1))) + 1
        self.line_of, self.of, self.n_groups = line_keys, candidate_keys, n_keys
        if n_keys > _NUMBERED_AS_THEY_ARE:
            numbered = _scattered if n_keys <= _SCATTERED else _ranked
            self.line_of, self.of = numbered(line_keys, candidate_keys, n_keys)
            self.n_groups = len(line_keys) + 1

    @cached_property
    def order(self) -> IntArray:
        """What lays the lines group by group, int64 (h,); lines keep their order inside a group."""
        return _sorted(self.line_of)

    @cached_property
    def ends(self) -> IntArray:
        """The last line of each group, int64 (m,), rising."""
        lines = np.arange(len(self.line_of))
        last = np.empty(self.n_groups, np.int64)
        last[self.line_of] = lines  # of equal places the last is written
        return np.flatnonzero(last[self.line_of] == lines)

    def sizes(self) -> DayArray:
        """How many lines each candidate has, float64 (n,)."""
        return np.bincount(self.line_of, minlength=self.n_groups)[self.of].astype(np.float64)

    def sums(self, lines: Column) -> DayArray:
        """The sum of the lines' values for each candidate, float64 (n,), 0 where there is none."""
        return np.asarray(np.bincount(self.line_of, lines, self.n_groups)[self.of], np.float64)

    def last(self, lines: Column) -> DayArray:
        """The value of each candidate's last line, float64 (n,), NaN where there is none."""
        values = np.full(self.n_groups, np.nan)
        values[self.line_of] = lines  # of equal places the last is written
        return values[self.of]

    def first(self, lines: Column) -> DayArray:
        """The value of each candidate's first line, float64 (n,), NaN where there is none."""
        values = np.full(self.n_groups, np.nan)
        values[self.line_of[::-1]] = lines[::-1]
        return values[self.of]


def _scattered(line_keys: IntArray, candidate_keys: IntArray, n_keys: int) -> tuple[IntArray, IntArray]:
    """Groups numbered by the last line of each key: of the lines, and of the candidates, the number of lines for none.

    The table by key is not filled before: what stands there by chance does not lead back to the key.
    Source: Briggs, Torczon, "An efficient representation for sparse sets", 1993.
    """
    n = len(line_keys)
    last = np.empty(n_keys, np.uint32)
    last[line_keys] = np.arange(n, dtype=np.uint32)
    found = np.minimum(last[candidate_keys], n).astype(np.int64)
    own = np.append(line_keys, -1)[found] == candidate_keys
    return last[line_keys].astype(np.int64), np.where(own, found, n)


def _ranked(line_keys: IntArray, candidate_keys: IntArray, n_keys: int) -> tuple[IntArray, IntArray]:
    """The same with groups numbered in the order of their keys, for more keys than a table should hold."""
    keys, line_of = np.unique(line_keys, return_inverse=True)
    place = keys.searchsorted(candidate_keys)
    return line_of, np.where(np.append(keys, -1)[place] == candidate_keys, place, len(line_keys))


def _sorted(keys: IntArray) -> IntArray:
    """What sorts the keys, none of them negative; equal ones keep their order."""
    narrow = int(keys.max(initial=0)) < 1 << 16  # of 16 bits a stable sort is a radix sort: five times as fast
    return (keys.astype(np.uint16) if narrow else keys).argsort(kind="stable")


class Lines:
    """One kind of line of all portraits: request, row int64 (h,); age in days before the request, quantity float64.

    Lines lie request by request, and oldest first in each.
    """

    def __init__(self, request: IntArray, row: IntArray, age: DayArray, quantity: FloatArray, basket: RowArray) -> None:
        self.request, self.row, self.age, self.quantity = request, row, age, quantity
        self._basket = basket

    def __len__(self) -> int:
        return len(self.row)

    def where(self, keep: BoolArray) -> "Lines":
        """Only the lines where `keep` (h,) holds."""
        return self if keep.all() else self.take(np.flatnonzero(keep))

    def take(self, index: IntArray) -> "Lines":
        """Only the lines at `index` (m,), which must not descend."""
        return Lines(self.request[index], self.row[index], self.age[index], self.quantity[index], self._basket[index])

    @property
    def basket_back(self) -> IntArray:
        """How many baskets of the same request are newer than the line's own, int64 (h,)."""
        return self._baskets[0]

    def n_baskets(self, n_requests: int) -> IntArray:
        """How many different baskets each request has, int64 (n_requests,)."""
        return np.bincount(self._baskets[1], minlength=n_requests)

    @cached_property
    def _baskets(self) -> tuple[IntArray, IntArray]:
        """`basket_back` int64 (h,), and whose each basket is, int64 (n_baskets,)."""
        if not len(self):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        key = self.request * (int(self._basket.max()) + 1) + self._basket
        lines = key.argsort(kind="stable")  # nearly in order already, which this sort makes use of
        ordered = key[lines]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        age = np.minimum.reduceat(self.age[lines], starts)
        request = self.request[lines[starts]]
        order = np.lexsort((age, request))
        place, back = np.empty(len(starts), np.int64), np.empty(len(lines), np.int64)
        place[order] = np.arange(len(starts)) - request.searchsorted(request)  # baskets lie request by request
        back[lines] = np.repeat(place, np.diff(starts, append=len(lines)))
        return back, request

    def once_a_basket(self) -> BoolArray:
        """Marks one line for each product and basket, bool (h,): the first of equal (request, basket, row)."""
        keep = np.ones(len(self), bool)
        if not len(self):
            return keep
        baskets, rows = int(self._basket.max()) + 1, int(self.row.max()) + 1
        if (int(self.request.max()) + 1) * baskets * rows < 1 << 63:
            columns = [(self.request * baskets + self._basket) * rows + self.row]
            order = columns[0].argsort(kind="stable")
        else:
            columns = [self.row, self._basket.astype(np.int64), self.request]
            order = np.lexsort(columns)
        new = np.zeros(len(order) - 1, bool)
        for column in columns:
            ordered = column[order]
            new |= ordered[1:] != ordered[:-1]
        keep[order[1:]] = new
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
        self._weights: dict[float, DayArray] = {}
        self._left: dict[float, tuple[DayArray, DayArray]] = {}

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
    def times(self) -> DayArray:
        """In how many baskets each candidate was bought, float64 (n,)."""
        return self.bought.sizes()

    @cached_property
    def days(self) -> tuple[DayArray, DayArray]:
        """Days since each candidate's last and first purchase, float64 (n,) each; NaN where there is none."""
        return self.bought.last(self.purchases.age), self.bought.first(self.purchases.age)

    @cached_property
    def baskets(self) -> tuple[DayArray, DayArray]:
        """Baskets since each candidate's last and first purchase, float64 (n,) each; NaN where there is none.

        Where two sessions interleave, the older line may stand in the newer basket: so not by the order of lines.
        """
        back = self.purchases.basket_back
        oldest_first = _sorted(back)[::-1]
        values = np.full((2, self.bought.n_groups), np.nan)
        for of_last, order in zip(values, (oldest_first, oldest_first[::-1]), strict=True):
            of_last[self.bought.line_of[order]] = back[order]  # of equal places the last is written
        return values[0][self.bought.of], values[1][self.bought.of]

    def faded(self, half_life_days: float) -> DayArray:
        """What is left of each purchase by its age, float64 (h,)."""
        if half_life_days not in self._weights:
            self._weights[half_life_days] = np.exp2(self.purchases.age / -half_life_days)
        return self._weights[half_life_days]

    @cached_property
    def products(self) -> Lines:
        """The last purchase of each product that a shopper bought."""
        return self.purchases.take(self.bought.ends)

    def left(self, half_life_days: float) -> tuple[DayArray, DayArray]:
        """What is left by age of all purchases of a product: of each of `products` (m,), of each candidate (n,)."""
        if half_life_days not in self._left:
            bought = self.bought
            left: DayArray = np.bincount(bought.line_of, self.faded(half_life_days), bought.n_groups).astype(np.float64)
            self._left[half_life_days] = left[bought.line_of[bought.ends]], left[bought.of]
        return self._left[half_life_days]

    @cached_property
    def n_baskets(self) -> IntArray:
        """How many baskets each request's shopper has bought, int64 (b,)."""
        return self.purchases.n_baskets(self.n_requests)

    def by_row(self, lines: Lines) -> Groups:
        """These lines met with the candidates that are the same product."""
        return self._met(lines.request, lines.row, self.rows)

    def by_classes(self, levels: RowArray) -> Groups:
        """`products` met with the candidates of the same class at m levels at once; `levels` (n_products, m).

        No class number may stand at two levels. Products (p * m,) and candidates (n * m,) lie level beside level.
        """
        of_lines, of_rows = lookup(levels, self.products.row), lookup(levels, self.rows)
        if self.n_requests > 1:
            width = int(max(of_lines.max(initial=0), of_rows.max(initial=0))) + 1
            of_lines += (self.products.request * width)[:, None]
            of_rows += (self.request * width)[:, None]
        return Groups(of_lines.ravel(), of_rows.ravel())

    def by_class(self, column: RowArray, request: IntArray, row: IntArray) -> Groups:
        """Lines of these requests and rows met with the candidates of the same class."""
        return self._met(request, lookup(column, row), lookup(column, self.rows))

    def _met(self, request: IntArray, of_lines: IntArray, of_rows: IntArray) -> Groups:
        """Lines of these requests met with the candidates of the same request and number."""
        if self.n_requests == 1:
            return Groups(of_lines, of_rows)
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
    return taken(column, rows, -1).astype(np.int64) + 1


def taken(column: NDArray[N], rows: IntArray | RowArray, missing: float) -> NDArray[N]:
    """The column's value, or its line of values, for each row; `missing` beyond its end."""
    if not len(rows) or rows.max() < len(column):
        return np.asarray(column[rows])
    found = np.full((len(rows), *column.shape[1:]), missing, column.dtype)
    inside = rows < len(column)
    found[inside] = column[rows[inside]]
    return found


def side_by_side(columns: Sequence[Column]) -> FloatArray:
    """The columns, (n,) each, as one table float32 (n, m)."""
    table = np.empty((len(columns), len(columns[0])), np.float32)
    for place, column in enumerate(columns):
        table[place] = column
    return table.T


def pairs(batch: Batch, candidates: Candidates) -> Pairs:
    """The shared Pairs of this batch and these candidates, made at the first call and kept on the batch."""
    kept = vars(batch).get("_pairs")
    if kept is None or kept.candidates is not candidates:
        kept = Pairs(batch, candidates)
        vars(batch)["_pairs"] = kept
    return kept
