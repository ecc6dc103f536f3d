"""When the shopper last bought this product."""

import numpy as np

from shopkeeper.rank.pairs import pairs
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Batch, Candidates, FloatArray, Snapshot


class Recency:
    """Days and baskets since the last and the first purchase, and where the last one stands among the baskets."""

    class Settings(PluginSettings): ...

    names = ("days_since", "baskets_since", "days_known", "share_since_known", "in_last_5", "in_last_10")

    def __init__(self, settings: Settings) -> None:
        pass

    def fit(self, snapshot: Snapshot) -> None:
        """Nothing to learn: all is in the portrait."""

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        lines, bought = shared.purchases, shared.bought
        back = lines.basket_back.astype(np.float64)
        since_known = bought.last(back) + 1
        columns = [
            bought.first(lines.age),
            bought.first(back),
            bought.last(lines.age),
            bought.sums(np.ones(len(lines))) / since_known,
            bought.sums(back < 5) / np.clip(shared.spread(shared.n_baskets), 1, 5),
            bought.sums(back < 10) / np.clip(shared.spread(shared.n_baskets), 1, 10),
        ]
        return np.stack(columns, axis=1).astype(np.float32)
