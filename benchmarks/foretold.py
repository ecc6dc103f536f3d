"""What a shop would show each shopper at one moment, after it learnt as `learn` does: recall, features, ranker."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from shopkeeper.flow.build import Stages, made, stages
from shopkeeper.flow.teach import SCENE, taught
from shopkeeper.ports import Leans, Ranker
from shopkeeper.profile.profiles import Profiles
from shopkeeper.rank.assemble import assemble
from shopkeeper.rank.order import top
from shopkeeper.rank.personal import reach
from shopkeeper.recall.gather import Plan, gather
from shopkeeper.settings import Settings
from shopkeeper.types import Batch, Candidates, FeatureTable, FloatArray, IntArray, Intent, Request, RowArray, Snapshot

K = 10
CHUNK = 256


@dataclass(frozen=True)
class Lists:
    """The first rows for each shopper, int64 (b, K) padded with -1: of all products, and of those never bought."""

    of_all: IntArray
    of_new: IntArray


class Seeds:
    """Rankers that differ by their seed alone, taught the same lesson."""

    def __init__(self, settings: Settings, n_seeds: int) -> None:
        own = [settings.with_table("rank", {"lambdarank": {"seed": seed * 100}}) for seed in range(n_seeds)]
        self.rankers: list[Ranker] = [made(each, "ranker")["lambdarank"] for each in own]

    def learn(self, table: FeatureTable, labels: FloatArray, offsets: IntArray) -> None:
        for ranker in self.rankers:
            ranker.learn(table, labels, offsets)


def foretold(settings: Settings, snapshot: Snapshot, users: RowArray, n_seeds: int) -> list[Lists]:
    """The lists of each seed's shop, which learnt what was known at the snapshot's moment as `learn` does it."""
    seeds = Seeds(settings, n_seeds)
    plan, parts = Plan.of(settings), stages(settings)
    pupils = replace(parts, rankers={"lambdarank": cast(Ranker, seeds)})
    lessons = taught(pupils, snapshot, settings, plan, lambda *_: None)
    parts.fit(snapshot)
    rankers = seeds.rankers if lessons else [parts.rankers["fused"]]
    chunks = list(_lists(parts, rankers, (snapshot, users), plan))
    return [
        Lists(np.concatenate([own.of_all for own in found]), np.concatenate([own.of_new for own in found]))
        for found in zip(*chunks, strict=True)
    ]


def _lists(parts: Stages, rankers: list[Ranker], asked: tuple[Snapshot, RowArray], plan: Plan) -> Iterator[list[Lists]]:
    """Each ranker's lists for some of the shoppers, one chunk of them after another."""
    snapshot, everybody = asked
    profiles = Profiles(snapshot.log)
    for start in range(0, len(everybody), CHUNK):
        users = everybody[start : start + CHUNK]
        requests = tuple(Request(request_id=str(u), scene=SCENE, day=snapshot.day, user=int(u)) for u in users)
        batch = Batch(requests, (Intent(),) * len(users), profiles.portraits(users, snapshot.day))
        candidates = gather(parts.sources, batch, plan).candidates
        table = assemble(parts.features, batch, candidates)
        offered = np.split(candidates.rows, candidates.offsets[1:-1])
        known = np.concatenate([np.isin(own, p.rows) for own, p in zip(offered, batch.portraits, strict=True)])
        scores = [_leaning(parts, candidates, ranker.score(candidates, table), snapshot.day) for ranker in rankers]
        yield [Lists(top(candidates, own, K), top(candidates, np.where(known, -np.inf, own), K)) for own in scores]


def _leaning(parts: Stages, candidates: Candidates, scores: FloatArray, day: float) -> FloatArray:
    """The scores as a home page leans to what is new."""
    newcomer = parts.features.get("newcomer")
    return leant(candidates, scores, newcomer, day) if isinstance(newcomer, Leans) else scores


def leant(candidates: Candidates, scores: FloatArray, leans: Leans, day: float) -> FloatArray:
    """The scores float32 (n,) as pages lean by this feature, each request by its own best."""
    lifts = leans.lifts(candidates.rows, day, {})
    own = np.split(scores, candidates.offsets[1:-1])
    units = [reach(part) if len(part) else 0.0 for part in own]
    raised = np.repeat(units, np.diff(candidates.offsets)) * leans.strength * lifts
    return np.asarray(scores + raised, np.float32)
