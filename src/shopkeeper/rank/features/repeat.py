"""Whether people who bought this product buy it again."""

from pathlib import Path

import numpy as np
from pydantic import Field

from shopkeeper.rank.pairs import pairs
from shopkeeper.settings import PluginSettings
from shopkeeper.store.mapped import mapped
from shopkeeper.types import Batch, Candidates, Catalog, DayArray, FloatArray, Snapshot


class Repeat:
    """Share of a product's buyers who came back to it, share of purchases repeated in the very next basket, buyers.

    Both shares are drawn towards the shop's by `prior` observations: a product bought once says little.
    """

    class Settings(PluginSettings):
        prior: float = Field(10.0, gt=0, description="How many observations of the whole shop a product starts with.")

    names = ("buyers_back", "next_basket", "buyers")

    def __init__(self, settings: Settings) -> None:
        self._prior = settings.prior
        self._table: FloatArray = np.zeros((1, 3), np.float32)

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        table, n = snapshot.interactions, len(snapshot.catalog)
        bought, back = offline.columns_by_row(offline.buyers(table), ("buyers", "back"), n)
        followed, again = offline.columns_by_row(offline.next_baskets(table), ("followed", "again"), n)
        shares = (_shares(back, bought, self._prior), _shares(again, followed, self._prior))
        self._table = np.stack([*shares, np.append(np.log1p(bought), 0.0)], axis=1).astype(np.float32)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        rows = pairs(batch, candidates).rows
        # the last line of the table is the shop's own: products that came later start from it
        return np.asarray(self._table[np.minimum(rows, len(self._table) - 1)], np.float32)

    def save(self, folder: Path) -> None:
        np.save(folder / "table.npy", self._table)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._table = mapped(folder / "table.npy")


def _shares(hits: DayArray, of: DayArray, prior: float) -> DayArray:
    """float64 (n_products + 1,): drawn towards the share of all; the last is what a product without history gets."""
    usual = hits.sum() / max(of.sum(), 1)
    return np.append((hits + prior * usual) / (of + prior), usual)
