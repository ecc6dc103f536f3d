"""Whether the product is due again: the rhythm of the shopper, else of all shoppers."""

from pathlib import Path

import numpy as np
from pydantic import Field

from shopkeeper.rank.pairs import Pairs, pairs, side_by_side, taken
from shopkeeper.settings import PluginSettings
from shopkeeper.store.mapped import mapped
from shopkeeper.types import Batch, Candidates, Catalog, DayArray, FloatArray, Snapshot

_USUAL_DAYS = 30.0
"""Between two purchases of a product, where nobody ever bought one again."""


class Interval:
    """Mean gap between purchases of the product, its regularity, and the time since the last one measured in gaps.

    The shopper's own mean gap is drawn towards the product's by `prior` gaps: one repeat does not make a rhythm.
    """

    class Settings(PluginSettings):
        prior: float = Field(2.0, gt=0, description="How many gaps of everybody weigh as much as the shopper's own.")

    names = ("own_gap", "own_spread", "own_due", "product_gap", "product_due", "due", "baskets_gap", "baskets_due")

    def __init__(self, settings: Settings) -> None:
        self._prior = settings.prior
        self._gaps: FloatArray = np.empty(0, np.float32)
        self._usual = _USUAL_DAYS

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        intervals = offline.repeat_intervals(snapshot.interactions)
        count, days = offline.columns_by_row(intervals, ("n_intervals", "days"), len(snapshot.catalog))
        self._usual = float(days.sum() / count.sum()) if count.any() else _USUAL_DAYS
        self._gaps = ((days + self._prior * self._usual) / (count + self._prior)).astype(np.float32)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        (since, known), (baskets_since, baskets_known) = shared.days, shared.baskets
        repeats = np.maximum(shared.times - 1, 0)
        own = np.where(repeats > 0, (known - since) / np.maximum(repeats, 1), np.nan)
        spread = np.sqrt(np.maximum(_mean_square_gap(shared) - own**2, 0)) / np.maximum(own, 0.5)
        product = taken(self._gaps, shared.rows, self._usual).astype(np.float64)
        mixed = (np.where(repeats > 0, known - since, 0) + self._prior * product) / (repeats + self._prior)
        baskets_gap = np.where(repeats > 0, (baskets_known - baskets_since) / np.maximum(repeats, 1), np.nan)
        columns = [
            own,
            spread,
            since / np.maximum(own, 0.5),
            product,
            since / product,
            since / np.maximum(mixed, 0.5),
            baskets_gap,
            (baskets_since + 1) / np.maximum(baskets_gap, 0.5),
        ]
        return side_by_side(columns)

    def save(self, folder: Path) -> None:
        np.save(folder / "gaps.npy", np.append(self._gaps, np.float32(self._usual)))

    def load(self, folder: Path, catalog: Catalog) -> None:
        saved = mapped(folder / "gaps.npy")
        self._gaps, self._usual = saved[:-1], float(saved[-1])


def _mean_square_gap(shared: Pairs) -> DayArray:
    """The mean of the squared gaps between neighbouring purchases for each candidate, NaN where there is no gap."""
    order = shared.bought.order
    age, group = shared.purchases.age[order], shared.bought.line_of[order]
    squares = np.where(group[1:] == group[:-1], (age[:-1] - age[1:]) ** 2, 0.0)
    sums = np.bincount(group[:-1], squares, shared.bought.n_groups)[shared.bought.of]
    return np.asarray(sums / np.where(shared.times > 1, shared.times - 1, np.nan))
