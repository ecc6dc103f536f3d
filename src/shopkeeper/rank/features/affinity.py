"""How much the shopper cares for the product's class, and for the product among its class."""

from pathlib import Path

import numpy as np
from pydantic import Field

from shopkeeper.rank.pairs import pairs
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Batch, Candidates, Catalog, FloatArray, RowArray, Snapshot

_LEVELS = ("category", "shelf", "department", "group")
ALL = slice(None)
_KINDS = ("share", "days_since", "part", "products")


class Affinity:
    """For each level of the catalogue: share of the shopper's faded purchases, days since, the product's part.

    The levels are the full category path (category), its first two steps (shelf), the department, and the variants.
    """

    class Settings(PluginSettings):
        half_life_days: float = Field(60.0, gt=0, description="How fast a purchase fades.")

    names = tuple(f"{level}_{kind}" for level in _LEVELS for kind in _KINDS)

    def __init__(self, settings: Settings) -> None:
        self._half_life = settings.half_life_days
        # int32 (n_products, n_levels): the class of each product at each level, no number at two levels
        self._classes: RowArray = np.empty((0, len(_LEVELS)), np.int32)

    def fit(self, snapshot: Snapshot) -> None:
        self._classes = _levels(snapshot.catalog)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        products, (weight, own) = shared.products, shared.left(self._half_life)
        n, n_levels = len(shared.rows), len(_LEVELS)
        total = shared.spread(np.bincount(products.request, weight, shared.n_requests))
        groups = shared.by_classes(self._classes)  # all levels at once: a page's histories are short, its steps count
        of_class = groups.sums(np.repeat(weight, n_levels)).reshape(n, n_levels)
        table = np.empty((n, n_levels, len(_KINDS)), np.float32)
        table[..., 0] = of_class / np.maximum(total, 1e-9)[:, None]
        table[..., 1] = groups.last(np.repeat(products.age, n_levels)).reshape(n, n_levels)
        table[..., 2] = own[:, None] / np.where(of_class > 0, of_class, np.nan)
        table[..., 3] = groups.sizes().reshape(n, n_levels)
        return table.reshape(n, n_levels * len(_KINDS))

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        classes = np.zeros((len(catalog), len(_LEVELS)), np.int32)
        classes[: len(self._classes)] = self._classes
        classes[rows] = _levels(catalog, rows)
        self._classes = classes

    def save(self, folder: Path) -> None:
        """Nothing to write: the levels come with the catalogue."""

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._classes = _levels(catalog)


def _levels(catalog: Catalog, rows: RowArray | slice = ALL) -> RowArray:
    """int32 (m, n_levels): the class of each of these products at each level, in the order of _LEVELS.

    Numbers of a level leave the same remainder, so that new classes leave the numbers of others as they are.
    """
    shelves: dict[tuple[str, ...], int] = {}
    shelf_of_path = np.array([shelves.setdefault(path[:2], len(shelves)) for path in catalog.category_paths], np.int32)
    categories = catalog.categories[rows]
    shelf = shelf_of_path[categories] if len(shelf_of_path) else categories
    levels = np.stack([categories, shelf, catalog.departments[rows], catalog.groups[rows]], axis=1)
    return np.asarray(levels * len(_LEVELS) + np.arange(len(_LEVELS)), np.int32)
