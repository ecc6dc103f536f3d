"""What shoppers with like tastes chose: implicit matrix factorisation."""

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shopkeeper.portrait import Portrait
from shopkeeper.recall.latest import added_up, chosen, is_given, seeds_of
from shopkeeper.recall.offers import NOTHING, best, inside, without
from shopkeeper.settings import SourceSettings
from shopkeeper.store.mapped import mapped
from shopkeeper.types import (
    Batch,
    Catalog,
    DayArray,
    FloatArray,
    IntArray,
    Offer,
    Request,
    RowArray,
    Scene,
    Snapshot,
)

Factors = NDArray[np.float64]


class Als:
    """Offers by factors of products, and of the shopper, who is folded in from the latest lines when asked.

    Shoppers and products in turn: x = (Y'Y + confidence sum of y y' + ridge I)^-1 (1 + confidence) sum of y, y what
    each chose. No shopper is kept, so that the next click counts at once and nobody has to be forgotten. A new product
    has no factors: other sources know it.
    Source: Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008, eq. 4.
    """

    class Settings(SourceSettings):
        enabled: bool = Field(False, description="Whether this plug-in takes part.")
        factors: int = Field(64, ge=2, le=512, description="Numbers in a product's factors.")
        rounds: int = Field(10, ge=1, description="How often shoppers and products are worked out in turn.")
        confidence: float = Field(3.0, gt=0, description="How much more a chosen product says than one that was not.")
        ridge: float = Field(10.0, gt=0, description="How far factors are held back.")
        decay: float = Field(0.9, gt=0, le=1, description="What a basket counts beside the one after it.")
        last: int = Field(50, ge=1, description="How many of a shopper's latest lines are read.")
        lines: int = Field(200, ge=2, description="How many of a shopper's latest lines are learnt from.")

    scenes: frozenset[Scene] = frozenset({"home", "together", "cart"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._items, self._gram = _nothing(settings.factors)

    def fit(self, snapshot: Snapshot) -> None:
        users, rows = chosen(snapshot.log, self.settings.lines)
        self._items, self._gram = _nothing(self.settings.factors)
        if not len(rows):
            return
        self._items = self._factors(users, rows, len(snapshot.catalog), snapshot.seed)
        self._gram = _gram(self._items)

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        asked = zip(batch.requests, batch.portraits, strict=True)
        return [self._offer(request, portrait, limit) for request, portrait in asked]

    def save(self, folder: Path) -> None:
        np.save(folder / "items.npy", self._items)
        np.save(folder / "gram.npy", self._gram)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._items, self._gram = mapped(folder / "items.npy"), np.load(folder / "gram.npy")

    def _offer(self, request: Request, portrait: Portrait, limit: int) -> Offer:
        seeds, counts = seeds_of(request, portrait, self.settings.last, self.settings.decay)
        told = (seeds < len(self._items)) & (counts > 0)
        rows, counts = added_up(seeds[told], counts[told])
        if not len(rows) or not (own := self._items[rows]).any():
            return NOTHING
        scores = self._items @ self._shopper(own, counts).astype(np.float32)
        offered = np.flatnonzero(scores > 0).astype(np.int32)
        if not is_given(request):
            offered = offered[inside(offered, request.allowed)]
        return best(*without(offered, scores[offered], request.seeds), limit, request.allowed)

    def _shopper(self, own: FloatArray, counts: DayArray) -> Factors:
        """float64 (d,): somebody who chose products of these factors, (m, d), so often."""
        wide = own.astype(np.float64)
        found: Factors = _solved(self._gram, wide, self.settings.confidence * counts, self.settings.ridge)
        return found

    def _factors(self, users: RowArray, rows: RowArray, n_rows: int, seed: int) -> FloatArray:
        """float32 (n_rows, d), zero for what nobody chose."""
        n_users, d = int(users.max()) + 1, self.settings.factors
        items = np.zeros((n_rows, d))
        known = np.unique(rows)
        items[known] = 0.1 * np.random.default_rng(seed).standard_normal((len(known), d))
        by_user, by_row = _grouped(users, rows, n_users), _grouped(rows, users, n_rows)
        for _ in range(self.settings.rounds):
            shoppers = self._half(by_user, items)
            items = self._half(by_row, shoppers)
        return items.astype(np.float32)

    def _half(self, groups: tuple[IntArray, RowArray], others: Factors) -> Factors:
        """One side's factors, by what each of it is chosen with on the other side."""
        starts, members = groups
        gram, found = others.T @ others, np.zeros((len(starts) - 1, others.shape[1]))
        for at in np.flatnonzero(np.diff(starts)).tolist():
            own = others[members[starts[at] : starts[at + 1]]]
            found[at] = _solved(gram, own, np.full(len(own), self.settings.confidence), self.settings.ridge)
        return found


def _solved(gram: Factors, own: Factors, confidence: DayArray, ridge: float) -> Factors:
    """float64 (d,): eq. 4; confidence float64 (m,) is above that of what was not chosen."""
    left = gram + (own.T * confidence) @ own
    left[np.diag_indices(len(left))] += ridge
    return np.asarray(np.linalg.solve(left, own.T @ (1.0 + confidence)), np.float64)


def _grouped(keys: RowArray, values: RowArray, n: int) -> tuple[IntArray, RowArray]:
    """The values of key i are values[starts[i]:starts[i + 1]]."""
    order = np.argsort(keys, kind="stable")
    return np.searchsorted(keys[order], np.arange(n + 1)).astype(np.int64), values[order]


def _gram(items: FloatArray) -> Factors:
    wide = items.astype(np.float64)
    found: Factors = wide.T @ wide
    return found


def _nothing(d: int) -> tuple[FloatArray, Factors]:
    return np.zeros((0, d), np.float32), np.zeros((d, d))
