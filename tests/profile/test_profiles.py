"""Portraits.

1. A portrait from the log holds what is strictly before the day, and copies nothing.
2. An event is in the history and in the session of the next portrait at once.
3. Live portraits equal those drawn from a log that holds the same events.
4. A late event takes its place by day.
5. A shopper without a row is known by the session; a row beyond the log starts empty. What a guest did is the shopper's
   who is the first to be known in the session, once; what a guest does after that, or did long before, is not.
6. A portrait that was handed out never changes.
7. Forgetting removes history and sessions, also of a shopper in the log.
8. Sessions are bounded: the least recently used goes first, and a day without events ends one.
9. Events without a product change nothing; a robot's session is shown by its newest lines.
10. Events from several threads are all kept.
"""

import threading

import numpy as np
import pytest

from shopkeeper.observed import Observed
from shopkeeper.portrait import Portrait
from shopkeeper.profile.profiles import MAX_SESSION_LINES, Profiles
from shopkeeper.testing.worlds import Visit, interactions
from shopkeeper.types import ACTION_CODES, NEW_USER, PURCHASE

VIEW = ACTION_CODES["view"]
VISITS: list[Visit] = [(0, 5, 10.0, "purchase"), (0, 6, 12.0, "view"), (0, 5, 12.0, "purchase"), (1, 7, 11.0, "click")]


def bought(user: int, row: int, day: float, session: str = "") -> Observed:
    return Observed(PURCHASE, day, user, row, session)


def lines(portrait: Portrait) -> list[tuple[int, float, int]]:
    return list(zip(portrait.rows.tolist(), portrait.days.tolist(), portrait.actions.tolist(), strict=True))


def test_a_portrait_is_what_the_log_says_before_the_day() -> None:
    profiles = Profiles(interactions(VISITS))
    assert lines(profiles.portrait(0, "", 12.0)) == [(5, 10.0, PURCHASE)]
    assert lines(profiles.portrait(0)) == [(5, 10.0, PURCHASE), (6, 12.0, VIEW), (5, 12.0, PURCHASE)]


def test_portraits_of_a_batch_are_views_of_the_log() -> None:
    log = interactions(VISITS)
    first, second = Profiles(log).portraits([0, 1], 12.0)
    assert np.shares_memory(first.rows, log.rows) and np.shares_memory(second.days, log.days)
    assert lines(second) == [(7, 11.0, ACTION_CODES["click"])]


def test_an_event_is_in_the_next_portrait_and_in_its_session() -> None:
    profiles = Profiles(interactions(VISITS))
    profiles.observe(Observed(VIEW, 13.0, 1, 9, "tab"))
    portrait = profiles.portrait(1, "tab", 13.5)
    assert portrait.rows.tolist() == [7, 9]
    assert (portrait.session_rows.tolist(), portrait.session_actions.tolist()) == ([9], [VIEW])
    assert profiles.portrait(1, "another").session_rows.tolist() == []


def test_live_portraits_equal_those_of_a_log_with_the_same_events() -> None:
    later: list[Visit] = [
        (0, 8, 13.0, "purchase"),
        (1, 5, 13.2, "view"),
        (0, 9, 13.4, "purchase"),
        (1, 8, 15.0, "click"),
    ]
    live = Profiles(interactions(VISITS))
    for user, row, day, action in later:
        live.observe(Observed(ACTION_CODES[action], day, user, row, ""))
    rebuilt = Profiles(interactions(VISITS + later))
    for user in (0, 1):
        ours, theirs = live.portrait(user), rebuilt.portrait(user)
        assert lines(ours) == lines(theirs)
        same_ours = ours.baskets[:, None] == ours.baskets[None]
        np.testing.assert_array_equal(same_ours, theirs.baskets[:, None] == theirs.baskets[None])


def test_a_late_event_takes_its_place_by_day_behind_those_of_that_day() -> None:
    profiles = Profiles(interactions(VISITS))
    profiles.observe(bought(0, 1, 10.0))
    profiles.observe(bought(0, 2, 11.0))
    assert profiles.portrait(0).rows.tolist() == [5, 1, 2, 6, 5]


def test_a_shopper_without_a_row_is_known_by_the_session_alone() -> None:
    profiles = Profiles(interactions(VISITS))
    profiles.observe(Observed(VIEW, 13.0, NEW_USER, 4, "guest"))
    portrait = profiles.portrait(NEW_USER, "guest", 13.5)
    assert portrait.rows.tolist() == portrait.session_rows.tolist() == [4]
    assert profiles.portrait(NEW_USER).rows.tolist() == []


