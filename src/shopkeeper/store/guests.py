"""Whose a guest's lines are: what came before a login, in the same visit, is the shopper's who logged in."""

import numpy as np

from shopkeeper.observed import SESSION_DAYS
from shopkeeper.types import BoolArray, DayArray, IntArray, RowArray


def owners(users: RowArray, guests: BoolArray, sessions: IntArray, days: DayArray) -> RowArray:
    """int32 (n,): the users, and for a guest's line the one whose line is the first of a shopper in the visit.

    Lines stand in order of arrival; sessions int64 (n,), -1 without a name, days float64 (n,). A visit is a session
    that nobody left for longer than SESSION_DAYS. A guest's lines after a shopper's stay a guest's: nobody knows whose.
    """
    if not guests.any():
        return users
    named = sessions >= 0
    n = int(sessions.max(initial=-1)) + 1
    mixed = (np.bincount(sessions[named & guests], minlength=n) > 0) & (
        np.bincount(sessions[named & ~guests], minlength=n) > 0
    )
    lines = np.flatnonzero(named & mixed[sessions] if n else named)
    if not len(lines):
        return users
    lines = lines[np.lexsort((lines, days[lines], sessions[lines]))]
    own, when = sessions[lines], days[lines]
    begins = np.append(True, (own[1:] != own[:-1]) | (when[1:] - when[:-1] > SESSION_DAYS))
    visit = np.cumsum(begins) - 1
    first = np.full(visit[-1] + 1, len(lines))
    known = np.flatnonzero(~guests[lines])
    np.minimum.at(first, visit[known], known)
    before = np.arange(len(lines)) < first[visit]
    claimed = before & (first[visit] < len(lines))
    found = users.copy()
    found[lines[claimed]] = users[lines[first[visit[claimed]]]]
    return found
