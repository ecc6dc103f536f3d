"""Rows that share one text or one vector: found once, offered as the rows behind it."""

import weakref

import numpy as np

from shopkeeper.recall.offers import inside, ranges
from shopkeeper.types import BoolArray, FloatArray, IntArray, RowArray

NO_GROUP = -1
_OPENED = 32


class Groups:
    """Which group each row belongs to, and each group's rows, the most wanted first.

    group_of int32 (n,), -1 for rows of none; priority float32 (n,), higher comes first within a group.
    """

    def __init__(self, group_of: RowArray, n_groups: int, priority: FloatArray) -> None:
        self.group_of = group_of
        self.n_groups = n_groups
        self.priority = priority
        self._opened: dict[int, tuple[weakref.ref[BoolArray], BoolArray]] = {}
        self._wanted = (np.log1p(priority) / max(np.log1p(priority.max(initial=0.0)), np.log(2.0))).astype(np.float32)
        order = np.lexsort((np.arange(len(group_of)), -priority, group_of))
        self._rows = order[group_of[order] != NO_GROUP].astype(np.int32)
        self._starts = np.searchsorted(group_of[self._rows], np.arange(n_groups + 1)).astype(np.int64)

    def moved(self, rows: RowArray, groups: RowArray, n_groups: int) -> "Groups":
        """The same with these rows in other groups; rows beyond the end are new, and nobody's wish yet."""
        n = max(len(self.group_of), int(rows.max(initial=-1)) + 1)
        group_of = np.full(n, NO_GROUP, np.int32)
        group_of[: len(self.group_of)] = self.group_of
        group_of[rows] = groups
        priority = np.zeros(n, np.float32)
        priority[: len(self.priority)] = self.priority
        return Groups(group_of, n_groups, priority)

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
        return np.asarray(self._wanted[rows])

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
