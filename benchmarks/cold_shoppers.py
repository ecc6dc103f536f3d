"""Shoppers of whom nothing is known: how far five answers of an interview carry, beside a whole history.

    python -m benchmarks.cold_shoppers --data ../shared/data/amazon_beauty [--seeds 3] [--questions 5] [--write]

A fifth of the shoppers is measured, a fifth chose the settings, the others are learnt from. Of each who is measured the
last product is asked for among all products, without what the shopper has. A question shows two cards; the simulated
shopper likes each by the part of the own history before the last product that lies in it, a product counting .6 of the
one after it: neither where both parts are at most .2, both where the smaller is at least half of the larger, else the
larger. One answer in ten is another than the true one, any of the others alike.

r@10     by the number of answers, 0 to 5, of the interview as the shop holds it: questions by expected information
share    of the r@10 that the whole history gives by `covisit`, the best of the sources that only count
others   random: any of the same questions; popular: the questions whose products are bought most, the same for all;
         tree: a decision tree over the same questions, split by information about the next product's taste on the
         training shoppers, a leaf's page what its shoppers took; popularity: no question at all

Figures are means over seeds (who is measured stays, learning and noise change); intervals are bootstraps over shoppers.
The files carry no dates, and products of one day stand in the order of their ids: a small known leak, in all of these.
"""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.interviewed import Interviewed, Tree, by_information, by_order, by_tree, most_bought, randomly
from benchmarks.page import write
from benchmarks.sequences import Sequences, read
from benchmarks.sequential import learnt as taught
from shopkeeper.measure.statistics import bootstrap
from shopkeeper.profile.profiles import Profiles
from shopkeeper.recall.tastes_learning import Lesson, Sizes, learnt
from shopkeeper.store.snapshot import interactions_table
from shopkeeper.types import Batch, FloatArray, IntArray, Intent, Interactions, Request, RowArray, Snapshot

K, CHUNK = 10, 256
PARTS_OF_SHOPPERS = 5
SPLIT_SEED = 2014
Values = NDArray[np.float64]


