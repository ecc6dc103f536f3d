"""A page about a product does not offer that product, and a cart page not what lies in the cart."""

from typing import ClassVar

import numpy as np

from shopkeeper.arrange.arrange import keep
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Catalog, FloatArray, Ranked, Request


class AskedAbout:
    """Drops the request's seed products and their variants."""

    place: ClassVar[int] = 11

    class Settings(PluginSettings):
        pass

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        if not len(request.seeds):
            return ranked, ""
        kept = ~np.isin(catalog.groups[ranked.rows], catalog.groups[request.seeds])
        dropped = len(kept) - int(kept.sum())
        return (keep(ranked, kept), f"{dropped} already here") if dropped else (ranked, "")
