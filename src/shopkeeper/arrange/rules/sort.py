"""The order a shopper asked for."""

from typing import ClassVar

import numpy as np

from shopkeeper.arrange.arrange import reorder
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Catalog, FloatArray, Portrait, Ranked, Request


class Sort:
    """Sorts by price or age where the request asks for it; products without the value come last."""

    place: ClassVar[int] = 20  # before variants collapse: of one product the first by the sort stands

    class Settings(PluginSettings):
        pass

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        if request.sort == "relevance":
            return ranked, ""
        if request.sort == "newest":
            key = -catalog.created[ranked.rows]
        else:
            price = catalog.prices[ranked.rows].astype(np.float64)
            key = -price if request.sort == "price_desc" else price
        return reorder(ranked, np.argsort(key, kind="stable")), f"sorted by {request.sort}"
