"""What shoppers want whose answers would be like this one's."""

from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.portrait import Portrait
from shopkeeper.recall.offers import NOTHING, best
from shopkeeper.recall.tastes_learning import Sizes, learnt
from shopkeeper.settings import SourceSettings
from shopkeeper.tastes import SKIPPED, Tastes
from shopkeeper.types import Batch, Catalog, Offer, Request, Scene, Snapshot


class Interview:
    """Offers what the tastes want that the shopper's answers speak for: the sum over tastes of p(taste) p(product).

    What the answers make no likelier is left to other sources. Tastes are groups of shoppers who were after alike
    things lately; p(taste) is the posterior by Bayes' rule. Once a shopper did `until` things of the own, those speak,
    and the answers no longer.
    """

    class Settings(SourceSettings):
        weight: float = Field(2.0, ge=0, description="Weight of this source's ranks in the fusion.")
        tastes: int = Field(512, ge=2, le=2048, description="How many groups of shoppers are learnt at most.")
        decay: float = Field(0.4, gt=0, le=1, description="What a basket counts in a taste beside the one after it.")
        shoppers: int = Field(20_000, ge=2, description="Of more shoppers so many, drawn by chance, are learnt from.")
        until: int = Field(10, ge=1, description="A history of so many lines speaks in place of the answers.")

    scenes: frozenset[Scene] = frozenset({"home"})
    in_memory: ClassVar[bool] = True
    lasting: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tastes = Tastes.none()

    def fit_last(self, snapshot: Snapshot) -> None:
        own = self.settings
        self.tastes = learnt(snapshot, Sizes(tastes=own.tastes, decay=own.decay, shoppers=own.shoppers)).tastes

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        asked = zip(batch.requests, batch.portraits, strict=True)
        return [self._offer(request, portrait, limit) for request, portrait in asked]

    def save(self, folder: Path) -> None:
        self.tastes.save(folder)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self.tastes = Tastes.load(folder)

    def _offer(self, request: Request, portrait: Portrait, limit: int) -> Offer:
        told = any(answer.choice != SKIPPED for answer in portrait.answers)
        if not told or len(portrait.rows) >= self.settings.until or not len(self.tastes.rows):
            return NOTHING
        tastes = self.tastes
        scores = np.asarray(tastes.posterior(portrait.answers) @ tastes.shares, np.float32)
        spoken_for = scores > tastes.usual
        return best(tastes.rows[spoken_for], scores[spoken_for], limit, request.allowed)
