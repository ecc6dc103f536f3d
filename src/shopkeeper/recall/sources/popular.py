"""What everybody buys: popularity with several half-lives, live."""

import math
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.observed import Observed
from shopkeeper.ports import Past
from shopkeeper.recall.fading import COUNT, COUNTS, Faded, Remembered, kept
from shopkeeper.recall.offers import best, inside
from shopkeeper.settings import SCENE_WEIGHTS, SourceSettings, Weight
from shopkeeper.types import (
    Batch,
    BoolArray,
    Catalog,
    DayArray,
    Offer,
    Request,
    RowArray,
    Scene,
    Snapshot,
)

HALF_LIVES_DAYS = (1.0, 7.0, 60.0)
_HALF_LIVES = np.array(HALF_LIVES_DAYS)
_POOL = 3000
_REPOOL_EVENTS = 500
_TINY, _ROUNDING = 1e-300, 1e-6
NO_DAY = -1.0
"""The day of an offer that no day changes."""

Blend = tuple[Weight, Weight, Weight]


class Popular:
    """Offers the most wanted products: each half-life's share of all events, blended.

    A count fades by 2^(-days / half-life). A product's score is the sum over half-lives of blend x its part of all that
    is counted, so that a busy day does not drown the last two months. On the trending page a product's last day counts
    only where `least` was counted of it, and as its part of a usual day of the week where today has been thinner.
    """

    class Settings(SourceSettings):
        # beside a cart stands what goes with it; what everybody buys only fills up
        scene_weights: dict[Scene, Weight] = Field(default={"cart": 0.1}, description=SCENE_WEIGHTS)
        blend: Blend = Field((0.1, 0.4, 0.5), description="Weights of the half-lives of 1, 7 and 60 days.")
        trending_blend: Blend = Field((0.6, 0.35, 0.05), description="The same on the trending page.")
        least: float = Field(
            3.0, ge=0, description="What the last day must count of a product to be a trend; one purchase counts 1."
        )

    scenes: frozenset[Scene] = frozenset({"home", "cart", "trending"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._state = _Counts.nothing()
        self._lock = threading.Lock()

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        table, day, n = snapshot.interactions, snapshot.day, len(snapshot.catalog)
        faded = [offline.by_row(offline.popularity(table, day, life, COUNTS), "weight", n) for life in HALF_LIVES_DAYS]
        self._state = _Counts.of(Faded(_HALF_LIVES, np.stack(faded), day))

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        state = self._state
        return [self._offer(state, request, limit) for request in batch.requests]

    def observe(self, event: Observed) -> None:
        if event.row < 0 or not COUNT[event.action]:
            return
        with self._lock:
            self._state = self._state.plus(event.row, float(COUNT[event.action]), event.day)

    def replay(self, past: Past) -> None:
        counts = COUNT[past.actions]
        kept = (past.rows >= 0) & (counts > 0)
        if kept.any():
            with self._lock:
                self._state = self._state.plus_all(past.rows[kept], counts[kept], past.days[kept])

    def save(self, folder: Path) -> None:
        np.savez(folder / "counts.npz", weights=self._state.faded.weights, day=self._state.faded.day)

    def load(self, folder: Path, catalog: Catalog) -> None:
        with np.load(folder / "counts.npz", allow_pickle=False) as saved:
            self._state = _Counts.of(Faded(_HALF_LIVES, saved["weights"], float(saved["day"])))

    def _offer(self, state: "_Counts", request: Request, limit: int) -> Offer:
        """The same for everybody until the next event, what is trending until the next day: kept on the counts."""
        trending, allowed = request.scene == "trending", request.allowed
        day = max(state.latest, math.floor(request.day)) if trending else NO_DAY

        def made() -> Offer:
            rows = _rows(state, allowed, limit)
            scores = self._trend(state, rows, day) if trending else self._wanted(state, rows)
            return best(rows, scores.astype(np.float32), limit)

        return kept(state.offers, day, limit, allowed, made)

    def _wanted(self, state: "_Counts", rows: RowArray) -> DayArray:
        """float64 (m,): each half-life's part of all that is counted, blended."""
        factors = np.array(self.settings.blend) / np.maximum(state.weights_total, _TINY)
        scores: DayArray = factors @ state.faded.weights[:, rows]
        return scores

    def _trend(self, state: "_Counts", rows: RowArray, day: float) -> DayArray:
        """float64 (m,): the same with the trending blend, where thin last days do not count for more than they are."""
        factors = state.faded.factors(day)
        weights, totals = state.faded.weights[:, rows] * factors[:, None], state.weights_total * factors
        weights[0, weights[0] < self.settings.least - _ROUNDING] = 0.0
        # at a steady pace what a half-life holds is in proportion to it
        totals[0] = max(totals[0], totals[1] * HALF_LIVES_DAYS[0] / HALF_LIVES_DAYS[1])
        scores: DayArray = np.array(self.settings.trending_blend) / np.maximum(totals, _TINY) @ weights
        return scores


def _rows(state: "_Counts", allowed: BoolArray | None, limit: int) -> RowArray:
    """Rows to choose from: the leading ones, or all that are counted where too few of those are allowed."""
    rows = state.pool[inside(state.pool, allowed)]
    if len(rows) < limit and len(state.pool) < state.n_counted:
        rows = np.flatnonzero(state.faded.weights.any(axis=0)).astype(np.int32)
        rows = rows[inside(rows, allowed)]
    return rows


@dataclass(frozen=True)
class _Counts:
    """What was counted of each product, and what is drawn from it.

    `pool` holds the leading rows of each half-life and those that events touched since it was drawn. `offers` holds
    what was offered from these counts, by day, limit and mask, beside the mask itself; `latest` is the last event's.
    """

    faded: Faded
    weights_total: DayArray
    pool: RowArray
    n_counted: int
    n_touched: int = 0
    latest: float = 0.0
    offers: Remembered = field(default_factory=dict)

    @classmethod
    def nothing(cls) -> "_Counts":
        return cls.of(Faded.nothing(_HALF_LIVES))

    @classmethod
    def of(cls, faded: Faded) -> "_Counts":
        weights = faded.weights
        counted = np.flatnonzero(weights.any(axis=0))
        pool = counted
        if len(counted) > _POOL:
            leading = [counted[np.argpartition(-weights[life, counted], _POOL)[:_POOL]] for life in range(len(weights))]
            pool = np.unique(np.concatenate(leading))
        return cls(faded, weights.sum(axis=1), pool.astype(np.int32), len(counted), latest=faded.day)

    def plus_all(self, rows: RowArray, counts: DayArray, days: DayArray) -> "_Counts":
        """These counts and many more events, in arrays of their own."""
        more = _Counts.of(self.faded.plus_all(rows, counts, days))
        return replace(more, latest=max(self.latest, more.latest))

    def plus(self, row: int, count: float, day: float) -> "_Counts":
        """These counts and one more event; the arrays are shared with what was before, unless they must grow."""
        before = self.faded.weights
        was_counted = row < before.shape[1] and bool(before[:, row].any())
        faded, added = self.faded.plus(row, count, day)
        if self.n_touched >= _REPOOL_EVENTS or faded.day != self.faded.day:
            return replace(_Counts.of(faded), latest=max(self.latest, day))
        pool = self.pool if row in self.pool else np.append(self.pool, np.int32(row))
        return replace(
            self,
            faded=faded,
            weights_total=self.weights_total + added,
            pool=pool,
            n_counted=self.n_counted + (not was_counted),
            n_touched=self.n_touched + 1,
            latest=max(self.latest, day),
            offers={},
        )
