"""Who stands beside whom: each product's neighbours with weights, learnt and live."""

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.recall.offers import ranges
from shopkeeper.store.mapped import mapped
from shopkeeper.types import BoolArray, DayArray, FloatArray, IntArray, RowArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

BACKWARD = 0.3
"""What a product counts for the one after it, beside what that one counts for it."""
REPLAYED = 250_000
"""Of more events the newest are paired when a start takes them in: bounds the memory of it."""


@dataclass(frozen=True)
class Neighbours:
    """Row i's neighbours are others[starts[i]:starts[i + 1]] with weights float32; starts int64 (n + 1,)."""

    starts: IntArray
    others: RowArray
    weights: FloatArray

    @classmethod
    def of(cls, rows: RowArray, others: RowArray, weights: FloatArray, n_rows: int, most: int) -> "Neighbours":
        """The `most` heaviest neighbours of each row; a pair stands for itself and for BACKWARD times its reverse."""
        from scipy.sparse import csr_array

        forward = csr_array((weights.astype(np.float32), (rows, others)), shape=(n_rows, n_rows))
        return cls.heaviest(csr_array(forward + np.float32(BACKWARD) * forward.T), most)

    @classmethod
    def heaviest(cls, table: "csr_array", most: int) -> "Neighbours":
        """The `most` heaviest entries of each row of a square table float32 (n, n), by column."""
        table.sort_indices()  # so that ties are cut the same way every time
        keep = np.ones(table.nnz, bool)
        for row in np.flatnonzero(np.diff(table.indptr) > most):
            own = slice(table.indptr[row], table.indptr[row + 1])
            keep[own] = _heaviest(table.data[own], most)
        kept = np.append(0, np.cumsum(keep))
        return cls(kept[table.indptr].astype(np.int64), table.indices[keep].astype(np.int32), table.data[keep])

    @classmethod
    def none(cls) -> "Neighbours":
        """Nobody stands beside anybody."""
        return cls(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))

    def of_all(self, seeds: RowArray, factors: DayArray) -> tuple[RowArray, DayArray]:
        """The neighbours of all seeds, one seed after another, each weight times its seed's factor."""
        known = seeds < len(self.starts) - 1
        seeds, factors = seeds[known], factors[known]
        starts = self.starts[seeds]
        counts = self.starts[seeds + 1] - starts
        index = ranges(starts, counts)
        return self.others[index], np.repeat(factors, counts) * self.weights[index].astype(np.float64)

    def save(self, folder: Path) -> None:
        """Writes the three arrays."""
        for name in ("starts", "others", "weights"):
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> "Neighbours":
        """Maps the three arrays from where `save` wrote them."""
        return cls(*(mapped(folder / f"{name}.npy") for name in ("starts", "others", "weights")))


def _heaviest(weights: FloatArray, most: int) -> BoolArray:
    """bool (m,): the `most` heaviest; of equal ones the first."""
    chosen = np.zeros(len(weights), bool)
    chosen[np.argsort(-weights, kind="stable")[:most]] = True
    return chosen


