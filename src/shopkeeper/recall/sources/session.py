"""Products like those of the session's last few clicks."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.portrait import Portrait
from shopkeeper.recall.codes import nearest
from shopkeeper.recall.groups import NO_GROUP
from shopkeeper.recall.offers import NOTHING, best, inside, without
from shopkeeper.recall.shelf import StandsOnShelf, VectorShelf
from shopkeeper.settings import SourceSettings
from shopkeeper.types import ACTION_CODES, ACTIONS, Batch, FloatArray, Offer, Request, RowArray, Scene

LEANS: Mapping[str, float] = {"view": 0.5, "click": 0.6, "rate": 0.6, "add_to_cart": 1.0, "purchase": 1.0}
"""How much each action says of what the shopper is after; the others say nothing."""
_LEAN = np.array([LEANS.get(action, 0.0) for action in ACTIONS], np.float32)
_SETTLED = [ACTION_CODES[action] for action in ("add_to_cart", "purchase", "remove_from_cart", "dismiss")]


class Session(StandsOnShelf):
    """Offers what reads like the session's latest products, the latest counting most; one click changes the page.

    A product's score is the best over the session's products of lean x decay^age x similarity of their codes. What is
    in the cart already, or was turned away, is not offered again; what was only looked at may be.
    """

    class Settings(SourceSettings):
        last: int = Field(5, ge=1, le=50, description="How many of the session's latest products are looked from.")
        decay: float = Field(0.8, gt=0, le=1, description="What a product counts beside the one that came after it.")
        near: int = Field(100, ge=1, description="How many texts each of them leads to.")
        same_text: int = Field(3, ge=1, description="How many products of one text are offered.")

    scenes: frozenset[Scene] = frozenset({"home", "cart"})
    in_memory: ClassVar[bool] = True
    exact = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        shelf = self._shelf
        if shelf is None:
            return [NOTHING] * len(batch)
        pairs = zip(batch.requests, batch.portraits, strict=True)
        return [
            self._offer(shelf, request, portrait, limit) if len(portrait.session_rows) else NOTHING
            for request, portrait in pairs
        ]

    def _offer(self, shelf: VectorShelf, request: Request, portrait: Portrait, limit: int) -> Offer:
        seeds, leans = self._seeds(shelf, portrait)
        if not len(seeds):
            return NOTHING
        is_open = None if request.allowed is None else shelf.groups.open(request.allowed)
        scores = np.zeros(shelf.groups.n_groups, np.float32)
        for seed, lean in zip(seeds, leans, strict=True):
            distances = shelf.codes.distances(shelf.codes.code_of(int(seed)))
            near = nearest(distances, self.settings.near, is_open)
            # The angle between two vectors is estimated by the share of bits in which their codes differ.
            cosines = np.cos(np.float32(np.pi / shelf.codes.bits) * distances[near].astype(np.float32))
            scores[near] = np.maximum(scores[near], lean * cosines)
        groups = np.flatnonzero(scores > 0).astype(np.int32)
        rows, position, place = shelf.groups.rows_of(groups, request.allowed)
        few = place < self.settings.same_text
        settled = portrait.session_rows[np.isin(portrait.session_actions, _SETTLED)]
        excluded = np.concatenate((settled, request.seeds))
        return best(*without(rows[few], scores[groups][position[few]], excluded), limit)

    def _seeds(self, shelf: VectorShelf, portrait: Portrait) -> tuple[RowArray, FloatArray]:
        """The groups of the session's latest distinct products, latest first, and what each counts."""
        leans = _LEAN[portrait.session_actions]
        known = inside(portrait.session_rows, shelf.groups.group_of != NO_GROUP) & (leans > 0)
        groups = shelf.groups.group_of[portrait.session_rows[known][::-1]]
        latest, first = np.unique(groups, return_index=True)
        order = np.argsort(first)[: self.settings.last]
        decayed = self.settings.decay ** np.arange(len(order), dtype=np.float32)
        return latest[order], leans[known][::-1][first[order]] * decayed
