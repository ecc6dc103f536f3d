"""What kind of shopper asks: the same for all candidates, there for the trees to condition on."""

import numpy as np

from shopkeeper.rank.pairs import pairs
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Batch, Candidates, FloatArray, Snapshot


class Shopper:
    """Baskets, days since the last one, days between two, products a basket, share of purchases that were repeats."""

    class Settings(PluginSettings): ...

    names = ("baskets", "days_since", "days_between", "basket_size", "repeat_share")

    def __init__(self, settings: Settings) -> None:
        pass

    def fit(self, snapshot: Snapshot) -> None:
        """Nothing to learn: all is in the portrait."""

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        lines, n = shared.purchases, shared.n_requests
        count = np.bincount(lines.request, minlength=n).astype(np.float64)
        last, first = np.zeros(n), np.zeros(n)
        last[lines.request] = lines.age  # of equal places the last is written, and lines lie oldest first
        first[lines.request[::-1]] = lines.age[::-1]
        distinct = np.bincount(lines.request[shared.bought.ends], minlength=n)
        some = shared.n_baskets > 0
        several = shared.n_baskets > 1
        columns = [
            shared.n_baskets,
            np.where(some, last, np.nan),
            np.where(several, first - last, np.nan) / np.maximum(shared.n_baskets - 1, 1),
            np.where(some, count / np.maximum(shared.n_baskets, 1), np.nan),
            np.where(some, 1 - distinct / np.maximum(count, 1), np.nan),
        ]
        return shared.spread(np.stack(columns, axis=1)).astype(np.float32)
