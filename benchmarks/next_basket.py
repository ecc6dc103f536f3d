"""Each household's next basket, foretold by the shop's own stages: recall, features, ranker.

    python -m benchmarks.next_basket --shop complete_journey --from-week 47 --to-week 48 [--seeds 3] [--write]

History is every line before the first week; the target is a household's first basket within the weeks, asked for at the
moment the first week begins. All products are ranked: what no source offers stands below what one does. Households
without any history are asked about too. The ranker is taught on earlier windows only, exactly as `learn` teaches it.

r@10       hits in the first ten / min(10, products of the basket)      n@10   binary nDCG, the best list cut likewise
new_r@10   the same recall counting only products the household never bought before, in the same list;
           new_r@10_of_new: in the list without the products it bought before
The baselines are personal frequency (weekly decay .9, and the decay that was best on the weeks just before) and the
popularity of the last four weeks. Intervals are bootstraps over households.
"""

import argparse
import json
import resource
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import complete_journey
from benchmarks.complete_journey import Journey
from benchmarks.foretold import K, Lists, foretold
from benchmarks.page import write
from shopkeeper.measure.baselines import personal_frequency, popularity
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import bootstrap, paired_bootstrap
from shopkeeper.profile.profiles import Profiles
from shopkeeper.rank.labels import Labels, labels_between
from shopkeeper.settings import Settings
from shopkeeper.types import IntArray, Snapshot

DECAYS = (0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.99)
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """What was known, and what each household then bought first."""

    snapshot: Snapshot
    labels: Labels

    @property
    def targets(self) -> list[IntArray]:
        """The wanted rows of each household."""
        return np.split(self.labels.rows.astype(np.int64), self.labels.offsets[1:-1])

    @classmethod
    def of(cls, journey: Journey, from_week: int, to_week: int, seed: int = 0) -> "Task":
        """The task of these weeks."""
        snapshot = journey.snapshot(from_week, seed)
        return cls(snapshot, labels_between(journey.interactions, snapshot.day, journey.start_of(to_week + 1)))


def main() -> None:
    asked = _arguments()
    started, cpu = time.perf_counter(), time.process_time()
    journey = complete_journey.read(Path(asked.data) if asked.data else None, asked.to_week)
    task = Task.of(journey, asked.from_week, asked.to_week)
    runs = foretold(Settings({}), task.snapshot, task.labels.users, asked.seeds)
    figures: dict[str, Any] = {
        "benchmark": "next_basket",
        "shop": asked.shop,
        "from_week": asked.from_week,
        "to_week": asked.to_week,
        "households": len(task.labels.users),
        **_scores(task, runs, _baselines(journey, task, asked.from_week, asked.to_week)),
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "data_sha256": journey.sha256,
    }
    if asked.write:
        write("next_basket", __doc__ or "", figures, journey.sha256)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.next_basket")
    parser.add_argument("--shop", choices=["complete_journey"], default="complete_journey")
    parser.add_argument("--from-week", type=int, default=47)
    parser.add_argument("--to-week", type=int, default=48)
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--data", default="", help="folder of the Parquet files; the package's own by default")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/next_basket.md")
    asked = parser.parse_args()
    if not 2 <= asked.from_week <= asked.to_week:
        parser.error(f"weeks {asked.from_week} to {asked.to_week}: want 2 <= from-week <= to-week")
    return asked


def _baselines(journey: Journey, task: Task, from_week: int, to_week: int) -> dict[str, IntArray]:
    snapshot, users = task.snapshot, task.labels.users
    best = _best_decay(journey, from_week, to_week)
    return {
        "personal_frequency": personal_frequency(snapshot.log, snapshot.day, users, K),
        f"personal_frequency_{best:g}": personal_frequency(snapshot.log, snapshot.day, users, K, best),
        "popularity": popularity(snapshot.log, snapshot.day, len(users), K),
    }


def _best_decay(journey: Journey, from_week: int, to_week: int) -> float:
    """The decay with the best r@10 on as many weeks just before; .9 where there are none."""
    span = to_week - from_week + 1
    if from_week - span < 2:
        return 0.9
    before = Task.of(journey, from_week - span, from_week - 1)
    log, day, users = before.snapshot.log, before.snapshot.day, before.labels.users
    scores = [recall_at(personal_frequency(log, day, users, K, decay), before.targets, K).mean() for decay in DECAYS]
    return DECAYS[int(np.argmax(scores))]


def _scores(task: Task, runs: list[Lists], baselines: Mapping[str, IntArray]) -> dict[str, Any]:
    """Means over the runs with intervals over households, and what they are ahead of the best baseline."""
    targets, fresh = task.targets, _never_bought(task)
    with_new = np.array([len(rows) > 0 for rows in fresh])
    fresh_only = [rows for rows in fresh if len(rows)]
    ours = {"r@10": _mean(runs, targets, recall_at), "n@10": _mean(runs, targets, ndcg_at)}
    found: dict[str, Any] = {name: round(float(values.mean()), 4) for name, values in ours.items()}
    new = {}
    if with_new.any():
        new = {
            "new_r@10": np.mean([recall_at(run.of_all[with_new], fresh_only, K) for run in runs], axis=0),
            "new_r@10_of_new": np.mean([recall_at(run.of_new[with_new], fresh_only, K) for run in runs], axis=0),
        }
    for name in ("new_r@10", "new_r@10_of_new"):
        found[name] = round(float(new[name].mean()), 4) if name in new else None
    theirs = {
        name: {"r@10": recall_at(lists, targets, K), "n@10": ndcg_at(lists, targets, K)}
        for name, lists in baselines.items()
    }
    best = max(theirs, key=lambda name: float(theirs[name]["r@10"].mean()))
    return found | {
        "intervals": {name: _bounds(bootstrap(values)) for name, values in (ours | new).items()},
        "baselines": {
            name: {metric: round(float(values.mean()), 4) for metric, values in own.items()}
            for name, own in theirs.items()
        },
        "lead_over": best,
        "lead": {name: asdict(paired_bootstrap(values, theirs[best][name])) for name, values in ours.items()},
        "seeds": [
            {"r@10": round(float(recall_at(run.of_all, targets, K).mean()), 4),
             "n@10": round(float(ndcg_at(run.of_all, targets, K).mean()), 4)}
            for run in runs
        ],
    }  # fmt: skip


def _mean(runs: list[Lists], targets: list[IntArray], measure: Any) -> Values:
    return np.asarray(np.mean([measure(run.of_all, targets, K) for run in runs], axis=0))


def _bounds(interval: Any) -> list[float]:
    return [round(interval.low, 4), round(interval.high, 4)]


def _never_bought(task: Task) -> list[IntArray]:
    """Of each household's targets those that are nowhere in its history."""
    portraits = Profiles(task.snapshot.log).portraits(task.labels.users, task.snapshot.day)
    return [rows[~np.isin(rows, own.rows)] for rows, own in zip(task.targets, portraits, strict=True)]


if __name__ == "__main__":
    main()
