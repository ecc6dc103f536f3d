"""The engine's whole way for ordered histories: sources gathered, features assembled, trees taught."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.sequences import Task
from shopkeeper import plugins
from shopkeeper.ports import Feature, Ranker, Source
from shopkeeper.rank.assemble import assemble
from shopkeeper.rank.labels import Labels
from shopkeeper.rank.order import top
from shopkeeper.rank.train import Window, train
from shopkeeper.recall.gather import Plan, gather
from shopkeeper.types import Batch, BoolArray, Candidates, FeatureTable, IntArray, Snapshot

FEATURES = ("sources", "popularity", "closeness")
LAMBDARANK: Mapping[str, Any] = {"trees": 100, "learning_rate": 0.1, "models": 3}
"""Chosen on shoppers of the validation whom the trees had not learnt from."""
PLAN = Plan(limit=100)
GRADE = 3.0


@dataclass(frozen=True)
class System:
    """Sources that have learnt, features, and the ranker that orders what they offer."""

    sources: Mapping[str, Source]
    features: Mapping[str, Feature]
    ranker: Ranker

    @classmethod
    def of(cls, sources: Mapping[str, Source], seed: int) -> "System":
        """One that knows nothing yet of the order."""
        kinds = {name: plugins.load("feature", name) for name in FEATURES}
        trees = plugins.load("ranker", "lambdarank")
        ranker = trees(trees.Settings(**LAMBDARANK, seed=100 * seed))
        return cls(sources, {name: kind(kind.Settings()) for name, kind in kinds.items()}, ranker)

    def teach(self, validation: Task, masked: bool = True, may: BoolArray | None = None) -> None:
        """Learns from what came next in the validation, by the candidates and features that serving has.

        Of shoppers whose next product is none that `may` be known, bool (n_products,), nothing is learnt.
        """
        told = np.ones(len(validation.targets), bool) if may is None else may[validation.targets]
        n = int(told.sum())
        labels = Labels(
            validation.users[told],
            np.arange(n + 1, dtype=np.int64),
            validation.targets[told].astype(np.int32),
            np.full(n, GRADE, np.float32),
        )

        def candidates_of(snapshot: Snapshot, batch: Batch) -> Candidates:
            users = np.array([request.user for request in batch.requests], np.int32)
            return gather(self.sources, validation.batch(users, masked), PLAN).candidates

        train(self.ranker, self.features, [Window(validation.snapshot, labels)], candidates_of)

    def table(self, batch: Batch) -> tuple[Candidates, FeatureTable]:
        """What the sources offer, and what the ranker reads of it."""
        candidates = gather(self.sources, batch, PLAN).candidates
        return candidates, assemble(self.features, batch, candidates)

    def lists_of(self, k: int) -> Callable[[Batch], IntArray]:
        """What stands first when all is done, int64 (b, k) padded with -1."""

        def lists(batch: Batch) -> IntArray:
            candidates, table = self.table(batch)
            return top(candidates, self.ranker.score(candidates, table), k)

        return lists
