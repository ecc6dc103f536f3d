"""What the product costs, beside what this shopper usually takes."""

from pathlib import Path

import numpy as np
from pydantic import Field

from shopkeeper.rank.pairs import pairs, side_by_side, taken
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Batch, Candidates, Catalog, FloatArray, IntArray, PriceArray, RowArray, Snapshot

_PLACES = 4
"""Of a difference of logs; the noise of fading weights far behind them must not tip a tree."""


class Price:
    """Log of the price; its difference to the shopper's usual log price, over all and in the product's class."""

    class Settings(PluginSettings):
        half_life_days: float = Field(60.0, gt=0, description="How fast a purchase fades.")

    names = ("log", "beside_usual", "beside_usual_in_category")

    def __init__(self, settings: Settings) -> None:
        self._half_life = settings.half_life_days
        self._logs: FloatArray = np.empty(0, np.float32)
        self._categories: RowArray = np.empty(0, np.int32)

    def fit(self, snapshot: Snapshot) -> None:
        self._take(snapshot.catalog)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        lines = shared.products
        own, paid = self._of(shared.rows), self._of(lines.row)
        known = ~np.isnan(paid)
        weight = np.where(known, shared.left(self._half_life)[0], 0.0)
        worth = weight * np.where(known, paid, 0.0)
        n = shared.n_requests
        total = np.bincount(lines.request, weight, n)
        usual = np.bincount(lines.request, worth, n) / np.where(total > 0, total, np.nan)
        groups = shared.by_class(self._categories, lines.request, lines.row)
        in_class = groups.sums(weight)
        usual_in_class = groups.sums(worth) / np.where(in_class > 0, in_class, np.nan)
        beside, beside_in_class = own - shared.spread(usual), own - usual_in_class
        return side_by_side([own, beside.round(_PLACES), beside_in_class.round(_PLACES)])

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        logs = np.full(len(catalog), np.nan, np.float32)
        logs[: len(self._logs)] = self._logs
        logs[rows] = _logs(catalog.prices[rows])
        self._logs, self._categories = logs, catalog.categories

    def save(self, folder: Path) -> None:
        """Nothing to write: prices come with the catalogue."""

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._take(catalog)

    def _take(self, catalog: Catalog) -> None:
        self._logs, self._categories = _logs(catalog.prices), catalog.categories

    def _of(self, rows: IntArray) -> FloatArray:
        return taken(self._logs, rows, np.nan).astype(np.float32)


def _logs(prices: PriceArray) -> FloatArray:
    return np.asarray(np.log(np.where(prices > 0, prices, np.nan)), np.float32)
