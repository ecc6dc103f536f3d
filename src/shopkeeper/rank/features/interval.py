"""Whether the product is due again: the rhythm of the shopper, else of all shoppers."""

from pathlib import Path

import numpy as np
from pydantic import Field

from shopkeeper.rank.pairs import Groups, pairs
from shopkeeper.settings import PluginSettings
from shopkeeper.store.mapped import mapped
from shopkeeper.types import PURCHASE, Batch, Candidates, Catalog, DayArray, FloatArray, Interactions, Snapshot


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
        self._usual = 30.0

    def fit(self, snapshot: Snapshot) -> None:
        self._gaps, self._usual = _product_gaps(snapshot.log, len(snapshot.catalog), self._prior)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        lines, bought = shared.purchases, shared.bought
        since, known = bought.first(lines.age), bought.last(lines.age)
        repeats = np.maximum(bought.sums(np.ones(len(lines))) - 1, 0)
        own = np.where(repeats > 0, (known - since) / np.maximum(repeats, 1), np.nan)
        spread = np.sqrt(np.maximum(_mean_square_gap(bought, lines.age) - own**2, 0)) / np.maximum(own, 0.5)
        product = np.full(len(shared.rows), self._usual)
        inside = shared.rows < len(self._gaps)
        product[inside] = self._gaps[shared.rows[inside]]
        mixed = (np.where(repeats > 0, known - since, 0) + self._prior * product) / (repeats + self._prior)
        back = lines.basket_back.astype(np.float64)
        baskets_gap = np.where(repeats > 0, (bought.last(back) - bought.first(back)) / np.maximum(repeats, 1), np.nan)
        columns = [
            own,
            spread,
            since / np.maximum(own, 0.5),
            product,
            since / product,
            since / np.maximum(mixed, 0.5),
            baskets_gap,
            (bought.first(back) + 1) / np.maximum(baskets_gap, 0.5),
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    def save(self, folder: Path) -> None:
        np.save(folder / "gaps.npy", np.append(self._gaps, np.float32(self._usual)))

    def load(self, folder: Path, catalog: Catalog) -> None:
        saved = mapped(folder / "gaps.npy")
        self._gaps, self._usual = saved[:-1], float(saved[-1])


def _mean_square_gap(bought: Groups, age: DayArray) -> DayArray:
    """The mean of the squared gaps between neighbouring purchases for each candidate, NaN where there is no gap."""
    ordered = age[bought.order]
    gaps = np.zeros(len(ordered))
    gaps[:-1] = ordered[:-1] - ordered[1:]
    ends = np.append(bought.starts[1:], len(ordered)) - 1
    if len(ordered):
        gaps[ends] = 0.0
        sums = np.add.reduceat(gaps**2, bought.starts)
        counts = np.diff(np.append(bought.starts, len(ordered))) - 1
        return bought.spread(sums / np.where(counts > 0, counts, np.nan), np.nan)
    return np.full(len(bought.of), np.nan)


def _product_gaps(log: Interactions, n_products: int, prior: float) -> tuple[FloatArray, float]:
    """Mean days between two purchases of a product by one shopper, float32 (n_products,), and over all products.

    Each product's mean is drawn towards the mean of all by `prior` gaps.
    """
    bought = np.flatnonzero(log.actions == PURCHASE)
    users, rows, days = log.users[bought], log.rows[bought], log.days[bought]
    order = np.lexsort((days, rows, users))
    same = (np.diff(users[order]) == 0) & (np.diff(rows[order]) == 0) & (np.diff(days[order]) > 0)
    gap, row = np.diff(days[order])[same], rows[order][1:][same]
    usual = float(gap.mean()) if len(gap) else 30.0
    count = np.bincount(row, minlength=n_products)
    total = np.bincount(row, gap, n_products)
    return ((total + prior * usual) / (count + prior)).astype(np.float32), usual
