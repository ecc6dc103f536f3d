"""What it gives to know the moment of a visit, against the moments of others: a shop's hours, weekdays and places.

    python -m benchmarks.context --from-week 45 --to-week 46 [--seeds 3] [--write]

Each household of Complete Journey is asked for its first basket within the weeks, at that basket's moment, knowing what
was known as the weeks began. The shop learns as `learn` does; its pages lean by `rank.context` with its default
settings but for `knows`, one row each: what of the moment counts. `place` is the store of the basket, which a caller
would send. `real` asks at the household's own moment, `shuffled` at that of another household (a permutation a seed),
`plain` leans by nothing. `trees` are the taught ranker, a seed each; `fused`, which guests get, has no seeds but in the
shuffling.

r@10 and n@10 are means over the seeds. `gain` is real less shuffled, `over_plain` real less plain: means over the
households with 95 % intervals (paired bootstrap, seeds averaged). `borne_out`: the kinds that the purchases supported
at all (see `rank/leanings.py`). Settings were chosen on weeks 45 and 46.
"""

import argparse
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import BaseModel

from benchmarks import complete_journey
from benchmarks.complete_journey import Journey
from benchmarks.foretold import CHUNK, K, Seeds
from benchmarks.next_basket import Task
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.flow.build import stages
from shopkeeper.flow.personal import CONTEXT, timely
from shopkeeper.flow.teach import SCENE, taught
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.moments import Moments
from shopkeeper.ports import Feature, Ranker
from shopkeeper.profile.profiles import Profiles
from shopkeeper.rank.assemble import assemble, read_by
from shopkeeper.rank.order import top
from shopkeeper.recall.gather import Plan, gather
from shopkeeper.settings import FUSED, PluginSettings, Settings
from shopkeeper.types import Batch, Candidates, FeatureTable, FloatArray, IntArray, Intent, Request, Snapshot

log = logging.getLogger("benchmarks.context")
KNOWS: tuple[tuple[str, ...], ...] = (("hour",), ("weekday",), ("place",), ("hour", "weekday"), ("hour", "place"))
METRICS = {"r@10": recall_at, "n@10": ndcg_at}
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """Who asks, and when: days float64 (b,) and stores, in the order of the task's households."""

    days: Values
    stores: tuple[str, ...]

    def shuffled(self, seed: int) -> "Asked":
        """Everybody at the moment of somebody else."""
        order = np.random.default_rng(seed).permutation(len(self.days))
        return Asked(self.days[order], tuple(self.stores[at] for at in order))


class Scored:
    """A ranker that scores as it was told to: what pages lean from."""

    Settings: ClassVar[type[BaseModel]] = PluginSettings
    files: tuple[str, ...] = ()

    def __init__(self, scores: FloatArray) -> None:
        self._scores = scores

    def learn(self, table: FeatureTable, labels: FloatArray, offsets: IntArray) -> None:
        """Nothing."""

    def score(self, candidates: Candidates, table: FeatureTable) -> FloatArray:
        return self._scores

    def parts(self, candidates: Candidates, table: FeatureTable) -> tuple[tuple[str, ...], FloatArray]:
        return ("scored",), self._scores[:, None]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.context")
    parser.add_argument("--data", default="", help="folder of the Parquet files; the package's own by default")
    parser.add_argument("--from-week", type=int, default=45)
    parser.add_argument("--to-week", type=int, default=46)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/context.md")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    folder = Path(asked.data) if asked.data else complete_journey.folder_of_package()
    journey = complete_journey.read(folder, asked.to_week)
    task, moments, when = _task(journey, folder, asked.from_week, asked.to_week)
    figures: dict[str, Any] = {
        "benchmark": "context",
        "from_week": asked.from_week,
        "to_week": asked.to_week,
        "households": len(task.labels.users),
        "seeds": asked.seeds,
        **_measured(task, moments, when, asked.seeds),
    }
    if asked.write:
        part = f"weeks {asked.from_week} and {asked.to_week}"
        write("context", __doc__ or "", figures, journey.sha256, part)
    print(json.dumps(figures | {"data_sha256": journey.sha256}))


def _task(journey: Journey, folder: Path, from_week: int, to_week: int) -> tuple[Task, Moments, Asked]:
    """The task, what was known of the stores of purchases, and the moment of each household's first basket."""
    task = Task.of(journey, from_week, to_week)
    lines = pq.read_table(folder / "transactions.parquet", columns=["basket_id", "store_id", "week"])
    lines = lines.filter(lines["week"].to_numpy() <= to_week)
    _, first = np.unique(lines["basket_id"].to_numpy(), return_index=True)
    stores = lines["store_id"].to_numpy()[first]  # of each basket, as the log numbers them
    numbers, codes = np.unique(stores, return_inverse=True)
    known, whole = task.snapshot.log, journey.log
    order = np.argsort(known.days, kind="stable")
    said = np.full((len(order), 3), -1, np.int16)
    said[:, 2] = codes[known.baskets[order]]
    labels = ((), (), tuple(map(str, numbers.tolist())))
    moments = Moments(known.rows[order], known.days[order], said, labels)
    later = np.flatnonzero(whole.days >= task.snapshot.day)
    users, at = np.unique(whole.users[later], return_index=True)  # lines of a household stand in order of time
    assert np.array_equal(users, task.labels.users), "each household of the task has a first basket"
    lines_asked = later[at]
    return task, moments, Asked(whole.days[lines_asked], tuple(map(str, stores[whole.baskets[lines_asked]].tolist())))


