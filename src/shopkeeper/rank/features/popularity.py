"""How popular the product is now, lately and for long, and where that is going."""

import threading
from pathlib import Path

import numpy as np
from pydantic import Field

from shopkeeper.observed import Observed
from shopkeeper.ports import Past
from shopkeeper.rank.pairs import pairs, taken
from shopkeeper.settings import PluginSettings
from shopkeeper.store.mapped import mapped
from shopkeeper.types import PURCHASE, Batch, Candidates, Catalog, DayArray, FloatArray, Snapshot

_FAR = 100.0
"""After so many of the shortest half-lives the counts are brought to the new day: 2 ** 1024 is infinite."""


class Popularity:
    """Purchases that fade with each half-life (log of one plus), and the ratio of each fast rate to the slowest."""

    class Settings(PluginSettings):
        half_lives_days: tuple[float, ...] = Field((1.0, 7.0, 60.0), description="How fast a purchase fades, rising.")

    names: tuple[str, ...]

    def __init__(self, settings: Settings) -> None:
        self._half_lives = np.array(settings.half_lives_days)
        names = [f"{days:g}d" for days in settings.half_lives_days]
        self.names = (*names, *(f"trend_{name}" for name in names[:-1]))
        # one pair, replaced together: weights float64 (n_products, n_half_lives) as they stand on that day
        self._state: tuple[DayArray, float] = np.zeros((0, len(names))), 0.0
        self._lock = threading.Lock()

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        table, day, n = snapshot.interactions, snapshot.day, len(snapshot.catalog)
        faded = [offline.by_row(offline.popularity(table, day, float(life)), "weight", n) for life in self._half_lives]
        self._state = np.stack(faded, axis=1), day

    def observe(self, event: Observed) -> None:
        if event.action != PURCHASE or event.row < 0:
            return
        with self._lock:
            weights, day = self._state
            missing = max(event.row + 1 - len(weights), 0)
            if missing or not weights.flags.writeable:
                weights = np.concatenate([weights, np.zeros((missing, len(self._half_lives)))])
            if event.day - day > _FAR * self._half_lives.min():
                weights, day = weights * np.exp2((day - event.day) / self._half_lives), event.day
            weights[event.row] += np.exp2((event.day - day) / self._half_lives)
            self._state = weights, day

    def replay(self, past: Past) -> None:
        kept = (past.rows >= 0) & (past.actions == PURCHASE)
        rows, days = past.rows[kept], past.days[kept]
        if not len(rows):
            return
        with self._lock:
            weights, before = self._state
            day, n = max(before, float(days.max())), max(len(weights), int(rows.max()) + 1)
            grown = np.zeros((n, len(self._half_lives)))
            grown[: len(weights)] = weights * np.exp2((before - day) / self._half_lives)
            for place, life in enumerate(self._half_lives):
                grown[:, place] += np.bincount(rows, np.exp2((days - day) / life), n)
            self._state = grown, day

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared, (weights, day) = pairs(batch, candidates), self._state
        left = np.exp2(-np.maximum(shared.day - day, 0.0)[:, None] / self._half_lives)
        faded = taken(weights, shared.rows, 0.0) * left[shared.request]
        # a tenth of a purchase keeps the ratio of two rates finite
        rates = (faded + 0.1) / self._half_lives
        return np.concatenate([np.log1p(faded), np.log(rates[:, :-1] / rates[:, -1:])], axis=1).astype(np.float32)

    def save(self, folder: Path) -> None:
        weights, day = self._state
        np.save(folder / "weights.npy", weights)
        np.save(folder / "day.npy", np.array(day))

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._state = mapped(folder / "weights.npy"), float(np.load(folder / "day.npy"))
