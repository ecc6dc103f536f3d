"""The portraits of all shoppers: the log as views, what happened since on top of it, and the sessions.

After a restart the caller makes Profiles from the log and replays the events that came later through `observe`.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import floor, inf

import numpy as np

from shopkeeper.observed import SESSION_DAYS, Observed
from shopkeeper.portrait import Portrait, Said
from shopkeeper.profile.growing import Line, Lines, no_lines
from shopkeeper.profile.sayings import Sayings, Told
from shopkeeper.types import NEW_USER, Interactions, RowArray

MAX_SESSIONS = 100_000
MAX_SESSION_LINES = 500
"""Of a session only so many of the newest lines are shown: a robot's session must not slow a page."""
_NOBODY = (inf, NEW_USER)


@dataclass(frozen=True, slots=True)
class _Session:
    lines: Lines
    users: frozenset[int]
    last_day: float
    basket: int
    first: tuple[float, int]
    """The day of the earliest line of a shopper, and whose that is."""


class Profiles:
    """Who is asking. Thread-safe; a portrait that was handed out never changes."""

    def __init__(self, log: Interactions, max_sessions: int = MAX_SESSIONS) -> None:
        self._log = log
        self._grown: dict[int, Lines] = {}
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._max_sessions = max_sessions
        self._sayings = Sayings()
        self._next_basket = int(log.baskets.max(initial=-1)) + 1
        self._lock = threading.Lock()

    def portrait(self, user: int, session: str = "", day: float = inf) -> Portrait:
        """What is known of the shopper strictly before `day`; by default everything.

        A shopper without a row (NEW_USER) is known by the session alone: its lines are then the history too.
        """
        now = self._sessions.get(session) if session else None
        live = now is not None and (day == inf or day - now.last_day <= SESSION_DAYS)
        inside = now.lines if now is not None and live else no_lines()
        history = inside if user == NEW_USER else self._lines(user)
        end, inside_end = history.upto(day), inside.upto(day)
        inside_start = max(0, inside_end - MAX_SESSION_LINES)
        told = self._sayings.of(user, session)
        return Portrait(
            history.rows[:end],
            history.days[:end],
            history.actions[:end],
            history.quantities[:end],
            history.baskets[:end],
            inside.rows[inside_start:inside_end],
            inside.actions[inside_start:inside_end],
            inside.days[inside_start:inside_end],
            told.answers,
            told.refused,
        )

    def portraits(self, users: Sequence[int] | RowArray, day: float = inf) -> tuple[Portrait, ...]:
        """A portrait for each of these shoppers strictly before `day`, without sessions."""
        return tuple(self.portrait(int(user), "", day) for user in users)

    def hear(self, said: Said) -> None:
        """Takes in what a shopper said; of a guest it is the session's until it is known whose that is."""
        self._sayings.say(said)

    def told(self, user: int, session: str) -> Told:
        """What the shopper said, and the session before it was known whose it is."""
        return self._sayings.of(user, session)

    def known(self, user: int, session: str) -> Told:
        """What a guest had said in the session that is this shopper's, as is known from now on."""
        return self._sayings.know(user, session)

    def observe(self, event: Observed) -> None:
        """Takes one event in, for the shopper and for the session; an event without a product changes nothing.

        What a guest did in the session before is the shopper's who is the first to be known in it.
        """
        if event.row < 0:
            return
        with self._lock:
            before = self._as_guest(event) if event.user != NEW_USER else []
            whose = event.user if event.user != NEW_USER else self._claimant(event)
            basket = self._remember_session(event)
            if whose != NEW_USER:
                own = self._lines(whose)
                for line in (*before, Line(event.row, event.day, event.action, event.quantity, basket)):
                    own = own.plus(line)
                self._grown[whose] = own

    def forget(self, user: int, left: Callable[[], Iterable[Observed]] = tuple) -> None:
        """Removes the shopper's history and every session the shopper took part in.

        `left` tells what is left of the last SESSION_DAYS, in order of time: who shared a session goes on with that.
        """
        with self._lock:
            self._grown[user] = no_lines()
            theirs = {name: held for name, held in self._sessions.items() if user in held.users}
            for name in theirs:
                del self._sessions[name]
            if any(len(held.users) > 1 for held in theirs.values()):
                for event in left():
                    if event.session in theirs and event.row >= 0:
                        self._remember_session(event, theirs[event.session].basket)
        self._sayings.forget(user, theirs)

    def _lines(self, user: int) -> Lines:
        grown = self._grown.get(user)
        if grown is not None:
            return grown
        if not 0 <= user < self._log.n_users:
            return no_lines()
        log, start, end = self._log, int(self._log.offsets[user]), int(self._log.offsets[user + 1])
        own = slice(start, end)
        return Lines(log.rows[own], log.days[own], log.actions[own], log.quantities[own], log.baskets[own], end - start)

    def _as_guest(self, event: Observed) -> list[Line]:
        """What was done in the session before anybody in it was known, as `store/guests.py` reads it."""
        held = self._sessions.get(event.session) if event.session else None
        if held is None or held.users or event.day - held.last_day > SESSION_DAYS:
            return []
        return [line for line in held.lines.each() if line.day <= event.day]

    def _claimant(self, event: Observed) -> int:
        """Whose a guest's line is that came late: of the visit's first shopper where it was done before."""
        held = self._sessions.get(event.session) if event.session else None
        if held is None or event.day >= held.first[0] or held.lines.days[0] - event.day > SESSION_DAYS:
            return NEW_USER
        return held.first[1]

    def _remember_session(self, event: Observed, basket: int | None = None) -> int:
        """The basket this event belongs to. Lines outside of any session share a basket by shopper and whole day.

        A session that begins has a `basket` of its own, or the one it had.
        """
        if not event.session:
            return self._day_basket(event)
        held = self._sessions.get(event.session)
        if held is None or event.day - held.last_day > SESSION_DAYS:
            own = self._fresh_basket() if basket is None else basket
            held = _Session(no_lines(), frozenset(), event.day, own, _NOBODY)
        lines = held.lines.plus(Line(event.row, event.day, event.action, event.quantity, held.basket))
        users, first = held.users, held.first
        if event.user != NEW_USER:
            users, first = users | {event.user}, min(first, (event.day, event.user), key=lambda each: each[0])
        self._sessions[event.session] = _Session(lines, users, max(held.last_day, event.day), held.basket, first)
        self._sessions.move_to_end(event.session)
        while len(self._sessions) > self._max_sessions:
            self._sessions.popitem(last=False)
        return held.basket

    def _day_basket(self, event: Observed) -> int:
        lines = self._lines(event.user)
        if lines.n and floor(lines.days[lines.n - 1]) == floor(event.day):  # as nearly always, also in a start's replay
            return int(lines.baskets[lines.n - 1])
        same_day = np.flatnonzero(np.floor(lines.days[: lines.n]) == floor(event.day))
        return int(lines.baskets[same_day[-1]]) if len(same_day) else self._fresh_basket()

    def _fresh_basket(self) -> int:
        self._next_basket += 1
        return self._next_basket - 1
