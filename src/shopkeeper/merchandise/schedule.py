"""When a rule holds: from and until, days of the week, hours of the day, in a time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from math import inf
from typing import Literal
from zoneinfo import ZoneInfo

from shopkeeper.observed import SECONDS_A_DAY

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
State = Literal["on", "scheduled", "over"]
FIRST_YEAR, LAST_YEAR = 1971, 9000
MINUTES_A_DAY = 1440
SHORT_DAYS = 8
"""A schedule of fewer days may miss a weekday or an hour altogether."""
_HALF_MINUTE = 0.5 / MINUTES_A_DAY


@dataclass(frozen=True)
class Clock:
    """start and end in days since 1970 UTC; `weekdays` from Monday 0 and `minutes` of the day, as the zone counts them.

    Hours that end before they begin go over midnight; the day after has its own weekday.
    """

    start: float = -inf
    end: float = inf
    weekdays: frozenset[int] = frozenset()
    minutes: tuple[int, int] | None = None
    zone: str = "UTC"

    @cached_property
    def always(self) -> bool:
        """Whether it holds at every moment."""
        return self.start == -inf and self.end == inf and not self.weekdays and self.minutes is None

    def on(self, day: float) -> bool:
        """Whether it holds at this moment."""
        return self.always or (self.start <= day < self.end and self._in_week(day))

    def state(self, day: float) -> State:
        """Whether it holds, will hold, or will not hold again."""
        if day >= self.end:
            return "over"
        return "on" if self.on(day) else "scheduled"

    def ever(self) -> bool:
        """Whether there is any moment at which it holds."""
        if self.end <= self.start or (self.minutes is not None and self.minutes[0] == self.minutes[1]):
            return False
        if self.end - self.start >= SHORT_DAYS or (not self.weekdays and self.minutes is None):
            return True
        n = int((self.end - self.start) * MINUTES_A_DAY)
        return any(self._in_week(self.start + at / MINUTES_A_DAY + _HALF_MINUTE) for at in range(max(n, 1)))

    def meets(self, other: "Clock") -> bool:
        """Whether both may hold at one moment; where zones differ, weekdays and hours are not compared."""
        if max(self.start, other.start) >= min(self.end, other.end):
            return False
        if self.zone != other.zone:
            return True
        if self.weekdays and other.weekdays and not self.weekdays & other.weekdays:
            return False
        return not self._hours().isdisjoint(other._hours())

    def _hours(self) -> frozenset[int]:
        """The minutes of a day at which it holds."""
        if self.minutes is None:
            return frozenset(range(MINUTES_A_DAY))
        first, last = self.minutes
        return frozenset(range(first, last) if first < last else [*range(first, MINUTES_A_DAY), *range(last)])

    def _in_week(self, day: float) -> bool:
        if not self.weekdays and self.minutes is None:
            return True
        local = datetime.fromtimestamp(day * SECONDS_A_DAY, UTC).astimezone(ZoneInfo(self.zone))
        if self.weekdays and local.weekday() not in self.weekdays:
            return False
        if self.minutes is None:
            return True
        now, (first, last) = local.hour * 60 + local.minute, self.minutes
        return first <= now < last if first < last else now >= first or now < last


def day_of(moment: date | datetime, zone: str, *, ends: bool = False) -> float:
    """Days since 1970 UTC; without an offset as the zone counts them. A date that `ends` something is in it."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment + timedelta(days=1 if ends else 0), time())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment.timestamp() / SECONDS_A_DAY


def minutes_of(hours: str) -> tuple[int, int]:
    """From and until of "18:00-23:30" in minutes of the day; "24:00" ends a day."""
    first, last = (part.strip().split(":") for part in hours.split("-"))
    return int(first[0]) * 60 + int(first[1]), int(last[0]) * 60 + int(last[1])
