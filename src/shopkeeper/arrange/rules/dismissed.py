"""What a shopper waved away stays away for a while."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.arrange.arrange import keep, title_codes
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import ACTION_CODES, Catalog, FloatArray, Ranked, Request


class Dismissed:
    """Drops what the shopper dismissed within `days`, with its variants and namesakes; a search still finds them."""

    place: ClassVar[int] = 12

    class Settings(PluginSettings):
        days: float = Field(90.0, gt=0, description="How long a dismissal holds, in days.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        if request.scene == "search":
            return ranked, ""
        recent = portrait.days > request.day - self.settings.days
        waved = portrait.rows[(portrait.actions == ACTION_CODES["dismiss"]) & recent]
        waved_now = portrait.session_rows[portrait.session_actions == ACTION_CODES["dismiss"]]
        away = np.concatenate([waved, waved_now])
        if not len(away):
            return ranked, ""
        kept = ~np.isin(catalog.groups[ranked.rows], catalog.groups[away])
        titles = title_codes(catalog, np.concatenate([away, ranked.rows]))
        kept &= ~np.isin(titles[len(away) :], titles[: len(away)])
        dropped = len(kept) - int(kept.sum())
        return (keep(ranked, kept), f"{dropped} dismissed by the shopper") if dropped else (ranked, "")
