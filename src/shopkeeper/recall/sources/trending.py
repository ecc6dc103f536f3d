"""What rises against its own past, whether it sells much or little, live."""

import math
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.observed import Observed
from shopkeeper.ports import Past
from shopkeeper.recall.fading import COUNT, COUNTS, Faded, Remembered, Weights, kept
from shopkeeper.recall.offers import best, inside
from shopkeeper.settings import SourceSettings
from shopkeeper.types import (
    NO_ROWS,
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

_REPOOL_EVENTS, _REPOOL_DAYS = 2000, 1.0
_NEARLY = 0.7
"""Of the least rise that is offered: a quiet day may bring so much more of it to everything."""
_POOL = 3000
_ROUNDING = 1e-6


class Trending:
    """Offers what is counted more often of late than its own past foretells, the steepest rise first.

    With counts that fade by half in h and in H days, A and B, a product's past is B - A, nothing of which is of now.
    It foretells E of A in proportion to it, so that the E of all products add up to their A: a busy week is nobody's
    rise. rise = (prior x rise of its category + A) / (prior + E): the mean of a Gamma(prior x rise of its
    category, prior) that met the Poisson count A where E was foretold. The rise of a category is the same of its
    products' sums, held to that of the shop by `category_prior`. What has no past has no rise of its own.
    Source: DuMouchel, "Bayesian data mining in large frequency tables", The American Statistician 53 (1999), with one
    Gamma in place of two.
    """

    class Settings(SourceSettings):
        home: bool = Field(False, description="Whether home pages ask it, too, and not trending pages alone.")
        half_life_days: float = Field(7.0, gt=0, description="How fast counts of late fade by half.")
        slower: float = Field(4.0, gt=1, description="Counts of the past fade so many times as slowly.")
        prior: float = Field(5.0, gt=0, description="How far rises are held to that of the category, in counts.")
        category_prior: float = Field(50.0, gt=0, description="How far those are held to that of the shop, in counts.")
        least: float = Field(3.0, gt=0, description="What must be counted of late to be a rise; one purchase counts 1.")
        least_past: float = Field(1.0, ge=0, description="What must have been counted before.")
        least_rise: float = Field(1.5, ge=0, description="Products that rise by no more are not offered.")

        def half_lives(self) -> DayArray:
            """float64 (2,): of the counts of late, and of those of the past."""
            return self.half_life_days * np.array((1.0, self.slower))

    scenes: frozenset[Scene] = frozenset({"home", "trending"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scenes = Trending.scenes if settings.home else Trending.scenes - {"home"}
        self._categories = np.zeros(0, np.int32)
        self._state = self._drawn(Faded.nothing(settings.half_lives()))
        self._lock = threading.Lock()

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        table, day, n = snapshot.interactions, snapshot.day, len(snapshot.catalog)
        lives = self.settings.half_lives()
        faded = [offline.by_row(offline.popularity(table, day, float(life), COUNTS), "weight", n) for life in lives]
        self._categories = snapshot.catalog.categories
        self._state = self._drawn(Faded(lives, np.stack(faded), day))

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        state = self._state
        return [self._offer(state, request, limit) for request in batch.requests]

    def observe(self, event: Observed) -> None:
        if event.row < 0 or not COUNT[event.action]:
            return
        with self._lock:
            self._state = self._plus(self._state, event.row, float(COUNT[event.action]), event.day)

    def replay(self, past: Past) -> None:
        counts = COUNT[past.actions]
        kept = (past.rows >= 0) & (counts > 0)
        if kept.any():
            with self._lock:
                more = self._state.faded.plus_all(past.rows[kept], counts[kept], past.days[kept])
                self._state = self._drawn(more, self._state.latest)

    def save(self, folder: Path) -> None:
        np.savez(folder / "counts.npz", weights=self._state.faded.weights, day=self._state.faded.day)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._categories = catalog.categories
        with np.load(folder / "counts.npz", allow_pickle=False) as saved:
            faded = Faded(self.settings.half_lives(), saved["weights"], float(saved["day"]))
        self._state = self._drawn(faded)

    def _offer(self, state: "_Drawn", request: Request, limit: int) -> Offer:
        """The same for everybody until the next event or day: kept on the counts."""
        day, allowed = max(state.latest, math.floor(request.day)), request.allowed

        def made() -> Offer:
            return self._risen(state, _rows(state, allowed, limit), day, limit)

        return kept(state.offers, day, limit, allowed, made)

    def _risen(self, state: "_Drawn", rows: RowArray, day: float, limit: int) -> Offer:
        rows, rises = self._rises(state.faded, state.by_category, rows, day)
        risen = rises > self.settings.least_rise
        return best(rows[risen], rises[risen].astype(np.float32), limit)

    def _rises(
        self, faded: Faded, by_category: Weights, rows: RowArray, day: float, *, ever: bool = False
    ) -> tuple[RowArray, DayArray]:
        """Those of the rows that are counted enough on that day, now and before, and float64 (m,) how far they rose.

        `ever`: also those that will have been counted enough before on a later day, without another event.
        """
        settings, factors = self.settings, faded.factors(day)
        of_late, of_past = _late_and_past(by_category * factors[:, None])
        if not of_past.sum() > 0:
            return NO_ROWS, np.zeros(0)
        late, past = _late_and_past(faded.weights[:, rows] * factors[:, None])
        before = self._most_past(late, past) if ever else past
        enough = (late >= settings.least - _ROUNDING) & (before >= settings.least_past - _ROUNDING)
        rows, late, past = rows[enough], late[enough], past[enough]
        usual = of_late.sum() / of_past.sum()  # so that as much is foretold as was counted, in all
        category = (settings.category_prior + of_late) / (settings.category_prior + usual * of_past)
        own = category[_at(self._categories, rows)]
        return rows, (settings.prior * own + late) / (settings.prior + usual * past)

    def _most_past(self, late: DayArray, past: DayArray) -> DayArray:
        """float64 (m,): the most that each one's past comes to, by now or later, as long as enough is counted of late.

        What is of late turns into past as it fades: A 2^(-t / h) and B 2^(-t / H) are farthest apart where the first
        is h / H of the second.
        """
        quick, slow = 1.0 / self.settings.half_lives()
        both = late + past
        with np.errstate(divide="ignore", invalid="ignore"):
            farthest = np.log2(late * quick / (both * slow)) / (quick - slow)
            ends = np.log2(late / self.settings.least) / quick
        days = np.maximum(np.nan_to_num(np.minimum(farthest, ends)), 0.0)
        return np.asarray(both * np.exp2(-days * slow) - late * np.exp2(-days * quick))

    def _drawn(self, faded: Faded, latest: float = 0.0) -> "_Drawn":
        """These counts with what is drawn from them."""
        n = faded.weights.shape[1]
        places = _at(self._categories, np.arange(n, dtype=np.int32))
        width = int(self._categories.max(initial=-1)) + 2
        by_category = np.array([np.bincount(places, weights, width) for weights in faded.weights], np.float64)
        day = max(latest, faded.day)
        some = np.flatnonzero(faded.weights[0] * faded.factors(day)[0] >= self.settings.least - _ROUNDING)
        pool, rises = self._rises(faded, by_category, some.astype(np.int32), day, ever=True)
        nearly = np.flatnonzero(rises > _NEARLY * self.settings.least_rise)
        is_cut = len(nearly) > _POOL
        leading = nearly[np.argpartition(-rises[nearly], _POOL)[:_POOL]] if is_cut else nearly
        return _Drawn(faded, by_category, pool[leading], is_cut, drawn=day, latest=day)

    def _plus(self, state: "_Drawn", row: int, count: float, day: float) -> "_Drawn":
        """The counts and one more event; arrays are shared with what was before, unless they must grow."""
        faded, added = state.faded.plus(row, count, day)
        is_old = state.n_touched >= _REPOOL_EVENTS or day > state.drawn + _REPOOL_DAYS
        if is_old or faded.day != state.faded.day:
            return self._drawn(faded, max(state.latest, day))
        state.by_category[:, _at(self._categories, np.array([row], np.int32))[0]] += added
        pool = state.pool if row in state.pool else np.append(state.pool, np.int32(row))
        latest, touched = max(state.latest, day), state.n_touched + 1
        return replace(state, faded=faded, pool=pool, n_touched=touched, latest=latest, offers={})


@dataclass(frozen=True)
class _Drawn:
    """What was counted of each product, and what is drawn from it.

    by_category float64 (2, c + 1): the sums of each category, the last that of products whose category is not known.
    `pool` holds the rows that rose most when it was drawn, all that nearly rose unless `is_cut`, and those that events
    touched since: what is not counted again rises no more. `offers` holds what was offered, by day, limit and mask,
    beside the mask itself; `latest` is the last event's day.
    """

    faded: Faded
    by_category: Weights
    pool: RowArray
    is_cut: bool
    drawn: float = 0.0
    n_touched: int = 0
    latest: float = 0.0
    offers: Remembered = field(default_factory=dict)


def _rows(state: _Drawn, allowed: BoolArray | None, limit: int) -> RowArray:
    """Rows to choose from: the pool's, or all where that was cut and too few of it are allowed."""
    rows = state.pool[inside(state.pool, allowed)]
    if len(rows) < limit and state.is_cut:
        rows = np.arange(state.faded.weights.shape[1], dtype=np.int32)
        rows = rows[inside(rows, allowed)]
    return rows


def _late_and_past(weights: Weights) -> tuple[DayArray, DayArray]:
    """float64 (m,) each: A, and B - A, nothing of which is of now. What the past foretells is in proportion to it."""
    late, both = weights
    return late, np.maximum(both - late, 0.0)


def _at(categories: RowArray, rows: RowArray) -> RowArray:
    """int32 (m,): the place of each row's category; the one after the last for rows that came since."""
    known = rows < len(categories)
    places = np.full(len(rows), int(categories.max(initial=-1)) + 1, np.int32)
    places[known] = categories[rows[known]]
    return places
