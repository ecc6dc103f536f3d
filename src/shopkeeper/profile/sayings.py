"""What shoppers said of themselves: by shopper, and by session while nobody knows whose it is."""

import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, replace

from shopkeeper.portrait import Refused, Said
from shopkeeper.tastes import Answer
from shopkeeper.types import NEW_USER

MOST_GUESTS = 100_000
MOST_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class Told:
    """Answers, oldest first, one of each question: the latest; and the traits refused."""

    answers: tuple[Answer, ...] = ()
    refused: frozenset[Refused] = frozenset()

    def plus(self, said: Said) -> "Told":
        """With one more thing said."""
        if said.answer is not None:
            return self.with_answers((said.answer,))
        own = frozenset() if said.refused is None else frozenset({said.refused})
        return replace(self, refused=self.refused - own if said.again else self.refused | own)

    def with_answers(self, answers: tuple[Answer, ...]) -> "Told":
        """With these answers, each in place of an earlier one to the same question."""
        fresh = {(one.first, one.second) for one in answers}
        kept = tuple(one for one in self.answers if (one.first, one.second) not in fresh)
        return replace(self, answers=(*kept, *answers)[-MOST_ANSWERS:])

    def joined(self, guest: "Told") -> "Told":
        """With what was said before the shopper was known; said twice it counts once."""
        return replace(self.with_answers(guest.answers), refused=self.refused | guest.refused)


NOTHING_TOLD = Told()


class Sayings:
    """Thread-safe; what was handed out never changes."""

    def __init__(self, most_guests: int = MOST_GUESTS) -> None:
        self._users: dict[int, Told] = {}
        self._guests: OrderedDict[str, Told] = OrderedDict()
        self._most_guests = most_guests
        self._lock = threading.Lock()

    def of(self, user: int, session: str) -> Told:
        """What the shopper said, and the session before it was known whose it is."""
        own, guest = self._users.get(user, NOTHING_TOLD), self._guests.get(session, NOTHING_TOLD)
        if guest is NOTHING_TOLD:
            return own
        return guest if own is NOTHING_TOLD else own.joined(guest)

    def say(self, said: Said) -> None:
        """Takes one thing in."""
        with self._lock:
            if said.user != NEW_USER:
                self._users[said.user] = self._users.get(said.user, NOTHING_TOLD).plus(said)
            elif said.session:
                self._guests[said.session] = self._guests.get(said.session, NOTHING_TOLD).plus(said)
                self._guests.move_to_end(said.session)
                while len(self._guests) > self._most_guests:
                    self._guests.popitem(last=False)

    def know(self, user: int, session: str) -> Told:
        """What the session had said, which from now on is the shopper's; nothing when it is told again."""
        if user == NEW_USER or session not in self._guests:
            return NOTHING_TOLD
        with self._lock:
            guest = self._guests.pop(session, NOTHING_TOLD)
            self._users[user] = self._users.get(user, NOTHING_TOLD).joined(guest)
        return guest

    def forget(self, user: int, sessions: Collection[str] = ()) -> None:
        """Removes what the shopper said, and what was said in these sessions."""
        with self._lock:
            self._users.pop(user, None)
            for session in sessions:
                self._guests.pop(session, None)
