"""What each shopper searched for lately: kept in memory only, bounded, and forgotten with the shopper."""

import threading
from collections import OrderedDict
from collections.abc import Iterable

from shopkeeper.text import folded

SHOPPERS = 10_000
"""So many shoppers and sessions are remembered, those who searched last."""
EACH = 20


class Searches:
    """The latest queries of each shopper and session, latest first. Thread-safe."""

    def __init__(self) -> None:
        self._of: OrderedDict[tuple[str, str], tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, user_id: str, session_id: str, query: str) -> None:
        """Remembers a search of the shopper, as it was written last; of the session where nobody is known."""
        who = _who(user_id, session_id)
        if who is None or not query.strip():
            return
        with self._lock:
            before = self._of.pop(who, ())
            others = (other for other in before if folded(other) != folded(query))
            self._of[who] = (query.strip(), *others)[:EACH]
            if len(self._of) > SHOPPERS:
                self._of.popitem(last=False)

    def of(self, user_id: str, session_id: str) -> tuple[str, ...]:
        """What the shopper searched for, latest first."""
        who = _who(user_id, session_id)
        return self._of.get(who, ()) if who else ()

    def forget(self, user_id: str, visits: Iterable[str] = ()) -> None:
        """Nothing of this shopper is remembered any more, nor of a guest in these visits."""
        with self._lock:
            for who in (("user", user_id), *(("session", visit) for visit in visits)):
                self._of.pop(who, None)


def _who(user_id: str, session_id: str) -> tuple[str, str] | None:
    return ("user", user_id) if user_id else ("session", session_id) if session_id else None
