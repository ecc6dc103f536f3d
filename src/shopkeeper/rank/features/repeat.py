"""Whether people who bought this product buy it again."""

from pathlib import Path

import numpy as np
from pydantic import Field

from shopkeeper.rank.pairs import pairs
from shopkeeper.settings import PluginSettings
from shopkeeper.store.mapped import mapped
from shopkeeper.types import (
    PURCHASE,
    Batch,
    BoolArray,
    Candidates,
    Catalog,
    FloatArray,
    IntArray,
    Interactions,
    RowArray,
    Snapshot,
)


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
        self._table = _shares(snapshot.log, len(snapshot.catalog), self._prior)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        rows = pairs(batch, candidates).rows
        # the last line of the table is the shop's own: products that came later start from it
        return np.asarray(self._table[np.minimum(rows, len(self._table) - 1)], np.float32)

    def save(self, folder: Path) -> None:
        np.save(folder / "table.npy", self._table)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._table = mapped(folder / "table.npy")


def _shares(log: Interactions, n_products: int, prior: float) -> FloatArray:
    """float32 (n_products + 1, 3); the last row is what a product without history gets."""
    bought = np.flatnonzero(log.actions == PURCHASE)
    users, rows, ordinal = log.users[bought], log.rows[bought], _basket_ordinals(log, bought)
    order = np.lexsort((ordinal, rows, users))
    once = order[_changes(users[order], rows[order], ordinal[order])]
    users, rows, ordinal = users[once], rows[once], ordinal[once]
    last_ordinal = np.zeros(log.n_users, np.int64)
    np.maximum.at(last_ordinal, users, ordinal)
    followed = ordinal < last_ordinal[users]
    fresh = _changes(users, rows)
    same = np.append(~fresh[1:], False)[: len(rows)]
    again = same & (np.append(ordinal[1:], 0)[: len(rows)] == ordinal + 1)
    came_back = same & fresh
    buyers = np.bincount(rows[fresh], minlength=n_products)
    table = np.zeros((n_products + 1, 3))
    for place, (hit, base) in enumerate(((came_back, fresh), (again, followed))):
        hits, bases = np.bincount(rows[hit], minlength=n_products), np.bincount(rows[base], minlength=n_products)
        usual = hits.sum() / max(bases.sum(), 1)
        table[:-1, place] = (hits + prior * usual) / (bases + prior)
        table[-1, place] = usual
    table[:-1, 2] = np.log1p(buyers)
    return table.astype(np.float32)


def _changes(*columns: RowArray | IntArray) -> BoolArray:
    """Whether a line differs from the one before it in any of the columns, bool (n,); the first does."""
    new = np.ones(len(columns[0]), bool)
    for place, column in enumerate(columns):
        new[1:] = (column[1:] != column[:-1]) | (new[1:] if place else False)
    return new


def _basket_ordinals(log: Interactions, lines: IntArray) -> IntArray:
    """The number of each line's basket among its shopper's baskets, from 0, in order of time."""
    users, baskets, days = log.users[lines], log.baskets[lines], log.days[lines]
    order = np.lexsort((baskets, days, users))
    number = np.cumsum(_changes(baskets[order])) - 1
    first = np.full(log.n_users, np.iinfo(np.int64).max)
    np.minimum.at(first, users[order], number)
    ordinals = np.empty(len(order), np.int64)
    ordinals[order] = number - first[users[order]]
    return ordinals
