"""The next product of ordered histories, foretold by the engine's own sources, alone and together.

    python -m benchmarks.sequential --data ../shared/data/amazon_beauty [--seeds 3] [--write]

Any folder of the same form: X.s3rec.txt.gz, X.s3id_to_asin.json.gz, X.item_titles.tsv.gz. Leave one out: the last
product of a shopper is the test, the one before it chooses; all sources learn from what came before those two, and the
test's history holds the one before the last. All products are ranked, equal scores by their row. Those figures that are
not called `unmasked` leave out what the shopper has.

r@10   whether the last product stands in the first ten      n@10   1 / log2(its place + 1) there

The system is what a page is: a hundred products of each source, the features `sources`, `popularity` and `closeness`,
and `lambdarank`, which learnt the order from the product before the last. Its figures are means over seeds of the
transformer and the trees; `cpu_s` is one seed's whole way, from titles and histories to the lists of all shoppers.
Settings were chosen on the product before the last. Intervals are bootstraps over shoppers, leads are over covisit.

The files carry no dates, and products of one day stand in the order of their ids: a small known leak, in published
figures of this set too.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.page import write
from benchmarks.sequences import Sequences, Task, read
from benchmarks.sequential_system import System
from shopkeeper import plugins
from shopkeeper.measure.baselines import popularity
from shopkeeper.measure.catalogue import coverage, gini
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import bootstrap, paired_bootstrap
from shopkeeper.ports import Fits, Source
from shopkeeper.types import Batch, FloatArray, IntArray

K = 10
EVERYTHING = 10**6
Values = NDArray[np.float64]
PARTS: Mapping[str, Mapping[str, Any]] = {
    "item_neighbours": {"neighbours": EVERYTHING, "decay": 0.7, "last": EVERYTHING},
    "ease": {"neighbours": EVERYTHING, "ridge": 100.0, "decay": 0.7, "last": EVERYTHING, "most_products": 20_000},
    "covisit": {
        "neighbours": EVERYTHING,
        "window": 20,
        "least_nearness": 0.0,
        "decay": 0.6,
        "last": EVERYTHING,
    },
    "sequence": {"epochs": 30, "rate": 0.004},
}
"""The sources that take part, and their settings."""
TITLES: Mapping[str, Any] = {"history": 5, "same_text": 100}
"""Settings of semantic, which is asked alone."""
SEEDED = "sequence"
BEST_COUNTED = "covisit"
LENGTHS = (5, 7, 10, 20)
TAKEN = (1, 5, 10, 20, 50)


@dataclass(frozen=True)
class Part:
    """A source that has learnt, and the processor seconds that it took."""

    name: str
    source: Source
    cpu_s: float


@dataclass(frozen=True)
class Measured:
    """The masked lists, int64 (b, K), and by metric one number a shopper, float64 (b,)."""

    lists: IntArray
    values: Mapping[str, Values]


def main() -> None:
    asked = _arguments()
    started = time.process_time()
    sequences = read(Path(asked.data))
    vectors = sequences.vectors()
    encoding_s = time.process_time() - started
    _, test = sequences.leave_one_out(vectors, 0)
    fixed = {name: learnt(name, test) for name in PARTS if name != SEEDED}
    measured = {"popularity": measure(test, popular(sequences, test))}
    measured |= {name: measure(test, alone(part.source)) for name, part in fixed.items()}
    runs = [Run.of(sequences, vectors, fixed, seed) for seed in range(asked.seeds)]
    measured |= {SEEDED: _mean([run.alone for run in runs]), "system": _mean([run.together for run in runs])}
    shared_s = encoding_s + sum(part.cpu_s for part in fixed.values())
    seconds = {name: part.cpu_s for name, part in fixed.items()}
    seconds |= {SEEDED: float(np.mean([run.sequence_s for run in runs]))}
    seconds |= {"system": shared_s + float(np.mean([run.cpu_s for run in runs]))}
    figures: dict[str, Any] = {
        "benchmark": "sequential",
        "data": sequences.name,
        "shoppers": len(test.targets),
        "products": len(sequences.catalog),
        **{name: round(float(own.mean()), 4) for name, own in measured["system"].values.items()},
        "cpu_s": round(seconds["system"], 1),
        "lead": {name: _lead(measured, name) for name in ("r@10", "n@10")},
        "seeds": [{name: round(float(own.mean()), 4) for name, own in run.together.values.items()} for run in runs],
        "parts": {name: _told(test, each, seconds.get(name, 0.0)) for name, each in measured.items()},
        "by_history": _by(np.diff(test.log.offsets), LENGTHS, measured),
        "by_times_taken": _by(_times_taken(test), TAKEN, measured),
        "cpu_s_of_all": round(time.process_time() - started, 1),
        "data_sha256": sequences.sha256,
    }
    if asked.write:
        write("sequential", __doc__ or "", figures, sequences.sha256)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sequential")
    parser.add_argument("--data", default="../shared/data/amazon_beauty", help="folder of the three files")
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/sequential.md")
    return parser.parse_args()


@dataclass(frozen=True)
class Run:
    """One seed's way: the transformer alone, all together, and the processor seconds of both."""

    alone: Measured
    together: Measured
    sequence_s: float
    cpu_s: float

    @classmethod
    def of(cls, sequences: Sequences, vectors: FloatArray, fixed: Mapping[str, Part], seed: int) -> "Run":
        started = time.process_time()
        validation, test = sequences.leave_one_out(vectors, seed)
        part = learnt(SEEDED, validation)
        system = System.of({name: own.source for name, own in fixed.items()} | {SEEDED: part.source}, seed)
        system.teach(validation)
        lists_of = system.lists_of(K)
        masked = test.listed(lists_of, masked=True)
        cpu_s = time.process_time() - started
        whole = test.listed(lists_of, masked=False)
        return cls(measure(test, alone(part.source)), _measured(test, masked, whole), part.cpu_s, cpu_s)


