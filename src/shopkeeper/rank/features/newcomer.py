"""Whether the product is new here, and few have bought it yet."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.observed import Observed
from shopkeeper.rank.pairs import pairs, taken
from shopkeeper.settings import PluginSettings
from shopkeeper.types import PURCHASE, Batch, Candidates, Catalog, DayArray, FloatArray, IntArray, RowArray, Snapshot


class Newcomer:
    """fades / (fades + purchases) of a product that came within `days`, 0 of every other: what is not yet known of it.

    A product is as old as its catalogue says (`created_at`); of one that came after the version was learnt, and does
    not say it, its first purchase counts. No ranker is taught on it: pages without words lean by it, at most `strength`
    of the way from the twentieth to the best product, so that what is new is shown often enough to become known.
    """

    taught: ClassVar[bool] = False
    names = ("new",)

    class Settings(PluginSettings):
        strength: float = Field(
            0.0, ge=0, le=1, description="How far pages without words lean towards new products; 0 not at all."
        )
        days: float = Field(30.0, gt=0, description="So long after it came a product is new.")
        fades: float = Field(3.0, gt=0, description="After so many purchases it leans half as far.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.strength = settings.strength
        # float64 (n_products, 2): the day of coming and the purchases, NaN unknown
        self._state: DayArray = np.empty((0, 2))
        self._learnt = False
        self._lock = threading.Lock()

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        bought = offline.by_row(offline.counts(snapshot.interactions), "n", len(snapshot.catalog))
        self._state, self._learnt = np.stack((snapshot.catalog.created, bought), axis=1), True

    def lifts(self, rows: RowArray | IntArray, day: DayArray | float, context: Mapping[str, str]) -> FloatArray:
        """float32 (n,): from 0 to 1, at `day`, one for all or float64 (n,); nothing else of the moment counts."""
        came, bought = taken(self._state, rows, np.nan).T
        unknown = self.settings.fades / (self.settings.fades + np.nan_to_num(bought))
        age = np.asarray(day) - came
        return np.where((age >= 0) & (age <= self.settings.days), unknown, 0.0).astype(np.float32)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        return self.lifts(shared.rows, np.asarray(shared.day)[shared.request], {})[:, None]

    def observe(self, event: Observed) -> None:
        if event.action == PURCHASE and event.row >= 0:
            with self._lock:
                self._state = state = self._grown(event.row + 1)
                # where nothing was learnt, what is bought for the first time may be as old as the shop
                if self._learnt and np.isnan(state[event.row]).all():
                    state[event.row, 0] = event.day
                state[event.row, 1] = np.nan_to_num(state[event.row, 1]) + 1.0

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        with self._lock:
            self._state = state = self._grown(len(catalog))
            said = rows[np.isfinite(catalog.created[rows])]
            state[said, 0] = catalog.created[said]

    def save(self, folder: Path) -> None:
        np.save(folder / "newcomer.npy", self._state, allow_pickle=False)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._state, self._learnt = np.load(folder / "newcomer.npy", allow_pickle=False), True

    def _grown(self, n: int) -> DayArray:
        """What is held, of at least n rows."""
        if len(self._state) >= n:
            return self._state
        state = np.full((n, 2), np.nan)
        state[: len(self._state)] = self._state
        return state
