"""Claims:

1. dates are of every year, of one year, or the Nth weekday of a month; anything else is refused with what can be said.
2. a day belongs to the next holiday that is near enough; several, the next of them; none, none.
3. both calendars know their days: Thanksgiving, Easter, the Spring Festival.
"""

from datetime import date

import numpy as np
import pytest

from shopkeeper.rank.holidays import EPOCH, Holidays, calendar, checked, days_of
from shopkeeper.types import IntArray


def days(*said: str) -> IntArray:
    return np.array([(date.fromisoformat(one) - EPOCH).days for one in said], np.int64)


def test_a_date_is_read_as_it_is_said() -> None:
    years = range(2023, 2026)
    assert list(days_of("02-29", years)) == [date(2024, 2, 29)]
    assert list(days_of("2024-05-01", years)) == [date(2024, 5, 1)] and not list(days_of("2020-05-01", years))
    assert list(days_of("11-thu-4+1", years)) == [date(2023, 11, 24), date(2024, 11, 29), date(2025, 11, 28)]
    assert checked("05-sun-2") == "05-sun-2"


@pytest.mark.parametrize("said", ["12-25-2020", "Christmas", "11-thu-5", ""])
def test_what_is_no_date_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"is no date. Write MM-DD, YYYY-MM-DD, or MM-www-N"):
        checked(said)


@pytest.mark.parametrize("said", ["13-01", "02-30", "13-thu-1", "2020-02-30"])
def test_a_day_that_no_year_has_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"month|day"):
        checked(said)


def test_a_day_belongs_to_the_next_holiday_that_is_near() -> None:
    own = Holidays({"feast": ("12-25",), "eve": ("12-24",)}, 7)
    assert own.labels == ("eve", "feast")
    found = own.of(days("2023-12-16", "2023-12-17", "2023-12-24", "2023-12-25", "2023-12-26"))
    assert found.tolist() == [2, 0, 0, 1, 2]
    turn = Holidays({"new-year": ("01-01",)}, 7)
    assert turn.of(days("2023-12-31", "2024-01-01", "2024-01-02")).tolist() == [0, 0, 1]
    assert Holidays({}, 7).of(days("2024-01-01")).tolist() == [0] and len(own.of(days())) == 0


def test_both_calendars_know_their_days() -> None:
    for language, name, day in (
        ("en", "thanksgiving", "2024-11-28"),
        ("en", "black-friday", "2024-11-29"),
        ("en", "easter", "2025-04-20"),
        ("en", "mothers-day", "2026-05-10"),
        ("zh", "spring-festival", "2026-02-17"),
        ("zh", "mid-autumn", "2025-10-06"),
        ("zh", "singles-day", "2026-11-11"),
    ):
        own = Holidays(calendar(language), 0)
        assert own.labels[int(own.of(days(day))[0])] == name
    assert calendar("none") == {}
    for language in ("en", "zh"):
        for dates in calendar(language).values():
            assert [checked(said) for said in dates] == list(dates) and len(dates) in (1, 33)
