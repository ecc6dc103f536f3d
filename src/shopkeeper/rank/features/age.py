"""How long the product has been there."""

from pathlib import Path

import numpy as np

from shopkeeper.rank.pairs import pairs, taken
from shopkeeper.settings import PluginSettings
from shopkeeper.store.mapped import mapped
from shopkeeper.types import Batch, Candidates, Catalog, DayArray, FloatArray, Snapshot


class Age:
    """Days since anybody first did anything with the product, and since it came into the catalogue; NaN if unknown."""

    class Settings(PluginSettings): ...

    names = ("days_since_first_event", "days_since_created")

    def __init__(self, settings: Settings) -> None:
        # float64 (n_products, 2): the first event's day and the day of creation
        self._first: DayArray = np.empty((0, 2))

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        n = len(snapshot.catalog)
        first = offline.by_row(offline.first_days(snapshot.interactions), "day", n, np.nan)
        self._first = np.stack((first, snapshot.catalog.created), axis=1)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        since = taken(self._first, shared.rows, np.nan)
        return np.asarray(shared.spread(shared.day)[:, None] - since, np.float32)

    def save(self, folder: Path) -> None:
        np.save(folder / "first.npy", self._first)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._first = mapped(folder / "first.npy")
