"""How often the shopper bought this product."""

import numpy as np
from pydantic import Field

from shopkeeper.rank.pairs import pairs, side_by_side
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Batch, Candidates, FloatArray, Snapshot


class Counts:
    """Baskets with the product, plain, by share, and faded by age with several half-lives."""

    class Settings(PluginSettings):
        half_lives_days: tuple[float, ...] = Field((7.0, 20.0, 46.0, 120.0), description="How fast a purchase fades.")

    names: tuple[str, ...]

    def __init__(self, settings: Settings) -> None:
        self._half_lives = settings.half_lives_days
        faded = [f"{kind}_{days:g}d" for days in self._half_lives for kind in ("faded", "faded_share")]
        self.names = ("baskets", "basket_share", "quantity", *faded)

    def fit(self, snapshot: Snapshot) -> None:
        """Nothing to learn: all is in the portrait."""

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        lines, bought = shared.purchases, shared.bought
        columns = [
            shared.times,
            shared.times / np.maximum(shared.spread(shared.n_baskets), 1),
            bought.sums(lines.quantity),
        ]
        for half_life in self._half_lives:
            weight = shared.faded(half_life)
            faded = bought.sums(weight)
            total = np.bincount(lines.request, weight, shared.n_requests)
            columns += [faded, faded / np.maximum(shared.spread(total), 1e-9)]
        return side_by_side(columns)
