"""One product takes one place, however many sizes it comes in."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.arrange.arrange import keep
from shopkeeper.settings import PluginSettings
from shopkeeper.types import BoolArray, Catalog, FloatArray, Portrait, Ranked, Request, RowArray


class Variants:
    """Keeps the best `per_group` of each variant group, and of each title where titles repeat."""

    place: ClassVar[int] = 30

    class Settings(PluginSettings):
        per_group: int = Field(1, ge=1, description="How many variants of one product a page may show.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        kept = self._first(catalog.groups[ranked.rows])
        kept[kept] = self._first(catalog.title_codes[ranked.rows[kept]])
        collapsed = len(kept) - int(kept.sum())
        return (keep(ranked, kept), f"{collapsed} variants collapsed") if collapsed else (ranked, "")

    def _first(self, groups: RowArray) -> BoolArray:
        """Bool (n,): whether a position is among the first `per_group` of its group."""
        order = np.argsort(groups, kind="stable")
        ordered = groups[order]
        place = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
        kept = np.empty(len(groups), bool)
        kept[order] = place < self.settings.per_group
        return kept
