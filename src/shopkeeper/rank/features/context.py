"""What is bought at this time of the day, more than at others."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import orjson
from pydantic import Field

from shopkeeper.rank.pairs import pairs
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Batch, Candidates, Catalog, DayArray, FloatArray, IntArray, RowArray, Snapshot

SPANS = np.array([0] * 6 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4 + [5] * 2, np.int64)
"""The part of the day that each hour belongs to: the night is long."""
N_SPANS = int(SPANS.max()) + 1
FILES = ("paths.json", "lifts.npy")
CategoryPath = tuple[str, ...]


class Context:
    """log of (purchases of the category in this part of the day + prior) / (those expected of its total + prior).

    Expected is by the part of all purchases that the shop sells then: a category with few purchases, and an hour that
    says nothing of it, have about 0. No ranker is taught on it, since windows all ask at one hour; pages without words
    lean by it, `strength` of the way from the twentieth to the best product for each factor of e.
    """

    taught: ClassVar[bool] = False
    names = ("hour",)

    class Settings(PluginSettings):
        strength: float = Field(
            # weeks 45 and 46 of Complete Journey: see docs/LOG.md, 2026-11-23
            0.37,
            ge=0,
            le=1,
            description="How far pages without words lean by the hour; 0 not at all.",
        )
        prior: float = Field(
            1000.0, gt=0, description="A category starts with so many purchases at the shop's usual hours."
        )
        utc_offset_hours: float = Field(0.0, ge=-12, le=14, description="The shop's clock, in hours ahead of UTC.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.strength = settings.strength
        self._paths: dict[CategoryPath, int] = {}
        # float32 (n_paths + 1, N_SPANS): the last is of products whose category nobody knew
        self._lifts: FloatArray = np.zeros((1, N_SPANS), np.float32)
        self._classes: RowArray = np.empty(0, np.int32)

    def fit(self, snapshot: Snapshot) -> None:
        import ibis  # half a second that only learning needs
        import pyarrow as pa

        from shopkeeper.store import offline

        shelf = snapshot.catalog
        classes = {"row": np.arange(len(shelf), dtype=np.int32), "klass": shelf.categories}
        found = offline.hours(snapshot.interactions, ibis.memtable(pa.table(classes)), self.settings.utc_offset_hours)
        table = found.to_pyarrow()
        klass, hour, n = (table[name].to_numpy() for name in ("klass", "hour", "n"))
        known = klass >= 0
        self._paths = {path: at for at, path in enumerate(shelf.category_paths)}
        self._lifts = self._learnt(klass[known], SPANS[hour[known].astype(np.int64) % 24], n[known].astype(np.float64))
        self._classes = self._classes_of(shelf)

    def _learnt(self, klass: IntArray, span: IntArray, n: DayArray) -> FloatArray:
        size = len(self._paths) + 1
        counts = np.bincount(klass * N_SPANS + span, n, size * N_SPANS).reshape(size, N_SPANS)
        share = counts.sum(axis=0) / max(float(counts.sum()), 1.0)
        expected = np.where(share > 0, share, 1.0)
        prior = self.settings.prior
        lifts = np.log((counts / expected + prior) / (counts.sum(axis=1, keepdims=True) + prior))
        return np.where(share > 0, lifts, 0.0).astype(np.float32)

    def lifts(self, rows: RowArray | IntArray, days: DayArray | float) -> FloatArray:
        """float32 (n,): the lift of each row's category at the hour of `days`, one for all or float64 (n,)."""
        hours = np.floor((np.asarray(days) + self.settings.utc_offset_hours / 24.0) % 1.0 * 24.0).astype(np.int64) % 24
        known = rows < len(self._classes)
        classes = np.full(len(rows), len(self._lifts) - 1, np.int64)
        classes[known] = self._classes[rows[known]]
        return np.asarray(self._lifts[classes, SPANS[hours]], np.float32)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        return self.lifts(shared.rows, np.asarray(shared.day)[shared.request])[:, None]

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        classes = np.full(len(catalog), len(self._lifts) - 1, np.int32)
        classes[: len(self._classes)] = self._classes
        classes[rows] = self._classes_of(catalog, rows)
        self._classes = classes

    def save(self, folder: Path) -> None:
        (folder / FILES[0]).write_bytes(orjson.dumps(list(self._paths)))
        np.save(folder / FILES[1], self._lifts, allow_pickle=False)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._paths = {tuple(path): at for at, path in enumerate(orjson.loads((folder / FILES[0]).read_bytes()))}
        self._lifts = np.load(folder / FILES[1], allow_pickle=False)
        self._classes = self._classes_of(catalog)

    def _classes_of(self, catalog: Catalog, rows: RowArray | slice = slice(None)) -> RowArray:
        """int32 (m,): the place of each row's category among those that were learnt, the last where it was not."""
        places = [self._paths.get(path, len(self._lifts) - 1) for path in (*catalog.category_paths, ())]
        return np.array(places, np.int32)[catalog.categories[rows]]
