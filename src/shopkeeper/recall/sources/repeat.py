"""Bought before: how often, how lately, and whether it is due again."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.portrait import Portrait
from shopkeeper.recall.offers import best, last_places
from shopkeeper.settings import SCENE_WEIGHTS, SourceSettings, Weight
from shopkeeper.types import PURCHASE, Batch, DayArray, FloatArray, IntArray, Offer, RowArray, Scene


class Repeat:
    """Offers what the shopper bought before: the sum of decay^weeks over its purchases, times how due it is.

    Everything it knows comes with the request's portrait, so that it has no state.
    """

    class Settings(SourceSettings):
        scene_weights: dict[Scene, Weight] = Field(default={"cart": 0.3}, description=SCENE_WEIGHTS)
        weekly_decay: float = Field(0.9, gt=0, le=1, description="What a purchase still counts a week later.")
        due_weight: float = Field(
            0.3, ge=0, description="How much being due adds, and having just been bought takes away; 0 ignores it."
        )

    scenes: frozenset[Scene] = frozenset({"home", "cart"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        pairs = zip(batch.requests, batch.portraits, strict=True)
        return [best(*self._scored(portrait, request.day), limit, request.allowed) for request, portrait in pairs]

    def _scored(self, portrait: Portrait, day: float) -> tuple[RowArray, FloatArray]:
        """What the shopper bought, each product once, with its scores on this day."""
        bought = np.flatnonzero(portrait.actions == PURCHASE)
        rows, days = portrait.rows[bought], portrait.days[bought]
        last, once = last_places(rows)
        newest, oldest = days[once], _first(days, last)[once]  # lines lie oldest first
        age_days = np.maximum(day - days, 0.0)
        fading = np.exp(age_days * (np.log(self.settings.weekly_decay) / 7.0))
        wanted = np.bincount(last, fading, len(last))[once]
        interval = (newest - oldest) / np.maximum(np.bincount(last, minlength=len(last))[once] - 1, 1)
        due = _due(age_days[once], interval)
        return rows[once], (wanted * (1.0 + self.settings.due_weight * due)).astype(np.float32)


def _first(days: DayArray, group_of: IntArray) -> DayArray:
    """The first line's day of each group, float64 (h,); groups without lines hold anything."""
    first = np.empty(len(days))
    first[group_of[::-1]] = days[::-1]
    return first


def _due(since_days: DayArray, interval_days: DayArray) -> DayArray:
    """-1 just bought, 0 unknown or at half the usual interval, 1 at the usual interval, back to 0 long after."""
    known = interval_days >= 1.0  # the same day again is one purchase, not an interval
    ratio = since_days / np.where(known, interval_days, 1.0)
    due = np.where(ratio <= 1.0, 2.0 * ratio - 1.0, 1.0 / np.maximum(ratio, 1.0))
    return np.where(known, due, 0.0)
