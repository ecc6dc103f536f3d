"""What the shopper did with the product, and around it, in this very session."""

from pathlib import Path

import numpy as np

from shopkeeper.rank.pairs import Groups, pairs
from shopkeeper.settings import PluginSettings
from shopkeeper.types import ACTION_CODES, Batch, Candidates, Catalog, FloatArray, RowArray, Snapshot


class Session:
    """Events of the session, those with the product, with its class and its department, and the product in the cart."""

    class Settings(PluginSettings): ...

    names = ("events", "product_events", "category_share", "department_share", "in_cart")

    def __init__(self, settings: Settings) -> None:
        self._classes: tuple[RowArray, ...] = ()

    def fit(self, snapshot: Snapshot) -> None:
        self._classes = snapshot.catalog.categories, snapshot.catalog.departments

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        sizes = np.array([len(portrait.session_rows) for portrait in batch.portraits])
        table = np.zeros((len(shared.rows), len(self.names)))
        if not sizes.any():
            return table.astype(np.float32)
        request = np.repeat(np.arange(len(batch)), sizes)
        rows = np.concatenate([portrait.session_rows for portrait in batch.portraits]).astype(np.int64)
        actions = np.concatenate([portrait.session_actions for portrait in batch.portraits])
        in_cart = 1.0 * (actions == ACTION_CODES["add_to_cart"]) - (actions == ACTION_CODES["remove_from_cart"])
        events = shared.spread(sizes)
        width = int(max(rows.max(), shared.rows.max(initial=0))) + 1
        same = Groups(request * width + rows, shared.request * width + shared.rows)
        table[:, 0], table[:, 1], table[:, 4] = events, same.sums(np.ones(len(rows))), same.sums(in_cart)
        for place, column in enumerate(self._classes, start=2):
            table[:, place] = shared.by_class(column, request, rows).sums(np.ones(len(rows))) / np.maximum(events, 1)
        return table.astype(np.float32)

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        self._classes = catalog.categories, catalog.departments

    def save(self, folder: Path) -> None:
        """Nothing to write: the classes come with the catalogue."""

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._classes = catalog.categories, catalog.departments