def main() -> None:
    asked = _arguments()
    started = time.process_time()
    sequences = read(Path(asked.data))
    world = World.of(sequences, asked.on)
    whole = world.whole()
    runs = [_run(world, seed, asked.questions) for seed in range(asked.seeds)]
    ours = np.mean([run["interview"] for run in runs], axis=0)
    figures: dict[str, Any] = {
        "benchmark": "cold_shoppers",
        "data": sequences.name,
        "on": asked.on,
        "shoppers": len(world.users),
        "whole_history_r@10": round(float(whole.mean()), 4),
        "r@10": round(float(ours[-1].mean()), 4),
        "share": round(float(ours[-1].mean() / whole.mean()), 3),
        "share_interval": _share_between(ours[-1], whole),
        "by_answers": {name: _means(runs, name) for name in runs[0]},
        "intervals": {name: _between(np.mean([run[name] for run in runs], axis=0)[-1]) for name in runs[0]},
        "seeds": [round(float(run["interview"][-1].mean()), 4) for run in runs],
        "cpu_s": round(time.process_time() - started, 1),
        "data_sha256": sequences.sha256,
    }
    if asked.write:
        write("cold_shoppers", __doc__ or "", figures, sequences.sha256, sequences.name)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_shoppers")
    parser.add_argument("--data", default="../shared/data/amazon_beauty", help="folder of the three files")
    parser.add_argument("--on", choices=["test", "validation"], default="test", help="the shoppers that are measured")
    parser.add_argument("--questions", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/cold_shoppers.md")
    return parser.parse_args()


@dataclass(frozen=True)
class World:
    """What is learnt from, and the shoppers who are measured: users int32 (b,), what was known of each and came."""

    snapshot: Snapshot
    known: Interactions
    users: RowArray
    targets: IntArray

    @classmethod
    def of(cls, sequences: Sequences, on: str) -> "World":
        """The split of the shoppers is the same in every run."""
        log = sequences.log
        order = np.random.default_rng(SPLIT_SEED).permutation(log.n_users)
        part = log.n_users // PARTS_OF_SHOPPERS
        held = {"validation": order[:part], "test": order[part : 2 * part]}
        users = np.sort(held[on]).astype(np.int32)
        learnt_from, measured = (np.zeros(log.n_users, bool) for _ in range(2))
        learnt_from[order[2 * part :]], measured[users] = True, True
        past = log.where(learnt_from[log.users])
        day = float(log.days.max()) + 1.0
        snapshot = Snapshot(day=day, catalog=sequences.catalog, log=past, interactions=interactions_table(past))
        known = log.where(measured[log.users] & sequences.before_last(1))
        return cls(snapshot, known, users, log.rows[log.offsets[users + 1] - 1].astype(np.int64))

    def hits(self, scores_of: Any) -> Values:
        """1 where what came stands in the first ten, float64 (b,): `scores_of` a slice of the shoppers, (s, n)."""
        found = []
        for first in range(0, len(self.users), CHUNK):
            own = slice(first, first + CHUNK)
            scores = np.array(scores_of(own), np.float32)
            for place, user in enumerate(self.users[own].tolist()):
                scores[place, self.rows_of(user)] = -np.inf
            target = scores[np.arange(len(scores)), self.targets[own], None]
            better, even = (scores > target).sum(axis=1), (scores == target).sum(axis=1)
            found.append(np.clip((K - better) / even, 0.0, 1.0))  # ties by chance
        return np.concatenate(found)

    def rows_of(self, user: int) -> RowArray:
        """What the shopper has, int32 (h,)."""
        return self.known.rows[self.known.offsets[user] : self.known.offsets[user + 1]]

    def whole(self) -> Values:
        """The hits of `covisit` that knows each shopper's history."""
        source = taught("covisit", self).source  # type: ignore[arg-type]  # it asks the task for its snapshot alone
        profiles, n = Profiles(self.known), len(self.snapshot.catalog)

        def scores_of(own: slice) -> FloatArray:
            scores = np.full((len(self.users[own]), n), -1.0, np.float32)
            asked = self.users[own].tolist()
            requests = tuple(Request(request_id=str(u), scene="home", day=self.snapshot.day, user=u) for u in asked)
            batch = Batch(requests, (Intent(),) * len(asked), profiles.portraits(asked))
            for place, offer in enumerate(source.recall(batch, n)):
                scores[place, offer.rows] = offer.scores
            return scores

        return self.hits(scores_of)


def _run(world: World, seed: int, n_questions: int) -> Mapping[str, Values]:
    """The hits by policy, float64 (questions + 1, b)."""
    snapshot = replace(world.snapshot, seed=seed)
    lesson = learnt(snapshot, Sizes())
    here = Interviewed.of(lesson, world.known, world.users)
    train = Interviewed.of(lesson, snapshot.log, np.unique(snapshot.log.users))
    tree = Tree(lesson, train, snapshot.log, n_questions)
    popular = by_order(most_bought(lesson, snapshot.log))
    policies = {"interview": by_information, "random": randomly, "popular": popular}
    found = {}
    for name, policy in policies.items():
        beliefs = here.beliefs(policy, n_questions, np.random.default_rng(seed))
        found[name] = np.stack([world.hits(_pages(world, lesson, belief)) for belief in beliefs])
    leaves = by_tree(tree, here, np.random.default_rng(seed))
    found["tree"] = np.stack([world.hits(lambda own, at=at: tree.pages(at[own])) for at in leaves])
    return found


def _pages(world: World, lesson: Lesson, beliefs: FloatArray) -> Any:
    n = len(world.snapshot.catalog)

    def scores_of(own: slice) -> FloatArray:
        scores = np.full((len(beliefs[own]), n), -1.0, np.float32)
        scores[:, lesson.tastes.rows] = beliefs[own] @ lesson.tastes.shares
        return scores

    return scores_of


def _means(runs: list[Mapping[str, Values]], name: str) -> list[float]:
    return [round(float(own), 4) for own in np.mean([run[name].mean(axis=1) for run in runs], axis=0)]


def _between(values: Values) -> list[float]:
    interval = bootstrap(values)
    return [round(interval.low, 4), round(interval.high, 4)]


def _share_between(ours: Values, whole: Values, draws: int = 2000) -> list[float]:
    """A bootstrap of the share over the shoppers."""
    draw = np.random.default_rng(0)
    drawn = (draw.integers(len(ours), size=len(ours)) for _ in range(draws))
    shares = [float(ours[at].mean() / whole[at].mean()) for at in drawn]
    return [round(float(own), 3) for own in np.quantile(shares, (0.025, 0.975))]


if __name__ == "__main__":
    main()
