"""Rows that share one text or one vector: found once, offered as the rows behind it."""

import weakref

import numpy as np

from shopkeeper.recall.offers import inside, ranges
from shopkeeper.types import BoolArray, FloatArray, IntArray, RowArray

NO_GROUP = -1
FEW = 1000
"""More rows that move are sorted in with all the others."""
_OPENED = 32


class Groups:
    """Which group each row belongs to, and each group's rows, the most wanted first.

    group_of int32 (n,), -1 for rows of none; priority float32 (n,), higher comes first within a group.
    """

    def __init__(
        self, group_of: RowArray, n_groups: int, priority: FloatArray, laid: tuple[RowArray, IntArray] | None = None
    ) -> None:
        """`laid`: the rows group after group and where each group starts, where that is known already."""
        self.group_of = group_of
        self.n_groups = n_groups
        self.priority = priority
        self._opened: dict[int, tuple[weakref.ref[BoolArray], BoolArray]] = {}
        self._most = np.float32(max(np.log1p(priority.max(initial=0.0)), np.log(2.0)))
        self._rows, self._starts = laid or _laid(group_of, n_groups, priority)

    def moved(self, rows: RowArray, groups: RowArray, n_groups: int) -> "Groups":
        """The same with these rows in other groups; rows beyond the end are new, and nobody's wish yet."""
        n = max(len(self.group_of), int(rows.max(initial=-1)) + 1)
        group_of = np.full(n, NO_GROUP, np.int32)
        group_of[: len(self.group_of)] = self.group_of
        known = rows[rows < len(self.group_of)]
        group_of[rows] = groups
        priority = np.zeros(n, np.float32)
        priority[: len(self.priority)] = self.priority
        if len(rows) > FEW:
            return Groups(group_of, n_groups, priority)
        return Groups(group_of, n_groups, priority, self._relaid(known, np.unique(rows), group_of, priority, n_groups))

    def _relaid(
        self, left: RowArray, came: RowArray, group_of: RowArray, priority: FloatArray, n_groups: int
    ) -> tuple[RowArray, IntArray]:
        """The rows group after group once a few have left theirs and come to others: all sorted anew takes longer."""
        left, came = left[self.group_of[left] != NO_GROUP], came[group_of[came] != NO_GROUP]
        came = came[np.lexsort((came, -priority[came], group_of[came]))]
        if not len(left) and group_of[came].min(initial=n_groups) >= self.n_groups:  # nobody else's place changes
            new = np.bincount(group_of[came] - self.n_groups, minlength=n_groups - self.n_groups)
            return np.append(self._rows, came), np.append(self._starts, self._starts[-1] + np.cumsum(new))
        counts = np.append(np.diff(self._starts), np.zeros(n_groups - self.n_groups, np.int64))
        gone = [self._place(int(row)) for row in set(left.tolist())]
        np.subtract.at(counts, self.group_of[np.unique(left)], 1)
        rows = np.delete(self._rows, gone)
        starts = np.concatenate(([0], np.cumsum(counts)))
        places = []
        for row in came.tolist():
            start, end = starts[group_of[row] : group_of[row] + 2].tolist()
            others = rows[start:end]
            first = (priority[others] > priority[row]) | ((priority[others] == priority[row]) & (others < row))
            places.append(start + int(first.sum()))
        np.add.at(counts, group_of[came], 1)
        laid = np.insert(rows, places, came).astype(np.int32, copy=False)
        return laid, np.concatenate(([0], np.cumsum(counts))).astype(np.int64)

    def _place(self, row: int) -> int:
        start, end = self._starts[self.group_of[row] : self.group_of[row] + 2].tolist()
        return int(start + np.flatnonzero(self._rows[start:end] == row)[0])

    def rows_of(self, groups: RowArray, allowed: BoolArray | None) -> tuple[RowArray, IntArray, IntArray]:
        """All rows of distinct groups inside the mask, group after group.

        Rows int32 (m,); each row's position in `groups` int64 (m,); its place within its group int64 (m,), from 0.
        """
        starts = self._starts[groups]
        counts = self._starts[groups + 1] - starts
        rows = self._rows[ranges(starts, counts)]
        position = np.repeat(np.arange(len(groups)), counts)
        keep = inside(rows, allowed)
        rows, position = rows[keep], position[keep]
        kept = np.bincount(position, minlength=len(groups))
        place = np.arange(len(rows)) - np.repeat(np.cumsum(kept) - kept, kept)
        return rows, position, place

    def wanted(self, rows: RowArray) -> FloatArray:
        """How wanted each row is, from 0 to 1, the most wanted of all: log(1 + priority) over its largest."""
        return np.asarray(np.log1p(self.priority[rows]) / self._most, np.float32)

    def all_rows(self, allowed: BoolArray | None) -> RowArray:
        """Every row that is in a group and inside the mask, int32 (m,)."""
        rows: RowArray = self._rows[inside(self._rows, allowed)]
        return rows

    def open(self, allowed: BoolArray) -> BoolArray:
        """bool (n_groups,): groups with at least one row inside the mask. Remembered for masks that cannot change."""
        held = self._opened.get(id(allowed))
        if held is not None and held[0]() is allowed:
            return held[1]
        is_open = self._open(allowed)
        if not allowed.flags.writeable:
            if len(self._opened) >= _OPENED:
                self._opened.clear()
            self._opened[id(allowed)] = (weakref.ref(allowed), is_open)
        return is_open

    def _open(self, allowed: BoolArray) -> BoolArray:
        n = min(len(allowed), len(self.group_of))
        taken = self.group_of[:n][allowed[:n]]
        is_open = np.zeros(self.n_groups + 1, bool)
        is_open[taken] = True  # -1 writes the spare last place
        return is_open[:-1]


def _laid(group_of: RowArray, n_groups: int, priority: FloatArray) -> tuple[RowArray, IntArray]:
    """All rows of groups, group after group, the most wanted first; and where each group starts."""
    order = np.lexsort((np.arange(len(group_of)), -priority, group_of))
    rows = order[group_of[order] != NO_GROUP].astype(np.int32)
    return rows, np.searchsorted(group_of[rows], np.arange(n_groups + 1)).astype(np.int64)