def learnt(name: str, task: Task) -> Part:
    """The source of this name with the benchmark's settings, after it learnt what the task lets it."""
    kind = plugins.load("source", name)
    source = kind(kind.Settings(enabled=True, **PARTS.get(name, TITLES)))
    started = time.process_time()
    if isinstance(source, Fits):
        source.fit(task.snapshot)
    return Part(name, source, time.process_time() - started)


def measure(task: Task, lists_of: Callable[[Batch], IntArray]) -> Measured:
    """How well these lists hold what came next."""
    return _measured(task, task.listed(lists_of, masked=True), task.listed(lists_of, masked=False))


def _measured(task: Task, masked: IntArray, whole: IntArray) -> Measured:
    targets = list(task.targets[:, None])
    kinds = {"": masked, "unmasked_": whole}
    metrics = {"r@10": recall_at, "n@10": ndcg_at}
    values = {
        f"{kind}{name}": metric(lists, targets, K) for kind, lists in kinds.items() for name, metric in metrics.items()
    }
    return Measured(masked, values)


def _mean(runs: list[Measured]) -> Measured:
    """The first run's lists, and each shopper's mean over the runs."""
    return Measured(
        runs[0].lists, {name: np.mean([run.values[name] for run in runs], axis=0) for name in runs[0].values}
    )


def alone(source: Source) -> Callable[[Batch], IntArray]:
    """The first K of what a source offers, padded with -1."""

    def lists_of(batch: Batch) -> IntArray:
        lists = np.full((len(batch), K), -1, np.int64)
        for own, offer in zip(lists, source.recall(batch, K), strict=True):
            own[: len(offer.rows)] = offer.rows
        return lists

    return lists_of


def popular(sequences: Sequences, task: Task) -> Callable[[Batch], IntArray]:
    """The most taken of all times, the same for everybody but for what the shopper has."""
    longest = int(np.diff(sequences.log.offsets).max())
    snapshot = task.snapshot
    best = popularity(snapshot.log, snapshot.day, 1, K + longest, snapshot.day + 1)[0]

    def lists_of(batch: Batch) -> IntArray:
        allowed = [best if request.allowed is None else best[request.allowed[best]] for request in batch.requests]
        return np.stack([own[:K] for own in allowed])

    return lists_of


def _told(task: Task, each: Measured, cpu_s: float) -> dict[str, Any]:
    return {name: round(float(own.mean()), 4) for name, own in each.values.items()} | {
        "interval_r@10": _bounds(bootstrap(each.values["r@10"])),
        "interval_n@10": _bounds(bootstrap(each.values["n@10"])),
        "coverage": round(coverage(each.lists, len(task.snapshot.catalog)), 3),
        "gini": round(gini(each.lists, len(task.snapshot.catalog)), 3),
        "cpu_s": round(cpu_s, 1),
    }


def _lead(measured: Mapping[str, Measured], metric: str) -> list[float]:
    """What the system is ahead of the best counted source: mean and interval."""
    lead = paired_bootstrap(measured["system"].values[metric], measured[BEST_COUNTED].values[metric])
    return [round(lead.mean, 4), *_bounds(lead)]


def _bounds(interval: Any) -> list[float]:
    return [round(interval.low, 4), round(interval.high, 4)]


def _times_taken(task: Task) -> IntArray:
    """How often what came next was taken in what was learnt from, int64 (b,)."""
    return np.bincount(task.snapshot.log.rows, minlength=len(task.snapshot.catalog))[task.targets]


def _by(sizes: IntArray, bounds: tuple[int, ...], measured: Mapping[str, Measured]) -> dict[str, dict[str, Any]]:
    """r@10 of shoppers by size: below the first bound, from each bound to the next, from the last."""
    kind = np.searchsorted(bounds, sizes, side="right")
    names = [
        f"below {bounds[0]}",
        *(f"{low} to {high - 1}" for low, high in pairwise(bounds)),
        f"{bounds[-1]} and more",
    ]
    told = ("popularity", BEST_COUNTED, SEEDED, "system")
    return {
        name: {"shoppers": int((kind == at).sum())}
        | {part: round(float(measured[part].values["r@10"][kind == at].mean()), 4) for part in told}
        for at, name in enumerate(names)
        if (kind == at).any()
    }


if __name__ == "__main__":
    main()
