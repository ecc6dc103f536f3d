"""Bought before: how often, how lately, and whether it is due again."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.recall.offers import best
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
        owner, rows, days = _purchases(batch)
        asked_on = np.array([request.day for request in batch.requests], np.float64)
        owner, rows, scores = self._scored(owner, rows, days, asked_on)
        bounds = np.searchsorted(owner, np.arange(len(batch) + 1))
        offers = []
        for at, request in enumerate(batch.requests):
            own = slice(bounds[at], bounds[at + 1])
            offers.append(best(rows[own], scores[own], limit, request.allowed))
        return offers

    def _scored(
        self, owner: IntArray, rows: RowArray, days: DayArray, asked_on: DayArray
    ) -> tuple[IntArray, RowArray, FloatArray]:
        """Each owner's distinct rows with their scores, in order of owner."""
        if not len(rows):
            return owner, rows, np.empty(0, np.float32)
        # Within a portrait lines come oldest first, and a stable sort keeps them so.
        order = np.argsort(owner * (int(rows.max()) + 1) + rows, kind="stable")
        owner, rows, days = owner[order], rows[order], days[order]
        first = np.flatnonzero(np.append(True, (owner[1:] != owner[:-1]) | (rows[1:] != rows[:-1])))
        last = np.append(first[1:], len(rows)) - 1
        age_days = np.maximum(asked_on[owner] - days, 0.0)
        counts = last - first + 1
        wanted = np.add.reduceat(np.exp(age_days * (np.log(self.settings.weekly_decay) / 7.0)), first)
        interval = (days[last] - days[first]) / np.maximum(counts - 1, 1)
        due = _due(age_days[last], interval)
        return owner[first], rows[first], (wanted * (1.0 + self.settings.due_weight * due)).astype(np.float32)


def _due(since_days: DayArray, interval_days: DayArray) -> DayArray:
    """-1 just bought, 0 unknown or at half the usual interval, 1 at the usual interval, back to 0 long after."""
    known = interval_days >= 1.0  # the same day again is one purchase, not an interval
    ratio = since_days / np.where(known, interval_days, 1.0)
    due = np.where(ratio <= 1.0, 2.0 * ratio - 1.0, 1.0 / np.maximum(ratio, 1.0))
    return np.where(known, due, 0.0)


def _purchases(batch: Batch) -> tuple[IntArray, RowArray, DayArray]:
    """All purchases of all askers: the request they belong to, the product, the day."""
    lengths = [len(portrait.rows) for portrait in batch.portraits]
    owner = np.repeat(np.arange(len(batch)), lengths)
    bought = np.concatenate([portrait.actions for portrait in batch.portraits]) == PURCHASE
    rows = np.concatenate([portrait.rows for portrait in batch.portraits])
    days = np.concatenate([portrait.days for portrait in batch.portraits])
    return owner[bought], rows[bought], days[bought]
