"""What the same people chose: neighbours of the shopper's products by cosine."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.recall.latest import AsksNeighbours, SeedSettings, chosen
from shopkeeper.recall.neighbours import Neighbours
from shopkeeper.types import Scene, Snapshot


class ItemNeighbours(AsksNeighbours):
    """Offers item neighbours: n(i, j) / sqrt((n(i) + prior) (n(j) + prior)), n how many shoppers chose them.

    In what order they were chosen does not count, only how lately the seeds were: covisit knows more, and is the
    better one wherever we measured both. A score is the sum over the shopper's latest lines of decay^(baskets since) x
    cosine. Source: Sarwar et al., "Item-based collaborative filtering", WWW 2001, with a prior on both counts.
    """

    class Settings(SeedSettings):
        prior: float = Field(5.0, ge=0, description="Added to each product's shoppers: holds back what few chose.")

    scenes: frozenset[Scene] = frozenset({"home", "together", "cart"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings: ItemNeighbours.Settings = settings

    def fit(self, snapshot: Snapshot) -> None:
        from scipy.sparse import csr_array

        users, rows = chosen(snapshot.log, self.settings.lines)
        shape = snapshot.log.n_users, len(snapshot.catalog)
        who = csr_array((np.ones(len(rows), np.float32), (users, rows)), shape=shape)
        shoppers = np.bincount(rows, minlength=shape[1]).astype(np.float32)
        together = (who.T @ who).tocoo()
        apart = together.row != together.col
        one, other, n = together.row[apart], together.col[apart], together.data[apart]
        cosines = n / np.sqrt((shoppers[one] + self.settings.prior) * (shoppers[other] + self.settings.prior))
        self._neighbours = Neighbours.heaviest(
            csr_array((cosines, (one, other)), shape=(shape[1], shape[1])), self.settings.neighbours
        )
