"""What is put into one basket with it far more often than by chance, and what is looked at in its place."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.recall.latest import added_up
from shopkeeper.recall.neighbours import Neighbours
from shopkeeper.recall.offers import best, without
from shopkeeper.settings import SCENE_WEIGHTS, SourceSettings, Weight
from shopkeeper.types import (
    ACTION_CODES,
    PURCHASE,
    Batch,
    BoolArray,
    Catalog,
    FloatArray,
    Interactions,
    Offer,
    Request,
    Scene,
    Snapshot,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_LOOKED = [ACTION_CODES[action] for action in ("view", "click")]
_KINDS = ("complements", "substitutes")
_RATHER = 2.0
"""Products stand in for each other that visits foretell in more than so many times the baskets that they are in."""


class BoughtTogether:
    """Offers complements beside a product and a cart, substitutes on a page of what is similar.

    lift = n(i, j) N / (n(i) n(j)) over baskets, of pairs in `support` baskets at least. Complements are ordered by
    n(i, j) / (n(i) n(j))^rarity, held back by n(i, j) / (n(i, j) + prior): lift alone ranks chance meetings first. The
    lift of a pair in visits foretells in how many baskets it would be; where that is more than twice as many as it is
    in, and as `support`, the two stand in for each other, and else they are complements: of what is seldom bought
    nothing can be told. Shops that log no views have no substitutes. Source: Brin, Motwani, Ullman, Tsur, "Dynamic
    itemset counting and implication rules for market basket data", SIGMOD 1997 (lift, there: interest); McAuley,
    Pandey, Leskovec, "Inferring networks of substitutable and complementary products", KDD 2015.
    """

    class Settings(SourceSettings):
        # what is looked at in its place only fills up what meaning leaves empty
        scene_weights: dict[Scene, Weight] = Field(default={"similar": 0.1}, description=SCENE_WEIGHTS)
        support: int = Field(3, ge=1, description="Pairs in fewer baskets, or visits, are left out.")
        prior: float = Field(3.0, ge=0, description="Lifts count n / (n + this) for n baskets together.")
        rarity: float = Field(
            0.25, ge=0, le=1, description="How far popular products are held back: 1 ranks by lift, 0 by baskets."
        )
        most_lines: int = Field(150, ge=2, description="Baskets of more different products say nothing of pairs.")
        neighbours: int = Field(50, ge=1, description="How many of each kind are kept of each product.")

    scenes: frozenset[Scene] = frozenset({"similar", "together", "cart"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._beside = dict.fromkeys(_KINDS, Neighbours.none())

    def fit(self, snapshot: Snapshot) -> None:
        n, log = len(snapshot.catalog), snapshot.log
        bought = self._pairs(log, log.actions == PURCHASE, n)
        looked = self._pairs(log, np.isin(log.actions, _LOOKED), n)
        instead = looked.foretold(bought, _RATHER * self.settings.support) > _RATHER * bought.counts
        tables = {
            "complements": bought.held_back(self.settings.prior, self.settings.rarity).multiply(_not(instead, bought)),
            "substitutes": looked.held_back(self.settings.prior, self.settings.rarity).multiply(instead),
        }
        self._beside = {kind: _heaviest(table, self.settings.neighbours) for kind, table in tables.items()}

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        return [self._offer(request, limit) for request in batch.requests]

    def save(self, folder: Path) -> None:
        for kind, beside in self._beside.items():
            (folder / kind).mkdir()
            beside.save(folder / kind)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._beside = {kind: Neighbours.load(folder / kind) for kind in _KINDS}

    def _pairs(self, log: Interactions, which: BoolArray, n: int) -> "_Pairs":
        """Pairs of the baskets that these lines make, those with enough of them."""
        from scipy.sparse import csr_array

        lines = np.unique(np.stack((log.baskets[which], log.rows[which])), axis=1)
        _, basket, sizes = np.unique(lines[0], return_inverse=True, return_counts=True)
        fit = sizes[basket] <= self.settings.most_lines
        shape = len(sizes), n
        held = csr_array((np.ones(int(fit.sum()), np.float32), (basket[fit], lines[1][fit])), shape=shape)
        counts = csr_array(held.T @ held)
        alone = counts.diagonal()
        counts.setdiag(0.0)
        counts.data[counts.data < self.settings.support] = 0.0
        counts.eliminate_zeros()
        return _Pairs(counts, alone, int((sizes <= self.settings.most_lines).sum()))

    def _offer(self, request: Request, limit: int) -> Offer:
        beside = self._beside["substitutes" if request.scene == "similar" else "complements"]
        rows, scores = added_up(*beside.of_all(request.seeds, np.ones(len(request.seeds))))
        return best(*without(rows, scores.astype(np.float32), request.seeds), limit, request.allowed)


@dataclass(frozen=True)
class _Pairs:
    """counts float32 (n, n): in how many of `baskets` two products are; `alone` float32 (n,): in how many each is."""

    counts: "csr_array"
    alone: FloatArray
    baskets: int

    def foretold(self, others: "_Pairs", least: float) -> "csr_array":
        """float32 (n, n): in how many of the others' baskets each pair would be if its lift there were the one here.

        Of these those above `least`.
        """
        table = self._times(lambda counts, both: counts * self.baskets / both).tocoo()
        table.data *= others.alone[table.row] * others.alone[table.col] / max(others.baskets, 1)
        table.data[table.data <= least] = 0.0
        found = table.tocsr()
        found.eliminate_zeros()
        return found

    def held_back(self, prior: float, rarity: float) -> "csr_array":
        """float32 (n, n): how much each pair says."""
        return self._times(lambda counts, both: counts / both**rarity * counts / (counts + prior))

    def _times(self, worth: Callable[[FloatArray, FloatArray], FloatArray]) -> "csr_array":
        """Of each pair what its count, and the product of both products' own, are worth."""
        table = self.counts.copy().tocoo()
        table.data = np.asarray(worth(table.data, self.alone[table.row] * self.alone[table.col]), np.float32)
        return table.tocsr()


def _not(instead: "csr_array", pairs: _Pairs) -> "csr_array":
    """The pairs that are bought and that `instead` bool (n, n) does not have."""
    held = pairs.counts.astype(bool)
    return held > held.multiply(instead)


def _heaviest(table: "csr_array", most: int) -> Neighbours:
    from scipy.sparse import csr_array

    return Neighbours.heaviest(csr_array(table, dtype=np.float32), most)
