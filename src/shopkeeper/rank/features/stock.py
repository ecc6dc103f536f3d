"""Whether the product can be had."""

from pathlib import Path

import numpy as np

from shopkeeper.rank.pairs import pairs
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Batch, BoolArray, Candidates, Catalog, FloatArray, RowArray, Snapshot


class Stock:
    """1 for what is in stock, 0 for what is not, NaN for what the catalogue does not hold."""

    class Settings(PluginSettings): ...

    names = ("available",)

    def __init__(self, settings: Settings) -> None:
        self._available: BoolArray = np.empty(0, bool)

    def fit(self, snapshot: Snapshot) -> None:
        self._available = snapshot.catalog.available

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        rows = pairs(batch, candidates).rows
        found = np.full((len(rows), 1), np.nan, np.float32)
        inside = rows < len(self._available)
        found[inside, 0] = self._available[rows[inside]]
        return found

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        self._available = catalog.available

    def save(self, folder: Path) -> None:
        """Nothing to write: stock comes with the catalogue."""

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._available = catalog.available
