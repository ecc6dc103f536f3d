"""What the clock and the calendar say of a moment: the part of the day, the weekday, the season, the holiday."""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from shopkeeper.rank.holidays import NONE, WEEKDAYS, Holidays
from shopkeeper.types import DayArray, IntArray

Told = Literal["hour", "weekday", "season", "holiday"]
SPANS = np.array([0] * 6 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4 + [5] * 2, np.int64)
"""The part of the day that each hour belongs to: the night is long."""
N_SPANS = int(SPANS.max()) + 1
SEASONS = ("winter", "spring", "summer", "autumn")
"""As the north has them, from December on; in the south they only have the wrong names."""


class Clock:
    """Says of moments, whole days since 1970 and hours of the shop's own clock, what they are."""

    def __init__(self, holidays: Holidays) -> None:
        self.labels: Mapping[Told, tuple[str, ...]] = {
            "hour": tuple(map(str, range(N_SPANS))),
            "weekday": WEEKDAYS,
            "season": SEASONS,
            "holiday": (*holidays.labels, NONE),
        }
        self._codes: Mapping[Told, Callable[[IntArray, IntArray], IntArray]] = {
            "hour": lambda days, hours: np.asarray(SPANS[hours]),
            "weekday": lambda days, hours: (days + 3) % 7,  # 1970 began on a Thursday
            "season": lambda days, hours: (
                (days.astype("datetime64[D]").astype("datetime64[M]").astype(int) + 1) % 12 // 3
            ),
            "holiday": lambda days, hours: holidays.of(days),
        }

    def codes(self, kind: Told, days: IntArray, hours: IntArray) -> IntArray:
        """int64 (n,): the place of each moment's label among `labels` of the kind."""
        return self._codes[kind](days, hours)


def shop_time(days: DayArray | float, utc_offset_hours: float) -> tuple[IntArray, IntArray]:
    """The whole day and the hour, int64 (n,) each, of moments in days since 1970 UTC, on the shop's own clock."""
    local = np.atleast_1d(np.asarray(days, np.float64)) + utc_offset_hours / 24.0
    whole = np.floor(local)
    hours = np.minimum(np.floor((local - whole) * 24.0), 23.0)
    return whole.astype(np.int64), hours.astype(np.int64)
