"""Counts that fade, by product and half-life: what popularity and rises are worked out from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopkeeper.types import ACTIONS, Action, BoolArray, DayArray, Offer, RowArray

COUNTS: Mapping[Action, float] = {"purchase": 1.0, "add_to_cart": 0.3, "click": 0.1, "view": 0.05}
"""What one event of an action counts; the others count nothing."""
COUNT: DayArray = np.array([COUNTS.get(action, 0.0) for action in ACTIONS])
_REBASE_DAYS = 100.0
_REMEMBERED = 64

Weights = NDArray[np.float64]
Remembered = dict[tuple[float, int, int], tuple[BoolArray | None, Offer]]
"""What was offered from some counts, by day, limit and mask, beside the mask itself."""


def kept(offers: Remembered, day: float, limit: int, allowed: BoolArray | None, made: Callable[[], Offer]) -> Offer:
    """What was offered, or what is made now and remembered: the same for everybody until the counts are others."""
    key = day, limit, id(allowed)
    held = offers.get(key)
    if held is None or held[0] is not allowed:
        if len(offers) >= _REMEMBERED:
            offers.clear()  # cheaper and safer among threads than keeping order
        held = offers[key] = allowed, made()
    return held[1]


@dataclass(frozen=True)
class Faded:
    """weights float64 (k, n) as they stood on `day`, each of `half_lives` float64 (k,) in days.

    Readers may see a count that came a moment ago; that does no harm.
    """

    half_lives: DayArray
    weights: Weights
    day: float

    @classmethod
    def nothing(cls, half_lives: DayArray) -> "Faded":
        """Nothing was counted of any product."""
        return cls(half_lives, np.zeros((len(half_lives), 0)), 0.0)

    def factors(self, day: float) -> DayArray:
        """float64 (k,): what the weights are multiplied with to stand as they do on that day."""
        factors: DayArray = np.exp2((self.day - day) / self.half_lives)
        return factors

    def plus(self, row: int, count: float, day: float) -> tuple["Faded", DayArray]:
        """These counts and one more event, and what it added, float64 (k,).

        The arrays are shared with what was before, unless they must grow or are brought to a later day.
        """
        weights, base = self.weights, self.day
        if day - base > _REBASE_DAYS:
            weights, base = weights * self.factors(day)[:, None], day
        if row >= weights.shape[1]:
            wider = np.zeros((len(weights), row + 1 + row // 8))
            wider[:, : weights.shape[1]] = weights
            weights = wider
        added: DayArray = count * np.exp2((day - base) / self.half_lives)
        weights[:, row] += added
        return Faded(self.half_lives, weights, base), added

    def plus_all(self, rows: RowArray, counts: DayArray, days: DayArray) -> "Faded":
        """These counts and many more events, at least one, in arrays of their own."""
        day = max(self.day, float(days.max()))
        n = max(self.weights.shape[1], int(rows.max()) + 1)
        weights = np.zeros((len(self.half_lives), n))
        weights[:, : self.weights.shape[1]] = self.weights * self.factors(day)[:, None]
        for place, life in enumerate(self.half_lives):
            weights[place] += np.bincount(rows, counts * np.exp2((days - day) / life), n)
        return Faded(self.half_lives, weights, day)
