"""Claims:

1. what a guest did in a visit before a shopper of it was known is that shopper's, once, in the basket of the visit.
2. what came after a shopper, a day and more before one, without a session, or before who was erased is nobody's.
3. what the log says after a restart, in the tail or in the lake, is what live portraits say.
4. live portraits say so too where lines come in any order; if two shoppers share a visit, each one's own come in order.
5. who is erased takes along what they did as a guest, events and pages; other guests keep theirs.
"""

from dataclasses import replace
from itertools import starmap

import numpy as np
import pytest

from shopkeeper.observed import Observed
from shopkeeper.profile.profiles import Profiles
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.guests import owners
from shopkeeper.testing.worlds import interactions
from shopkeeper.types import ACTION_CODES, NEW_USER, Event
from tests.store.worlds import DAY, event, exposure, products

GUEST, ANN, BOB, ERASED = -1, 0, 1, -2
STEPS = [
    ("1", 10.0, "", "tea", "visit"),
    ("2", 10.1, "", "cup", "other"),
    ("3", 10.2, "ann", "pot", "visit"),
    ("4", 10.3, "", "cup", "visit"),
    ("5", 10.4, "bob", "tea", "visit"),
    ("6", 8.0, "", "pot", "left"),
    ("7", 10.5, "bob", "tea", "left"),
    ("8", 10.6, "", "tea", ""),
]


def step(event_id: str, day: float, user: str, product: str, session: str) -> Event:
    return replace(event(event_id, day, user, product, "view"), session_id=session)


def owned(*lines: tuple[int, int, float]) -> list[int]:
    """The owners of (user, session, day) lines; ERASED is somebody, but nobody who is known."""
    users, sessions, days = (np.array(column) for column in zip(*lines, strict=True))
    known = np.where(users == ERASED, GUEST, users).astype(np.int32)
    return list(map(int, owners(known, users == GUEST, sessions, days.astype(np.float64))))


def test_a_guests_lines_are_the_first_shoppers_of_the_visit() -> None:
    assert owned((GUEST, 0, 1.0), (GUEST, 1, 1.0), (ANN, 0, 1.2), (GUEST, 0, 1.3), (BOB, 0, 1.4)) == [0, -1, 0, -1, 1]
    assert owned((ANN, 0, 1.2), (GUEST, 0, 1.1)) == [0, 0]  # it came late
    assert owned((GUEST, 0, 1.0), (ANN, 0, 2.5)) == [-1, 0]
    assert owned((GUEST, -1, 1.0), (ANN, -1, 1.1)) == [-1, 0]
    assert owned((GUEST, 0, 1.0), (ERASED, 0, 1.1), (ANN, 0, 1.2)) == [-1, -1, 0]
    assert owned((GUEST, 0, 1.0), (GUEST, 1, 1.1)) == [-1, -1]


def test_the_log_says_what_live_portraits_say(folder: ShopFolder) -> None:
    folder.products.upsert(products("tea", "cup", "pot"))
    folder.events.append(list(starmap(step, STEPS)))
    catalog = folder.products.catalog()
    live = Profiles(interactions([], 2))
    users = folder.users
    users.refresh()
    for one in sorted(starmap(step, STEPS), key=lambda each: each.timestamp):
        row = catalog.row_of[one.product_id]
        user = users.row(one.user_id) if one.user_id else NEW_USER
        live.observe(Observed(ACTION_CODES["view"], one.timestamp / DAY, user, row, one.session_id))
    for compacted in (False, True):
        if compacted:
            folder.events.compact(20 * DAY)
        log = folder.events.interactions(catalog, users)
        for name, rows in {"ann": ["tea", "pot"], "bob": ["tea", "tea"]}.items():
            found, lived = Profiles(log).portrait(users.row(name)), live.portrait(users.row(name))
            assert [catalog.product_ids[row] for row in found.rows] == rows
            assert found.rows.tolist() == lived.rows.tolist()
            assert (found.baskets[0] == found.baskets[1]) == (lived.baskets[0] == lived.baskets[1])


@pytest.mark.parametrize("seed", range(200))
def test_late_lines_are_whose_they_are_in_the_log(seed: int) -> None:
    draw = np.random.default_rng(seed)
    steps = draw.choice([0.01, 0.1, 0.4, 1.3], 8).cumsum() + 10.0
    users, sessions = draw.choice([GUEST, GUEST, ANN, BOB], 8), draw.choice([0, 0, 1, -1], 8)
    late = (users == GUEST) | ~np.isin(BOB, users)
    days = steps - late * draw.choice([0.0, 0.0, 0.005, 0.05, 0.3], 8)
    live = Profiles(interactions([], 2))
    for row, (user, session, day) in enumerate(zip(users.tolist(), sessions.tolist(), days.tolist(), strict=True)):
        live.observe(Observed(ACTION_CODES["view"], day, user, row, f"s{session}" if session >= 0 else ""))
    found = np.array(owned(*zip(users.tolist(), sessions.tolist(), days.tolist(), strict=True)))
    for user in (ANN, BOB):
        assert sorted(live.portrait(user).rows.tolist()) == np.flatnonzero(found == user).tolist()


def test_who_is_erased_takes_along_what_they_did_as_a_guest(folder: ShopFolder) -> None:
    folder.products.upsert(products("tea", "cup", "pot"))
    folder.events.append(list(starmap(step, STEPS[:4])))
    for compacted in (True, False):
        if compacted:
            folder.events.compact(20 * DAY)
        assert folder.events.erase("ann") == (3 if compacted else 0)
    assert [found.event_id for found in folder.events.since(0)] == ["2"]
    for name, user, session in (("a", "", "visit"), ("b", "ann", "visit"), ("c", "", "other"), ("d", "bob", "visit")):
        folder.exposures.append(exposure(name, user, session_id=session))
    assert folder.exposures.erase("ann") == 2
    assert [folder.exposures.get(name) is not None for name in "abcd"] == [False, False, True, True]
