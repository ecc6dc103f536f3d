"""What the pages remember of a visitor between two clicks: a bounded memory in this process, lost without harm.

The log of the shop is the truth; this is only what it takes to say "this is new since your last look".
"""

import re
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shopkeeper.types import Action, Page

MOST_VISITS = 2_000
MOST_NOTES = 24
MOST_SEEN = 24
MOST_PAGES = 600
SESSION_ID = re.compile(r"[A-Za-z0-9_-]{16,43}")


@dataclass(frozen=True, slots=True)
class Note:
    """One thing the visitor did, as the next page tells it; `number` grows with every note of the visit."""

    number: int
    action: Action
    words: str
    product_id: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a scene last showed: product ids in order, how much had been noted by then, and the page."""

    number: int
    product_ids: tuple[str, ...]
    request_id: str = ""


@dataclass
class Visit:
    """One visitor's memory. `told` is the number of the last note that a page has told. Thread-safe."""

    notes: deque[Note] = field(default_factory=lambda: deque(maxlen=MOST_NOTES))
    seen: OrderedDict[str, Seen] = field(default_factory=OrderedDict)
    number: int = 0
    told: int = 0
    bought: tuple[tuple[str, int], ...] = ()
    user_id: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, action: Action, words: str, product_id: str = "") -> None:
        """Notes what was done; looking at what was just chosen is not told twice."""
        with self.lock:
            last = self.notes[-1] if self.notes else None
            if last and product_id and last.product_id == product_id and action in (last.action, "view"):
                return
            self.number += 1
            self.notes.append(Note(self.number, action, words, product_id))

    def since(self, number: int) -> list[Note]:
        """The notes after this number, newest first."""
        with self.lock:
            return [note for note in reversed(self.notes) if note.number > number]

    def look(self, scene: str, product_ids: Sequence[str], request_id: str = "") -> Seen | None:
        """Remembers what a scene shows now, and on which page; returns what it showed before."""
        with self.lock:
            before = self.seen.pop(scene, None)
            self.seen[scene] = Seen(self.number, tuple(product_ids), request_id)
            while len(self.seen) > MOST_SEEN:
                self.seen.popitem(last=False)
            return before

    def pages(self, scenes: Sequence[str]) -> tuple[str, ...]:
        """The request_id of the page that each of these scenes last showed; none at all where one is forgotten."""
        with self.lock:
            seen = [self.seen[scene].request_id for scene in scenes if scene in self.seen]
        return tuple(seen) if len(seen) == len(scenes) else ()


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page, and the shop and shopper it was shown to; the shopper is empty for nobody in particular."""

    page: Page
    shop: str
    user_id: str


class Visits:
    """All visitors and the pages they were shown, the least recent forgotten first. Thread-safe."""

    def __init__(
        self,
        most_visits: int = MOST_VISITS,
        most_pages: int = MOST_PAGES,
        held: Callable[[str, str], bool] = lambda shop, user_id: True,
    ) -> None:
        """`held` says whether a shop still holds a shopper: a page under way must not bring back who was forgotten."""
        self._most_visits, self._most_pages = most_visits, most_pages
        self._held = held
        self._visits: OrderedDict[tuple[str, str], Visit] = OrderedDict()
        self._pages: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, shop: str, session: str, user_id: str = "") -> Visit:
        """The visit of a session in a shop, a fresh one where nothing is remembered."""
        with self._lock:
            if user_id and not self._held(shop, user_id):
                return Visit()
            visit = self._visits.setdefault((shop, session), Visit())
            visit.user_id = user_id or visit.user_id
            self._visits.move_to_end((shop, session))
            while len(self._visits) > self._most_visits:
                self._visits.popitem(last=False)
            return visit

    def keep(self, session: str, page: Page, shop: str = "", user_id: str = "") -> None:
        """Keeps a page so that it can be explained to the one it was shown to."""
        with self._lock:
            if user_id and not self._held(shop, user_id):
                return
            self._pages[session, page.request_id] = _Kept(page, shop, user_id)
            while len(self._pages) > self._most_pages:
                self._pages.popitem(last=False)

    def page(self, session: str, request_id: str) -> Page | None:
        """A page that was shown in this session, None where it is no longer kept."""
        kept = self._pages.get((session, request_id))
        return kept.page if kept else None

    def forget(self, shop: str, user_id: str) -> int:
        """Forgets a shopper of a shop: what was noted in every visit and the pages shown; returns how many of both."""
        with self._lock:
            visits = [key for key, visit in self._visits.items() if key[0] == shop and visit.user_id == user_id]
            theirs = {session for _, session in visits}
            pages = [
                key
                for key, kept in self._pages.items()
                if kept.shop == shop and (kept.user_id == user_id or key[0] in theirs)
            ]
            for key in visits:
                del self._visits[key]
            for key in pages:
                del self._pages[key]
            return len(visits) + len(pages)


def session_of(cookie: str | None) -> str:
    """The session a cookie names, a new one where it names none."""
    return cookie if cookie and SESSION_ID.fullmatch(cookie) else secrets.token_urlsafe(18)
