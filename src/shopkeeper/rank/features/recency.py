"""When the shopper last bought this product."""

import numpy as np

from shopkeeper.rank.pairs import pairs, side_by_side
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
        back, bought = shared.purchases.basket_back, shared.bought
        (days_since, days_known), (baskets_since, baskets_known) = shared.days, shared.baskets
        baskets = shared.spread(shared.n_baskets)
        columns = [
            days_since,
            baskets_since,
            days_known,
            shared.times / (baskets_known + 1),
            bought.sums(back < 5) / np.minimum(np.maximum(baskets, 1), 5),
            bought.sums(back < 10) / np.minimum(np.maximum(baskets, 1), 10),
        ]
        return side_by_side(columns)