def _measured(task: Task, moments: Moments, when: Asked, n_seeds: int) -> dict[str, Any]:
    settings, snapshot = Settings({}), task.snapshot
    seeds, plan, parts = Seeds(settings, n_seeds), Plan.of(settings), stages(settings)
    taught(replace(parts, rankers={"lambdarank": cast(Ranker, seeds)}), snapshot, settings, plan, lambda *_: None)
    log.info("taught")
    parts.fit(snapshot)
    rankers = {"fused": [parts.rankers[FUSED]], "trees": seeds.rankers}
    told = replace(snapshot, moments=moments)
    features = {" ".join(knows): _feature(told, knows) for knows in KNOWS}
    moments_of = [when, *(when.shuffled(seed) for seed in range(n_seeds))]
    lists: dict[tuple[str, str, int, int], list[IntArray]] = {}
    for batch, candidates, table_of in _chunks(parts.sources, parts.features, task, plan):
        for name, own in rankers.items():
            for seed, ranker in enumerate(own):
                scores = ranker.score(candidates, table_of(ranker))
                lists.setdefault((name, "", seed, -1), []).append(top(candidates, scores, K))
                for knows, feature in features.items():
                    for at, asked in enumerate(moments_of):
                        if not at or name == "fused" or seed == at - 1:  # a seed of the trees has its own shuffling
                            leant = _leant(batch, candidates, scores, feature, asked)
                            lists.setdefault((name, knows, seed, at), []).append(top(candidates, leant, K))
        log.info("asked=%d", len(lists["fused", "", 0, -1]) * CHUNK)
    found: dict[str, Any] = {}
    for knows, feature in features.items():
        found[knows.replace(" ", "_")] = {"borne_out": list(feature.borne_out)} | {
            f"{name}.{metric}": _compared(lists, (name, knows), measure, task.targets)
            for name in rankers
            for metric, measure in METRICS.items()
        }
    return found


def _feature(snapshot: Snapshot, knows: tuple[str, ...]) -> Any:
    kind = plugins.load("feature", CONTEXT)
    made = kind(kind.Settings(knows=knows))
    made.fit(snapshot)
    return made


def _chunks(
    sources: Mapping[str, Any], features: Mapping[str, Feature], task: Task, plan: Plan
) -> Iterator[tuple[Batch, Candidates, Any]]:
    """Requests of some households with their candidates, and the table that a ranker reads of them."""
    profiles = Profiles(task.snapshot.log)
    everybody, day = task.labels.users, task.snapshot.day
    for start in range(0, len(everybody), CHUNK):
        users = everybody[start : start + CHUNK]
        requests = tuple(Request(request_id=str(start + at), scene=SCENE, day=day) for at in range(len(users)))
        requests = tuple(replace(each, user=int(user)) for each, user in zip(requests, users, strict=True))
        batch = Batch(requests, (Intent(),) * len(users), profiles.portraits(users, day))
        candidates = gather(sources, batch, plan).candidates
        yield batch, candidates, lambda ranker, b=batch, c=candidates: assemble(read_by(ranker, features), b, c)


def _leant(batch: Batch, candidates: Candidates, scores: FloatArray, feature: Any, asked: Asked) -> FloatArray:
    """The scores after pages leant by the moments, as `flow/personal.py` leans them: float32 (n,)."""
    found = scores.copy()
    for at, request in enumerate(batch.requests):
        own = np.arange(candidates.offsets[at], candidates.offsets[at + 1])
        which = int(request.request_id)
        then = replace(request, day=float(asked.days[which]), context={"place": asked.stores[which]})
        _, ranker = timely(("scored", Scored(scores[own])), then, {CONTEXT: feature})
        found[own] = ranker.score(_alone(candidates, own), FeatureTable((), np.empty((len(own), 0), np.float32)))
    return found


def _alone(candidates: Candidates, own: IntArray) -> Candidates:
    plain = replace(candidates, offsets=np.array([0, len(candidates.rows)], np.int64))
    return plain.take(own)


def _compared(lists: Mapping[Any, list[IntArray]], which: tuple[str, str], measure: Any, targets: Any) -> Any:
    """The means of a ranker's lists, and the differences with their intervals."""
    name, knows = which

    def mean(leans: str, real: bool) -> Values:
        keys = [key for key in lists if key[:2] == (name, leans) and (key[3] <= 0) == real]
        return np.asarray(np.mean([measure(np.concatenate(lists[key]), targets, K) for key in keys], axis=0))

    plain, real, shuffled = mean("", True), mean(knows, True), mean(knows, False)
    return {
        "plain": round(float(plain.mean()), 4),
        "real": round(float(real.mean()), 4),
        "shuffled": round(float(shuffled.mean()), 4),
        "gain": str(paired_bootstrap(real, shuffled)),
        "over_plain": str(paired_bootstrap(real, plain)),
    }


if __name__ == "__main__":
    main()
