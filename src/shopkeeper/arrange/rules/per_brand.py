"""No brand takes the whole page."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.arrange.arrange import reorder
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Catalog, FloatArray, IntArray, Ranked, Request


class PerBrand:
    """Of one brand at most `most` stand among each `places`; what is over waits for the next places, in its order.

    A page about brands that the shopper filtered by is left alone, and so are products without a brand. Places that
    nothing else can fill are filled with what is over.
    """

    place: ClassVar[int] = 75  # what was moved for variety counts

    class Settings(PluginSettings):
        enabled: bool = Field(False, description="Whether this plug-in takes part.")
        most: int = Field(4, ge=1, description="How many products of one brand may stand among so many places.")
        places: int = Field(12, ge=2, description="How many places are looked at together.")
        pool: int = Field(120, ge=2, description="How many of the best candidates may move.")
        searches: bool = Field(False, description="Whether searches are arranged so, too.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        left_alone = request.scene == "search" and not self.settings.searches
        if left_alone or request.sort != "relevance" or request.filters.brands:
            return ranked, ""
        n = min(len(ranked.rows), self.settings.pool)
        brands = [catalog.brands[row] for row in ranked.rows[:n].tolist()]
        order = self._order(brands)
        moved = int((order != np.arange(n)).sum())
        whole = np.concatenate([order, np.arange(n, len(ranked.rows))])
        return reorder(ranked, whole), f"{moved} moved: at most {self.settings.most} of a brand" if moved else ""

    def _order(self, brands: list[str]) -> IntArray:
        """int64 (n,): page after page the first ones that their brand has room for, then, if short, the first."""
        most, places = self.settings.most, self.settings.places
        waiting, order = list(range(len(brands))), []
        while waiting:
            held: dict[str, int] = {}
            taken: list[int] = []
            over: list[int] = []
            for at, place in enumerate(waiting):
                if len(taken) == places:
                    over += waiting[at:]
                    break
                brand = brands[place]
                held[brand] = held.get(brand, 0) + 1
                (taken if not brand or held[brand] <= most else over).append(place)
            if len(taken) < places:  # nothing else is left
                taken, over = taken + over, []
            order += taken
            waiting = over
        return np.array(order, np.int64)
