"""A page is not ten times the same thing."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.arrange.arrange import reorder
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Catalog, FloatArray, IntArray, Ranked, Request, RowArray


class Diversity:
    """Maximal marginal relevance with a sliding window over what was placed last.

    Each place takes the candidate with the highest lambda * relevance - (1 - lambda) * likeness, where relevance is the
    score scaled to [0, 1] over the pool and likeness the largest cosine to the last `window` placed products (without
    vectors: 1 in the same category, else 0). Source: Carbonell and Goldstein, SIGIR 1998.
    """

    place: ClassVar[int] = 70

    class Settings(PluginSettings):
        relevance: float = Field(0.75, ge=0, le=1, description="lambda: 1 is relevance alone, 0 is variety alone.")
        pool: int = Field(60, ge=2, description="How many of the best candidates may move.")
        window: int = Field(6, ge=1, description="How many placed products a candidate is compared with.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        n = min(len(ranked.rows), self.settings.pool)  # whatever page is asked for, or pages would not join
        if n < 3 or request.sort != "relevance":
            return ranked, ""
        likeness = self._likeness(ranked.rows[:n], catalog, vectors)
        # each place depends on those before it alone: what comes after this page is placed when it is asked for
        order = self._order(ranked.scores[:n], likeness, request.offset + request.k)
        moved = int((order != np.arange(n)).sum())
        whole = np.concatenate([order, np.arange(n, len(ranked.rows))])
        return reorder(ranked, whole), f"{moved} moved for variety" if moved else ""

    @staticmethod
    def _likeness(rows: RowArray, catalog: Catalog, vectors: FloatArray | None) -> FloatArray:
        """float32 (n, n) in [-1, 1]."""
        if vectors is None:
            same = catalog.categories[rows][:, None] == catalog.categories[rows][None, :]
            return np.asarray(same, np.float32)
        known = rows < len(vectors)
        own = np.asarray(vectors[np.where(known, rows, 0)], np.float32)
        own[~known] = 0.0  # what came since is like nothing
        cosines: FloatArray = own @ own.T
        return cosines

    def _order(self, scores: FloatArray, likeness: FloatArray, n_places: int) -> IntArray:
        """int64 (n,): the first `n_places` as placed one after another, then the others as they stood."""
        span = float(scores.max() - scores.min()) or 1.0
        worth = self.settings.relevance * (scores - scores.min()) / span
        against = (1 - self.settings.relevance) * likeness
        placed: list[int] = []
        window = min(self.settings.window, len(scores))
        latest = np.empty((window, len(scores)), np.float32)  # against each of the last placed, in turn
        value = worth
        for place in range(min(n_places, len(scores))):
            best = int(value.argmax())
            placed.append(best)
            worth[best] = -np.inf
            latest[place % window] = against[best]
            value = worth - np.maximum.reduce(latest[: place + 1])
        return np.concatenate([np.array(placed, np.int64), np.flatnonzero(worth > -np.inf)])
