"""How much the shopper cares for the product's class, and for the product among its class."""

from pathlib import Path

import numpy as np
from pydantic import Field

from shopkeeper.rank.pairs import pairs, side_by_side
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Batch, Candidates, Catalog, DayArray, FloatArray, RowArray, Snapshot

_LEVELS = ("category", "shelf", "department", "group")


class Affinity:
    """For each level of the catalogue: share of the shopper's faded purchases, days since, the product's part.

    The levels are the full category path (category), its first two steps (shelf), the department, and the variants.
    """

    class Settings(PluginSettings):
        half_life_days: float = Field(60.0, gt=0, description="How fast a purchase fades.")

    names = tuple(f"{level}_{what}" for level in _LEVELS for what in ("share", "days_since", "part", "products"))

    def __init__(self, settings: Settings) -> None:
        self._half_life = settings.half_life_days
        self._columns: tuple[RowArray | None, ...] = ()

    def fit(self, snapshot: Snapshot) -> None:
        self._columns = _levels(snapshot.catalog)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        lines, bought = shared.purchases, shared.bought
        weight = shared.faded(self._half_life)
        own = bought.sums(weight)
        total = shared.spread(np.bincount(lines.request, weight, shared.n_requests))
        columns: list[DayArray] = []
        for column in self._columns:
            groups = bought if column is None else shared.by(column)
            of_class = groups.sums(weight)
            part = own / np.where(of_class > 0, of_class, np.nan)
            columns += [of_class / np.maximum(total, 1e-9), groups.first(lines.age), part, groups.sums(bought.one_each)]
        return side_by_side(columns)

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        self._columns = _levels(catalog)

    def save(self, folder: Path) -> None:
        """Nothing to write: the levels come with the catalogue."""

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._columns = _levels(catalog)


def _levels(catalog: Catalog) -> tuple[RowArray | None, ...]:
    """The class of each product at each level, in the order of _LEVELS; None where each product is its own."""
    shelves: dict[tuple[str, ...], int] = {}
    shelf_of_path = np.array([shelves.setdefault(path[:2], len(shelves)) for path in catalog.category_paths], np.int32)
    shelf = shelf_of_path[catalog.categories] if len(shelf_of_path) else catalog.categories
    groups = None if len(np.unique(catalog.groups)) == len(catalog.groups) else catalog.groups
    return catalog.categories, shelf, catalog.departments, groups
