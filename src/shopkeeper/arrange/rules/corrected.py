"""What a shopper said is not their taste stays off their pages."""

from typing import ClassVar

from shopkeeper.arrange.arrange import keep
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Catalog, FloatArray, Ranked, Request


class Corrected:
    """Drops categories and brands that the shopper took out of the own portrait; a search still finds them."""

    place: ClassVar[int] = 13

    class Settings(PluginSettings):
        pass

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        if not portrait.refused or request.scene == "search":
            return ranked, ""
        kept = ~catalog.of_any(portrait.refused, ranked.rows)
        if not kept.any():  # who takes everything out is shown what there is
            return ranked, ""
        dropped = len(kept) - int(kept.sum())
        return (keep(ranked, kept), f"{dropped} of tastes that the shopper took out") if dropped else (ranked, "")
