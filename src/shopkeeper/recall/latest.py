"""What a shopper did latest, as seeds: products with what each counts."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import Field

from shopkeeper.portrait import Portrait
from shopkeeper.recall.neighbours import Neighbours
from shopkeeper.recall.offers import best, last_places, without
from shopkeeper.settings import SourceSettings
from shopkeeper.types import (
    ACTIONS,
    Action,
    Batch,
    Catalog,
    DayArray,
    FloatArray,
    Interactions,
    Offer,
    Request,
    RowArray,
    Scene,
)

LEANS: Mapping[Action, float] = {"view": 0.3, "click": 0.5, "rate": 0.5, "add_to_cart": 1.0, "purchase": 1.0}
"""How much each action says of what goes together; the others say nothing."""
LEAN: FloatArray = np.array([LEANS.get(action, 0.0) for action in ACTIONS], np.float32)
GIVEN: tuple[Scene, ...] = ("similar", "together", "cart")
"""Scenes whose seeds are the products that the request names, if it names any."""


def latest(portrait: Portrait, last: int, decay: float) -> tuple[RowArray, DayArray]:
    """The latest lines with what each counts: lean x decay^(baskets since), the session's own once more."""
    newest = slice(-last, None)
    rows, baskets = portrait.rows[newest], portrait.baskets[newest]
    since = np.append(np.cumsum((baskets[1:] != baskets[:-1])[::-1])[::-1], 0)[: len(rows)]
    inside = portrait.session_rows[newest]
    steps_since = np.arange(len(inside) - 1, -1, -1)
    leans = LEAN[np.concatenate((portrait.actions[newest], portrait.session_actions[newest]))]
    decayed = decay ** np.concatenate((since, steps_since))
    return np.concatenate((rows, inside)), leans * decayed


def is_given(request: Request) -> bool:
    """Whether the request is about products that it names."""
    return bool(request.scene in GIVEN and len(request.seeds))


def seeds_of(request: Request, portrait: Portrait, last: int, decay: float) -> tuple[RowArray, DayArray]:
    """The products to look from with what each counts: those the request is about, else the shopper's latest."""
    return (request.seeds, np.ones(len(request.seeds))) if is_given(request) else latest(portrait, last, decay)


def added_up(rows: RowArray, weights: DayArray) -> tuple[RowArray, DayArray]:
    """Each different row once, and the sum of its weights, float64 (m,)."""
    last, once = last_places(rows)
    return rows[once], np.asarray(np.bincount(last, weights, len(last))[once], np.float64)


def chosen(log: Interactions, most: int) -> tuple[RowArray, RowArray]:
    """Who chose what, each pair once: users and rows int32 (m,), of everybody the `most` latest lines that say a thing.

    Whoever has thousands of lines would otherwise make millions of pairs.
    """
    ends = np.repeat(log.offsets[1:], np.diff(log.offsets))
    kept = np.flatnonzero((LEAN[log.actions] > 0) & (ends - np.arange(len(log.rows)) <= most))
    width = int(log.rows.max(initial=0)) + 1
    pairs = np.unique(log.users[kept].astype(np.int64) * width + log.rows[kept])
    return (pairs // width).astype(np.int32), (pairs % width).astype(np.int32)


class SeedSettings(SourceSettings):
    """What sources may say that ask a table of neighbours with a shopper's latest lines. They are off by default."""

    enabled: bool = Field(False, description="Whether this plug-in takes part.")
    neighbours: int = Field(100, ge=1, description="How many neighbours of each product are kept.")
    decay: float = Field(0.7, gt=0, le=1, description="What a basket counts beside the one after it.")
    last: int = Field(50, ge=1, description="How many of a shopper's latest lines are seeds.")
    lines: int = Field(200, ge=2, description="How many of a shopper's latest lines are learnt from.")


class AsksNeighbours:
    """A source whose whole state is a table of neighbours: how it answers, is written and read back."""

    settings: SeedSettings
    _neighbours: Neighbours = Neighbours.none()

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        asked = zip(batch.requests, batch.portraits, strict=True)
        return [self._offer(request, portrait, limit) for request, portrait in asked]

    def save(self, folder: Path) -> None:
        self._neighbours.save(folder)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._neighbours = Neighbours.load(folder)

    def _offer(self, request: Request, portrait: Portrait, limit: int) -> Offer:
        seeds = seeds_of(request, portrait, self.settings.last, self.settings.decay)
        rows, scores = added_up(*self._neighbours.of_all(*seeds))
        return best(*without(rows, scores.astype(np.float32), request.seeds), limit, request.allowed)