class LivePairs:
    """Pairs that sessions made since the version was learnt, and whose, so that they can be forgotten."""

    def __init__(self, window: int, most_sessions: int, most_pairs: int) -> None:
        self._window = window
        self._most_sessions = most_sessions
        self._most_pairs = most_pairs
        self._sessions: OrderedDict[tuple[int, str], deque[int]] = OrderedDict()
        self._pairs: OrderedDict[tuple[int, int, int], float] = OrderedDict()
        self._beside: dict[int, dict[int, float]] = {}
        self._lock = threading.Lock()

    def see(self, user: int, session: str, row: int) -> None:
        """The shopper came to this product: it stands beside the session's earlier ones, nearer ones counting more.

        An earlier product gains 1 / distance towards the new one, the new one BACKWARD times that towards it.
        """
        with self._lock:
            key = (user, session)
            earlier = self._sessions.setdefault(key, deque(maxlen=self._window))
            self._sessions.move_to_end(key)
            if earlier and earlier[-1] == row:
                return
            for distance, other in enumerate(reversed(earlier), start=1):
                if other != row:
                    self._add(user, other, row, 1.0 / distance)
                    self._add(user, row, other, BACKWARD / distance)
            earlier.append(row)
            while len(self._sessions) > self._most_sessions:
                self._sessions.popitem(last=False)
            while len(self._pairs) > self._most_pairs:
                (_, gone, other), weight = self._pairs.popitem(last=False)
                self._take(gone, other, weight)

    def see_all(self, users: RowArray, sessions: Sequence[str], rows: RowArray) -> None:
        """As `see` for each of these, int32 (n,), in order of arrival: the newest REPLAYED of them, at once.

        But for pairs that were pushed out and came again: they count what they added in all.
        """
        if self._sessions:
            for each in zip(users.tolist(), sessions, rows.tolist(), strict=True):
                self.see(*each)
            return
        newest = slice(max(0, len(rows) - REPLAYED), None)
        users, sessions, rows = users[newest], sessions[newest], rows[newest]
        keys = list(zip(users.tolist(), sessions, strict=True))
        number = {key: at for at, key in enumerate(dict.fromkeys(reversed(keys)))}  # the session seen last first
        session = np.array([number[key] for key in keys], np.int64)
        order = np.argsort(session, kind="stable")
        again = (session[order][1:] == session[order][:-1]) & (rows[order][1:] == rows[order][:-1])
        visited = order[np.append(True, ~again)[: len(order)]]  # who stays at a product does not come to it again
        pairs = self._made(users[visited], session[visited], rows[visited], visited)
        with self._lock:
            for pair in zip(*pairs, strict=True):
                self._add(*pair)
            ends = np.searchsorted(session[visited], np.arange(len(number) + 1))
            for key, at in list(number.items())[: self._most_sessions][::-1]:
                last = rows[visited[max(ends[at], ends[at + 1] - self._window) : ends[at + 1]]]
                self._sessions[key] = deque(last.tolist(), maxlen=self._window)

    def _made(
        self, users: RowArray, session: IntArray, rows: RowArray, arrival: IntArray
    ) -> tuple[list[int], list[int], list[int], list[float]]:
        """The pairs of events that lie session by session, as many as are held, each once, the last made last: users,
        rows, the others and weights."""
        firsts, seconds, weights, moments = [], [], [], []
        for distance in range(1, self._window + 1):
            newer = np.flatnonzero(session[distance:] == session[:-distance]) + distance
            newer = newer[rows[newer] != rows[newer - distance]]
            for first, second, weight in ((newer - distance, newer, 1.0), (newer, newer - distance, BACKWARD)):
                firsts.append(first)
                seconds.append(second)
                weights.append(np.full(len(newer), weight / distance))
                moments.append((arrival[newer] * self._window + distance) * 2 + (weight == BACKWARD))
        first, second, moment = np.concatenate(firsts), np.concatenate(seconds), np.concatenate(moments)
        (_, user), (known, row) = (np.unique(own, return_inverse=True) for own in (users, rows))
        key = (user[first] * len(known) + row[first]) * len(known) + row[
            second
        ]  # of REPLAYED events at most: no overflow
        _, at, which = np.unique(key, return_index=True, return_inverse=True)
        last = np.zeros(len(at), np.int64)
        np.maximum.at(last, which, moment)
        summed = np.bincount(which, np.concatenate(weights), len(at))
        newest = np.argsort(last)[-self._most_pairs :]
        first, second = first[at][newest], second[at][newest]
        return users[first].tolist(), rows[first].tolist(), rows[second].tolist(), summed[newest].tolist()

    def of_all(self, seeds: RowArray, factors: DayArray) -> list[tuple[int, int, float]]:
        """(seed, other, weight x factor) for every live neighbour of the seeds."""
        if not self._beside:
            return []
        with self._lock:
            return [
                (seed, other, weight * factor)
                for seed, factor in zip(seeds.tolist(), factors.tolist(), strict=True)
                for other, weight in self._beside.get(seed, {}).items()
            ]

    def forget(self, user: int) -> None:
        """Takes out what this shopper's sessions added."""
        with self._lock:
            for key in [key for key in self._sessions if key[0] == user]:
                del self._sessions[key]
            for pair in [pair for pair in self._pairs if pair[0] == user]:
                self._take(pair[1], pair[2], self._pairs.pop(pair))

    def _add(self, user: int, row: int, other: int, weight: float) -> None:
        beside = self._beside.setdefault(row, {})
        beside[other] = beside.get(other, 0.0) + weight
        key = (user, row, other)
        self._pairs[key] = self._pairs.get(key, 0.0) + weight
        self._pairs.move_to_end(key)

    def _take(self, row: int, other: int, weight: float) -> None:
        beside = self._beside[row]
        beside[other] -= weight
        if beside[other] <= 1e-9:
            del beside[other]
        if not beside:
            del self._beside[row]
