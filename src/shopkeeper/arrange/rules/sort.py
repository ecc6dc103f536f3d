"""The order a shopper asked for."""

from typing import ClassVar

import numpy as np

from shopkeeper.arrange.arrange import reorder
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.sorting import sort_keys
from shopkeeper.types import Catalog, FloatArray, Ranked, Request


class Sort:
    """Sorts by price, age, sales or rating where the request asks for it; products without the value come last."""

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
        order = np.argsort(sort_keys(request, catalog, ranked.rows), kind="stable")
        return reorder(ranked, order), f"sorted by {request.sort}"
