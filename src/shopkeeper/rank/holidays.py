"""The holiday that a day belongs to: the next one that is near enough."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from shopkeeper.types import IntArray

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NONE = "none"
"""The label of a day that belongs to no holiday."""
SPELT = "MM-DD, YYYY-MM-DD, or MM-www-N for the Nth weekday of a month (11-thu-4, with +1 the day after)"
_ONE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_YEARLY = re.compile(r"(\d\d)-(\d\d)")
_NTH = re.compile(rf"(\d\d)-({'|'.join(WEEKDAYS)})-([1-4])(?:\+(\d))?")
EPOCH = date(1970, 1, 1)
YEARS = range(1970, 2101)


class Holidays:
    """`labels` are the holidays' names; a day belongs to the next of them that is at most `days_before` away."""

    def __init__(self, dates: Mapping[str, Sequence[str]], days_before: int) -> None:
        self.labels = tuple(sorted(dates))
        self._dates, self._days_before = dates, days_before

    def of(self, days: IntArray) -> IntArray:
        """int64 (n,): the place in `labels` of the holiday of each day since 1970, len(labels) for none."""
        moments, which = self._known
        at = np.searchsorted(moments, days)
        near = np.append(moments, np.iinfo(np.int64).max)[at] - days <= self._days_before
        return np.where(near, np.append(which, 0)[at], len(self.labels))

    @cached_property
    def _known(self) -> tuple[IntArray, IntArray]:
        """The days of all holidays of YEARS, rising, and the place of each one's name."""
        named = [(at, said) for at, name in enumerate(self.labels) for said in self._dates[name]]
        found = sorted(((day - EPOCH).days, at) for at, said in named for day in days_of(said, YEARS))
        moments, which = np.array(found, np.int64).reshape(-1, 2).T
        return moments, which


def days_of(said: str, years: range) -> Iterator[date]:
    """The days of those years that a date as SPELT says. Raises ValueError where it says none."""
    if one := _ONE.fullmatch(said):
        day = date(*map(int, one.groups()))
        return iter([day] if day.year in years else [])
    if yearly := _YEARLY.fullmatch(said):
        month, day_of_month = map(int, yearly.groups())
        date(2000, month, day_of_month)  # the 29th of February is a day of some years
        return (date(year, month, day_of_month) for year in years if _exists(year, month, day_of_month))
    if nth := _NTH.fullmatch(said):
        return (_nth(date(year, int(nth[1]), 1), nth[2], int(nth[3]), int(nth[4] or 0)) for year in years)
    raise ValueError(f"'{said[:40]}' is no date. Write {SPELT}")


def checked(said: str) -> str:
    """The date as it was said. Raises ValueError where it is none."""
    list(days_of(said, range(2000, 2001)))
    return said


@cache
def calendar(language: str) -> Mapping[str, Sequence[str]]:
    """The dates of each holiday that shops of this language sell for."""
    path = Path(__file__).with_name("holidays.toml")
    found: dict[str, dict[str, list[str]]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return found.get(language, {})


def _exists(year: int, month: int, day: int) -> bool:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return leap or (month, day) != (2, 29)


def _nth(first: date, weekday: str, nth: int, later: int) -> date:
    ahead = (WEEKDAYS.index(weekday) - first.weekday()) % 7
    return first + timedelta(ahead + 7 * (nth - 1) + later)
