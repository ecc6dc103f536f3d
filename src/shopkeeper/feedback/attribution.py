"""Which search a click, a cart or a purchase followed."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from shopkeeper.text import normalise
from shopkeeper.types import Action, Event

CHOOSING: frozenset[Action] = frozenset({"click", "add_to_cart", "purchase"})
LATELY_S = 1_800.0
"""What names no page and no query belongs to the visit's latest search, if that is no longer ago."""
OF_ONE = 3
"""So many products at most that name no page and no query belong to one search."""
VISITS, PRODUCTS = 20_000, 200
"""So many visits are remembered, and of each so many products."""


class Origin(NamedTuple):
    """The query, in normal form, that led to a choice, empty where none did; its place on the page, -1 unknown."""

    query: str
    place: int = -1


NOWHERE = Origin("")


@dataclass(slots=True)
class _Visit:
    """The latest search of a visit, when, how much it led to; and where each product was first chosen."""

    user_id: str
    query: str = ""
    timestamp: float = 0.0
    led_to: int = 0
    chosen: OrderedDict[str, Origin] = field(default_factory=OrderedDict)


class Attribution:
    """Says of each event, in order, which search it followed. Thread-safe; bounded, the oldest visits go first.

    The page that the event names says so; else the query that it names; else where the visit first chose the product,
    so that what is bought at the till belongs to the search that it was put into the cart from; else the visit's latest
    search. `query_of` says what a page was asked for: empty for one without a query, None where it is not known.
    """

    def __init__(self, query_of: Callable[[str], str | None]) -> None:
        self._query_of = query_of
        self._visits: OrderedDict[str, _Visit] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, event: Event) -> Origin:
        """Which search the event followed."""
        if event.action == "search" and event.query.strip():
            with self._lock:
                self._searched(event)
        if event.action not in CHOOSING or not event.product_id:
            return NOWHERE
        named = self._named(event)  # a page is looked up in the shop's database: nobody waits for that
        with self._lock:
            visit = self._visit(event)
            if visit is None:
                return named or NOWHERE
            origin = named or visit.chosen.get(event.product_id) or _lately(event, visit)
            visit.chosen[event.product_id] = origin
            if len(visit.chosen) > PRODUCTS:
                visit.chosen.popitem(last=False)
            return origin

    def forget(self, user_id: str) -> None:
        """Nothing of this shopper's visits is remembered any more."""
        with self._lock:
            for name in [name for name, visit in self._visits.items() if visit.user_id == user_id]:
                del self._visits[name]

    def _searched(self, event: Event) -> None:
        if (visit := self._visit(event)) is not None:
            visit.query, visit.timestamp, visit.led_to = normalise(event.query), event.timestamp, 0

    def _named(self, event: Event) -> Origin | None:
        """What the event itself says."""
        page = self._query_of(event.request_id) if event.request_id else None
        query = event.query if page is None else page
        if page is None and not query.strip():
            return None
        return Origin(normalise(query), -1 if event.position is None else event.position)

    def _visit(self, event: Event) -> _Visit | None:
        """The visit of a session; of a shopper where no session is named; None of nobody."""
        name = f"session {event.session_id}" if event.session_id else f"user {event.user_id}" if event.user_id else ""
        if not name:
            return None
        visit = self._visits.pop(name, None) or _Visit(event.user_id)
        visit.user_id = event.user_id or visit.user_id
        self._visits[name] = visit
        if len(self._visits) > VISITS:
            self._visits.popitem(last=False)
        return visit


def _lately(event: Event, visit: _Visit) -> Origin:
    """The visit's latest search, where the event may belong to it."""
    if not visit.query or not 0.0 <= event.timestamp - visit.timestamp <= LATELY_S or visit.led_to >= OF_ONE:
        return NOWHERE
    visit.led_to += 1
    return Origin(visit.query, -1 if event.position is None else event.position)
