"""A page holds a shopper's categories about as the shopper's own purchases do."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.arrange.arrange import reorder
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import ACTIONS, BoolArray, Catalog, DayArray, FloatArray, IntArray, Ranked, Request, RowArray

WORTH = np.array([{"purchase": 1.0, "add_to_cart": 0.5, "click": 0.2}.get(action, 0.0) for action in ACTIONS])
TINY = 0.01
"""What a share of zero counts of the shopper's own, so that its logarithm is finite (Steck's alpha)."""


class Calibrated:
    """Orders the first candidates by (1 - weight) * relevance + weight * what each adds to the page's calibration.

    Calibration is - KL(p || q): p the shares of the categories in what the shopper bought (carts half, clicks a fifth,
    fading with `half_life_days`), q those on a page of `places`. The sum over categories is concave in what each
    category holds, so that taking the best addition first is the best page: one sort, whatever page is asked for.
    Silent for who has done fewer than `least` things. Source: Steck, "Calibrated recommendations", RecSys 2018, eq. 5.
    """

    place: ClassVar[int] = 60

    class Settings(PluginSettings):
        enabled: bool = Field(False, description="Whether this plug-in takes part.")
        weight: float = Field(0.1, ge=0, le=1, description="0 is relevance alone, 1 the shopper's shares alone.")
        level: int = Field(1, ge=1, description="How deep in the category tree shares are counted: 1 is departments.")
        places: int = Field(24, ge=1, description="The places of a page that should be calibrated.")
        pool: int = Field(120, ge=2, description="How many of the best candidates may move.")
        half_life_days: float = Field(60.0, gt=0, description="After so many days an action counts half.")
        least: float = Field(10.0, ge=0, description="Fewer purchases than this say too little of a shopper.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._known: tuple[object, RowArray] = (), np.zeros(1, np.int32)

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        n = min(len(ranked.rows), self.settings.pool)
        if request.scene not in ("home", "trending") or request.sort != "relevance" or n < 3:
            return ranked, ""
        shelves, shares = self.shelves(catalog), self.shares(portrait, request.day, catalog)
        if shares is None:
            return ranked, ""
        value = self._values(ranked.scores[:n], shelves[catalog.categories[ranked.rows[:n]]], shares)
        order = np.argsort(-value, kind="stable")
        moved = int((order != np.arange(n)).sum())
        whole = np.concatenate([order, np.arange(n, len(ranked.rows))])
        return reorder(ranked, whole), f"{moved} moved towards the shopper's own categories" if moved else ""

    def _values(self, scores: FloatArray, shelf: RowArray, shares: DayArray) -> DayArray:
        """float64 (n,): each candidate's relevance and what it adds, as the so-manieth of its category."""
        span = float(scores.max() - scores.min()) or 1.0
        by_shelf = np.argsort(shelf, kind="stable")
        ordered = shelf[by_shelf]
        held = np.empty(len(shelf))
        held[by_shelf] = np.arange(len(shelf)) - np.searchsorted(ordered, ordered)
        own, places = shares[shelf], self.settings.places
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = own * np.log(
                ((1 - TINY) * (held + 1) / places + TINY * own) / ((1 - TINY) * held / places + TINY * own)
            )
        gain = np.where(own > 0, gain, 0.0)
        return np.asarray(
            (1 - self.settings.weight) * (scores - scores.min()) / span + self.settings.weight * gain, np.float64
        )

    def shares(self, portrait: Portrait, day: float, catalog: Catalog) -> DayArray | None:
        """float64 (n_shelves,): the share of each in what the shopper did; None where that is too little."""
        known: BoolArray = portrait.rows < len(catalog)
        rows, actions = portrait.rows[known], portrait.actions[known]
        worth = WORTH[actions]
        if worth.sum() < self.settings.least:
            return None
        worth = worth * np.exp2(-np.maximum(day - portrait.days[known], 0.0) / self.settings.half_life_days)
        shelves = self.shelves(catalog)
        sums = np.bincount(shelves[catalog.categories[rows]], worth, int(shelves.max()) + 1)
        return np.asarray(sums / max(float(sums.sum()), 1e-12), np.float64)

    def shelves(self, catalog: Catalog) -> RowArray:
        """int32 (n_categories + 1,): the shelf of each category at this level; the last is for what has none."""
        paths, shelves = self._known
        if paths is not catalog.category_paths:
            codes: dict[tuple[str, ...], int] = {}
            cut = [path[: self.settings.level] for path in (*catalog.category_paths, ())]
            shelves = np.array([codes.setdefault(path, len(codes)) for path in cut], np.int32)
            self._known = catalog.category_paths, shelves
        return shelves


def divergence(shares: DayArray, counts: IntArray) -> float:
    """KL(p || q) of a page with these counts by category, q drawn to p by TINY; 0 where the page holds the shares."""
    held = shares > 0
    q = (1 - TINY) * counts / max(int(counts.sum()), 1) + TINY * shares
    return float((shares[held] * np.log(shares[held] / q[held])).sum())
