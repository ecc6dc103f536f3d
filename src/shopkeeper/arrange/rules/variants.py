"""One product takes one place, however many sizes it comes in."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.arrange.arrange import reorder, title_codes
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import PURCHASE, Catalog, FloatArray, IntArray, Ranked, Request, RowArray


class Variants:
    """Keeps `per_group` of each variant group, and of each title where titles repeat, in the group's best places.

    Which ones: those that an earlier page of this list showed, then those this shopper bought most often, then the best
    ranked. A page sorted by price or age keeps the first by that order, whatever was bought.
    """

    place: ClassVar[int] = 30

    class Settings(PluginSettings):
        per_group: int = Field(1, ge=1, description="How many variants of one product a page may show.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        bought = portrait.rows[portrait.actions == PURCHASE]
        times = _times(ranked.rows, bought if request.sort == "relevance" else bought[:0])
        if len(request.shown):
            times[np.isin(ranked.rows, request.shown)] += len(bought) + 1
        kept = self._best(catalog.groups[ranked.rows], times)
        kept = kept[self._best(title_codes(catalog, ranked.rows[kept]), times[kept])]
        collapsed = len(ranked.rows) - len(kept)
        return (reorder(ranked, kept), f"{collapsed} variants collapsed") if collapsed else (ranked, "")

    def _best(self, groups: RowArray, times: IntArray) -> IntArray:
        """int64 (m,): the positions that stay, in new order: each group's best ones in its best places."""
        places = np.argsort(groups, kind="stable")
        ordered = groups[places]
        if not (ordered[1:] == ordered[:-1]).any():
            return np.arange(len(groups))
        stay = np.arange(len(ordered)) - np.searchsorted(ordered, ordered) < self.settings.per_group
        chosen = np.lexsort((-times, groups))  # stable: of what was bought equally often the best ranked first
        return chosen[stay][np.argsort(places[stay])]


def _times(rows: RowArray, bought: RowArray) -> IntArray:
    """int64 (n,): how often each of the rows, all different, is among `bought`."""
    if not len(bought):
        return np.zeros(len(rows), np.int64)
    n_products = int(max(rows.max(initial=-1), bought.max(initial=-1))) + 1
    place = np.full(n_products, len(rows), np.uint8 if len(rows) < 256 else np.int64)
    place[rows] = np.arange(len(rows))
    return np.bincount(place[bought], minlength=len(rows) + 1)[:-1]
