"""Products that cannot be bought do not take a place on the page."""

from typing import ClassVar

from shopkeeper.arrange.arrange import keep
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Catalog, FloatArray, Ranked, Request


class Stock:
    """Drops what is out of stock or deleted; where the filters ask for everything, only what is deleted."""

    place: ClassVar[int] = 10

    class Settings(PluginSettings):
        pass

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        kept = ~catalog.deleted[ranked.rows]
        if request.filters.in_stock:
            kept &= catalog.available[ranked.rows]
        dropped = len(kept) - int(kept.sum())
        return (keep(ranked, kept), f"{dropped} not in stock") if dropped else (ranked, "")
