"""Products that nobody had bought when a transformer learnt: where their first buyers show that they stand."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from shopkeeper.types import NEW_USER, FloatArray, RowArray

_MOST_EVENTS = 50
"""Of each product so many of the first events count: by then it wants learning anew, not more of them."""
_MOST_PRODUCTS = 5_000
"""Of more new products those whose first buyer came first stand by their text again."""
_BLOCK = 1 << 22
"""So many cosines are held at a time."""


@dataclass(frozen=True)
class Reference:
    """What shoppers look for, to weigh a product by: tastes float32 (r, d), unit vectors, and of each the log of what
    all products' exp(sharpness x cosine) come to, float32 (r,).
    """

    tastes: FloatArray
    totals: FloatArray
    sharpness: float

    @classmethod
    def of(cls, tastes: FloatArray, items: FloatArray, sharpness: float) -> Self:
        """Of these tastes, among these products float32 (n, d)."""
        sums, step = np.zeros(len(tastes), np.float32), max(1, _BLOCK // max(1, len(tastes)))
        for start in range(0, len(items), step):
            sums += np.exp(sharpness * (tastes @ items[start : start + step].T)).sum(axis=1)
        return cls(tastes, np.log(sums), sharpness)

    @property
    def mean(self) -> FloatArray:
        return np.asarray(self.tastes.mean(axis=0), np.float32)

    def mass(self, item: FloatArray) -> float:
        """The log of the mean odds of a product of this vector, float32 (d,), against all that were known."""
        return float(np.log(np.exp(self.sharpness * (self.tastes @ item) - self.totals).mean()))


@dataclass(frozen=True)
class Moved:
    """Rows int32 (m,) that stand elsewhere than the table says: vectors float32 (m, d), what is added to their log
    scores float32 (m,), and each row's place.
    """

    rows: RowArray
    items: FloatArray
    offsets: FloatArray
    place: Mapping[int, int]

    @classmethod
    def none(cls, d: int) -> Self:
        return cls(np.empty(0, np.int32), np.empty((0, d), np.float32), np.empty(0, np.float32), {})

    def placed(self, read: RowArray, items: FloatArray) -> FloatArray:
        """The vectors of the rows read, float32 (h, d), each moved one's own in its place."""
        for at, row in enumerate(read.tolist()) if self.place else ():
            if row in self.place:
                items[at] = self.items[self.place[row]]
        return items

    def plus(self, row: int, item: FloatArray, offset: float) -> "Moved":
        """The same with this row there, in arrays of its own."""
        at = self.place.get(row)
        if at is None:
            rows, items = np.append(self.rows, np.int32(row)), np.concatenate((self.items, item[None]))
            return Moved(rows, items, np.append(self.offsets, np.float32(offset)), {**self.place, row: len(self.rows)})
        items, offsets = self.items.copy(), self.offsets.copy()
        items[at], offsets[at] = item, offset
        return Moved(self.rows, items, offsets, self.place)

    def without(self, gone: set[int]) -> "Moved":
        """The same without these rows."""
        kept = [at for at, row in enumerate(self.rows.tolist()) if row not in gone]
        rows = self.rows[kept]
        return Moved(rows, self.items[kept], self.offsets[kept], {row: at for at, row in enumerate(rows.tolist())})


@dataclass
class _Shown:
    """Where a product's text puts it, the log of its mass there, and what each buyer looked for: (user, taste float32
    (d,) less the mean, how much it counts).
    """

    start: FloatArray
    mass: float
    events: list[tuple[int, FloatArray, float]] = field(default_factory=list)


class Arrivals:
    """A new product's vector: `prior` times where its text puts it, and what each of its buyers had looked for.

    Each buyer's taste counts less the mean of all tastes, and the product's log scores are held back by so much that
    over all shoppers it comes next as often as its text alone had let it: to whom a product is shown changes, not how
    often. Without that, vectors that are means of tastes are near to everybody: see docs/LOG.md. Thread-safe.
    """

    def __init__(self, reference: Reference, prior: float) -> None:
        self.reference, self._prior = reference, prior
        self._mean = reference.mean
        self._shown: OrderedDict[int, _Shown] = OrderedDict()
        self._lock = threading.Lock()
        self.moved = Moved.none(reference.tastes.shape[1])

    def takes(self, row: int) -> bool:
        """Whether another event of the product would count."""
        shown = self._shown.get(row)
        return shown is None or len(shown.events) < _MOST_EVENTS

    def see(self, row: int, user: int, looked_for: tuple[FloatArray, float], start: FloatArray) -> None:
        """Somebody who looked for this, float32 (d,), took the product, which its text puts at `start` float32 (d,).

        `looked_for` has how much it counts beside it: of several events of one shopper the one that counts most does.
        """
        taste, weight = looked_for
        with self._lock:
            shown = self._shown.setdefault(row, _Shown(start, self.reference.mass(start)))
            own = [at for at, event in enumerate(shown.events) if event[0] == user != NEW_USER]
            if own and shown.events[own[0]][2] >= weight:
                return
            if own:
                shown.events[own[0]] = user, taste - self._mean, weight
            elif len(shown.events) < _MOST_EVENTS:
                shown.events.append((user, taste - self._mean, weight))
            self._place(row)
            if len(self._shown) > _MOST_PRODUCTS:
                gone, _ = self._shown.popitem(last=False)
                self.moved = self.moved.without({gone})

    def start(self, row: int, start: FloatArray) -> None:
        """The product is described anew: its text puts it there."""
        with self._lock:
            shown = self._shown.get(row)
            if shown is not None:
                shown.start, shown.mass = start, self.reference.mass(start)
                self._place(row)

    def forget(self, user: int) -> None:
        """Takes out what this shopper's events said."""
        with self._lock:
            touched = [row for row, shown in self._shown.items() if any(own == user for own, *_ in shown.events)]
            for row in touched:
                shown = self._shown[row]
                shown.events = [event for event in shown.events if event[0] != user]
                if shown.events:
                    self._place(row)
            gone = {row for row in touched if not self._shown[row].events}
            for row in gone:
                del self._shown[row]
            if gone:
                self.moved = self.moved.without(gone)

    def _place(self, row: int) -> None:
        """Moves the product to where its text and its buyers put it."""
        shown = self._shown[row]
        total = self._prior * shown.start + sum(weight * taste for _, taste, weight in shown.events)
        length = float(np.linalg.norm(total))
        item = np.asarray(total / length, np.float32) if length > 0 else shown.start
        self.moved = self.moved.plus(row, item, shown.mass - self.reference.mass(item))