def test_what_a_guest_did_is_the_shoppers_who_signs_in() -> None:
    profiles = Profiles(interactions(VISITS))
    for day, user, row, session in (
        (11.5, NEW_USER, 8, "tab"),
        (13.0, NEW_USER, 4, "tab"),
        (13.1, 1, 3, "tab"),
        (13.2, NEW_USER, 2, "tab"),
        (13.3, 0, 1, "tab"),
    ):
        profiles.observe(Observed(VIEW, day, user, row, session))
    portrait = profiles.portrait(1, "tab", 13.15)
    assert (portrait.rows.tolist(), portrait.session_rows.tolist()) == ([7, 4, 3], [4, 3])
    assert portrait.baskets[1] == portrait.baskets[2] != portrait.baskets[0]
    assert profiles.portrait(0).rows.tolist() == [5, 6, 5, 1]
    profiles.forget(1)
    assert profiles.portrait(NEW_USER, "tab").rows.tolist() == []


def test_a_row_beyond_the_log_starts_empty_and_learns() -> None:
    profiles = Profiles(interactions(VISITS))
    assert profiles.portrait(40).rows.tolist() == []
    profiles.observe(bought(40, 3, 13.0))
    assert profiles.portrait(40).rows.tolist() == [3]


def test_a_portrait_that_was_handed_out_never_changes() -> None:
    profiles = Profiles(interactions(VISITS))
    profiles.observe(bought(0, 1, 13.0))
    before = profiles.portrait(0)
    kept = before.rows.tolist()
    for row in range(40):
        profiles.observe(bought(0, row, 14.0))
    profiles.observe(bought(0, 99, 9.0))
    assert before.rows.tolist() == kept == [5, 6, 5, 1]
    assert len(profiles.portrait(0).rows) == 45


def test_lines_of_one_session_share_a_basket_and_sessions_do_not() -> None:
    profiles = Profiles(interactions(VISITS))
    for row, session in ((1, "a"), (2, "b"), (3, "a")):
        profiles.observe(bought(1, row, 13.0, session))
    baskets = profiles.portrait(1).baskets
    assert baskets[1] == baskets[3] != baskets[2]
    assert len(set(baskets.tolist())) == 3


def test_forgetting_removes_history_and_sessions() -> None:
    profiles = Profiles(interactions(VISITS))
    profiles.observe(bought(0, 1, 13.0, "tab"))
    profiles.observe(bought(1, 2, 13.0, "other"))
    profiles.forget(0)
    assert profiles.portrait(0, "tab").rows.tolist() == []
    assert profiles.portrait(NEW_USER, "tab").rows.tolist() == []
    assert profiles.portrait(1, "other").session_rows.tolist() == [2]
    profiles.observe(bought(0, 8, 14.0))
    assert profiles.portrait(0).rows.tolist() == [8]


def test_the_least_recently_used_session_goes_first() -> None:
    profiles = Profiles(interactions(VISITS), max_sessions=2)
    for row, session in ((1, "a"), (2, "b"), (3, "a"), (4, "c")):
        profiles.observe(bought(NEW_USER, row, 13.0, session))
    shown = {session: profiles.portrait(NEW_USER, session).session_rows.tolist() for session in "abc"}
    assert shown == {"a": [1, 3], "b": [], "c": [4]}


@pytest.mark.parametrize(("pause", "expected"), [(0.9, [1, 2]), (1.1, [2])])
def test_a_session_ends_after_a_day_without_events(pause: float, expected: list[int]) -> None:
    profiles = Profiles(interactions(VISITS))
    profiles.observe(bought(NEW_USER, 1, 13.0, "tab"))
    profiles.observe(bought(NEW_USER, 2, 13.0 + pause, "tab"))
    assert profiles.portrait(NEW_USER, "tab").session_rows.tolist() == expected


def test_an_old_session_is_not_shown() -> None:
    profiles = Profiles(interactions(VISITS))
    profiles.observe(bought(1, 2, 13.0, "tab"))
    portrait = profiles.portrait(1, "tab", 15.0)
    assert (portrait.session_rows.tolist(), portrait.rows.tolist()) == ([], [7, 2])


def test_an_event_without_a_product_changes_nothing() -> None:
    profiles = Profiles(interactions(VISITS))
    profiles.observe(Observed(ACTION_CODES["search"], 13.0, 1, -1, "tab"))
    assert profiles.portrait(1, "tab").rows.tolist() == [7]


def test_of_a_robots_session_only_the_newest_lines_are_shown() -> None:
    profiles = Profiles(interactions(VISITS))
    for row in range(MAX_SESSION_LINES + 3):
        profiles.observe(Observed(VIEW, 13.0, NEW_USER, row, "robot"))
    shown = profiles.portrait(NEW_USER, "robot")
    assert len(shown.session_rows) == MAX_SESSION_LINES
    assert shown.session_rows[[0, -1]].tolist() == [3, MAX_SESSION_LINES + 2]


def test_events_from_several_threads_are_all_kept() -> None:
    profiles = Profiles(interactions(VISITS))

    def shop(first_row: int) -> None:
        for row in range(first_row, first_row + 200):
            profiles.observe(bought(1, row, 13.0, f"tab-{first_row}"))

    threads = [threading.Thread(target=shop, args=(1000 * place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted([7, *(1000 * place + row for place in range(4) for row in range(200))])
    assert sorted(profiles.portrait(1).rows.tolist()) == expected
