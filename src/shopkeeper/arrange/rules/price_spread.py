"""A page shows the cheap, the middling and the dear."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.arrange.arrange import reorder
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import BoolArray, Catalog, FloatArray, IntArray, PriceArray, Ranked, Request, RowArray

LEVELS = 3


class PriceSpread:
    """Among each `places` at least `least` products of each third of prices, where the candidates have them.

    The thirds are of the candidates' own department: a dear tea is dear beside teas. What a third lacks is lifted into
    the last of the places, the best of it first; what stood there follows. Products without a price are of no third.
    """

    place: ClassVar[int] = 76

    class Settings(PluginSettings):
        enabled: bool = Field(False, description="Whether this plug-in takes part.")
        least: int = Field(1, ge=1, description="So many products of each third of prices stand among so many places.")
        places: int = Field(12, ge=3, description="How many places are looked at together.")
        pool: int = Field(120, ge=3, description="How many of the best candidates may be lifted.")
        searches: bool = Field(False, description="Whether searches are arranged so, too.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        left_alone = request.scene == "search" and not self.settings.searches
        priced = request.filters.price_min is not None or request.filters.price_max is not None
        n = min(len(ranked.rows), self.settings.pool)
        if left_alone or priced or request.sort != "relevance" or n <= self.settings.places:
            return ranked, ""
        rows = ranked.rows[:n]
        order = self._order(thirds(catalog.prices[rows], catalog.departments[rows]))
        lifted = int((np.argsort(order) < np.arange(n)).sum())
        whole = np.concatenate([order, np.arange(n, len(ranked.rows))])
        return reorder(ranked, whole), f"{lifted} lifted to show other prices" if lifted else ""

    def _order(self, levels: IntArray) -> IntArray:
        """int64 (n,): page after page, each with what its thirds lack in its last places."""
        waiting, order = np.arange(len(levels)), []
        places, least = self.settings.places, self.settings.least
        while len(waiting) > places:
            first, rest = waiting[:places], waiting[places:]
            lacking = least - np.bincount(levels[first][levels[first] >= 0], minlength=LEVELS)
            lifted = np.concatenate([rest[levels[rest] == level][: max(0, lacking[level])] for level in range(LEVELS)])
            gives = np.flatnonzero(self._spare(levels[first]))[::-1][: len(lifted)]
            lifted, kept = lifted[: len(gives)], np.delete(first, gives)
            order += [kept, lifted]
            waiting = np.concatenate([np.sort(first[gives]), rest[~np.isin(rest, lifted)]])
        return np.concatenate([*order, waiting]).astype(np.int64)

    def _spare(self, levels: IntArray) -> BoolArray:
        """bool (places,): whether a place may be given up: its third has `least` before it, or it is of none."""
        by_level = np.argsort(levels, kind="stable")
        ordered = levels[by_level]
        before = np.empty(len(levels), np.int64)
        before[by_level] = np.arange(len(levels)) - np.searchsorted(ordered, ordered)
        return np.asarray((before >= self.settings.least) | (levels < 0), np.bool_)


def thirds(prices: PriceArray, departments: RowArray) -> IntArray:
    """int64 (n,): 0 for the cheapest third of its department, 2 for the dearest, -1 without a price or beside none."""
    known = np.isfinite(prices) & (prices > 0)
    order = np.lexsort((np.where(known, prices, np.inf), departments))
    ordered = departments[order]
    starts = np.searchsorted(ordered, ordered)
    sizes = np.bincount(departments[known] + 1, minlength=int(departments.max(initial=-1)) + 2)[ordered + 1]
    levels = np.full(len(prices), -1, np.int64)
    levels[order] = (np.arange(len(order)) - starts) * LEVELS // np.maximum(sizes, 1)
    levels[~known | (sizes[np.argsort(order)] < LEVELS)] = -1
    return levels
