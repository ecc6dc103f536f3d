"""Claims:

1. a schedule holds from its first moment up to its last, in its own time zone; a date ends with its last minute.
2. weekdays and hours are those of the zone; hours may go over midnight.
3. a rule is scheduled, on, or over; two schedules meet where some moment has both.
4. a schedule that holds at no moment is known.
"""

from datetime import UTC, date, datetime

import pytest

from shopkeeper.merchandise.schedule import Clock, day_of, minutes_of


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() / 86_400


def test_a_date_counts_from_its_first_minute_to_its_last_in_the_zone() -> None:
    clock = Clock(day_of(date(2026, 12, 1), "Asia/Shanghai"), day_of(date(2026, 12, 24), "Asia/Shanghai", ends=True))
    told = [clock.state(at(when)) for when in ("2026-11-30T15:59", "2026-11-30T16:00", "2026-12-24T15:59")]
    assert told == ["scheduled", "on", "on"]
    assert clock.state(at("2026-12-24T16:00")) == "over"


def test_a_moment_with_an_offset_is_that_moment() -> None:
    assert day_of(datetime.fromisoformat("2026-12-01T08:00+08:00"), "Europe/Berlin") == at("2026-12-01T00:00")
    assert day_of(datetime(2026, 12, 1, 1), "Europe/Berlin") == at("2026-12-01T00:00")


def test_hours_go_over_midnight_and_weekdays_are_of_the_zone() -> None:
    night = Clock(minutes=minutes_of("22:00-02:00"), zone="Europe/Berlin")
    assert [night.on(at(f"2026-12-01T{hour}")) for hour in ("20:59", "21:00", "00:59", "01:00")] == [
        False,
        True,
        True,
        False,
    ]
    monday = Clock(weekdays=frozenset({0}), zone="Asia/Shanghai")
    assert monday.on(at("2026-11-22T16:30")) and not monday.on(at("2026-11-23T16:30"))
    assert monday.state(at("2026-11-25T00:00")) == "scheduled"


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (Clock(), Clock(start=5), True),
        (Clock(end=5), Clock(start=5), False),
        (Clock(weekdays=frozenset({0, 1})), Clock(weekdays=frozenset({1})), True),
        (Clock(weekdays=frozenset({0})), Clock(weekdays=frozenset({1})), False),
        (Clock(weekdays=frozenset({0})), Clock(weekdays=frozenset({1}), zone="Asia/Tokyo"), True),
        (Clock(minutes=(0, 60)), Clock(minutes=(60, 120)), False),
        (Clock(minutes=(1380, 60)), Clock(minutes=(30, 120)), True),
    ],
)
def test_two_schedules_meet_where_some_moment_has_both(one: Clock, other: Clock, meet: bool) -> None:
    assert one.meets(other) is meet and other.meets(one) is meet


def test_a_schedule_that_never_holds_is_known() -> None:
    tuesday = at("2026-11-24T00:00")
    assert Clock(tuesday, tuesday + 1, frozenset({1})).ever()
    assert not Clock(tuesday, tuesday + 1, frozenset({5})).ever()
    assert not Clock(tuesday + 0.5, tuesday + 1, minutes=(0, 60)).ever()
    assert not Clock(2, 1).ever() and not Clock(minutes=(60, 60)).ever()
    assert Clock(tuesday, tuesday + 30, frozenset({5})).ever()
