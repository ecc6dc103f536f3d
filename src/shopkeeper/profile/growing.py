"""A shopper's lines that grow: appending is cheap, and what was handed out before never changes."""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from shopkeeper.types import CodeArray, DayArray, FloatArray, RowArray

T = TypeVar("T", bound=np.generic)
_SPARE = 16


@dataclass(frozen=True, slots=True)
class Lines:
    """Columns in order of day, then arrival; the first `n` places of each hold. Frozen: growing makes a new one.

    Two Lines may share their arrays: places below an older `n` are never written again. Only the newest may grow.
    """

    rows: RowArray
    days: DayArray
    actions: CodeArray
    quantities: FloatArray
    baskets: RowArray
    n: int

    def upto(self, day: float) -> int:
        """How many lines are strictly earlier than `day`."""
        return int(np.searchsorted(self.days[: self.n], day, side="left"))

    def each(self) -> list["Line"]:
        """One after another."""
        columns = (self.rows, self.days, self.actions, self.quantities, self.baskets)
        return [Line(*line) for line in zip(*(column[: self.n].tolist() for column in columns), strict=True)]

    def plus(self, line: "Line") -> "Lines":
        """These lines and one more, in its place by day; behind those of the same day."""
        place = int(np.searchsorted(self.days[: self.n], line.day, side="right"))
        grown = self if self.n < len(self.rows) and place == self.n else self._copied(place)
        grown.rows[place], grown.days[place], grown.actions[place] = line.row, line.day, line.action
        grown.quantities[place], grown.baskets[place] = line.quantity, line.basket
        return replace(grown, n=self.n + 1)

    def _copied(self, place: int) -> "Lines":
        """Own arrays with a gap at `place` and room for more."""
        return Lines(
            _with_gap(self.rows, place, self.n),
            _with_gap(self.days, place, self.n),
            _with_gap(self.actions, place, self.n),
            _with_gap(self.quantities, place, self.n),
            _with_gap(self.baskets, place, self.n),
            self.n,
        )


def _with_gap(column: NDArray[T], place: int, n: int) -> NDArray[T]:
    copy = np.empty(n + 1 + max(_SPARE, n // 2), column.dtype)
    copy[:place] = column[:place]
    copy[place + 1 : n + 1] = column[place:n]
    return copy


@dataclass(frozen=True, slots=True)
class Line:
    """One thing done: what a Lines holds at one place."""

    row: int
    day: float
    action: int
    quantity: float
    basket: int


def no_lines() -> Lines:
    """Lines of a shopper of whom nothing is known."""
    return Lines(
        np.empty(0, np.int32),
        np.empty(0, np.float64),
        np.empty(0, np.int8),
        np.empty(0, np.float32),
        np.empty(0, np.int32),
        0,
    )
