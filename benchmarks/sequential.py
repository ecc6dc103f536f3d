"""The next product of ordered histories, foretold by the engine's own recall sources, each alone.

    python -m benchmarks.sequential --data ../shared/data/amazon_beauty [--write]

Any folder of the same form: X.s3rec.txt.gz, X.s3id_to_asin.json.gz, X.item_titles.tsv.gz. Leave one out: the last
product of a shopper is the test, the one before it chooses settings; all is learnt from what came before those two, and
the test's history holds the one that settings were chosen by. All products are ranked, equal scores by their row.
`unmasked` figures also offer what the shopper has, the others do not.

r@10   whether the last product stands in the first ten      n@10   1 / log2(its place + 1) there

The files carry no dates, and products of one day stand in the order of their ids: a small known leak, in published
figures of this set too. Intervals are bootstraps over shoppers.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.page import write
from benchmarks.sequences import Sequences, Task, read
from shopkeeper import plugins
from shopkeeper.measure.baselines import popularity
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import bootstrap
from shopkeeper.ports import Fits, Source
from shopkeeper.types import Batch, IntArray

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
}
"""The sources that take part, and their settings."""


@dataclass(frozen=True)
class Part:
    """A source that has learnt, and the processor seconds that it took."""

    name: str
    source: Source
    cpu_s: float


@dataclass(frozen=True)
class Measured:
    """One number a shopper, float64 (b,), with what a shopper has left out and with everything."""

    lists: IntArray
    values: Mapping[str, Values] = field(default_factory=dict)


def main() -> None:
    asked = _arguments()
    started = time.process_time()
    sequences = read(Path(asked.data))
    _, test = sequences.leave_one_out(None, asked.seed)
    measured = {"popularity": measure(test, _popular(sequences, test))}
    seconds: dict[str, float] = {}
    for name in PARTS:
        part = learnt(name, test)
        seconds[name] = part.cpu_s
        measured[name] = measure(test, _alone(part.source))
    figures: dict[str, Any] = {
        "benchmark": "sequential",
        "data": sequences.name,
        "shoppers": len(test.targets),
        "products": len(sequences.catalog),
        "parts": {
            name: {metric: round(float(own.mean()), 4) for metric, own in each.values.items()}
            | {"interval": _interval(each.values["r@10"]), "cpu_s": round(seconds.get(name, 0.0), 1)}
            for name, each in measured.items()
        },
        "cpu_s": round(time.process_time() - started, 1),
        "data_sha256": sequences.sha256,
    }
    if asked.write:
        write("sequential", __doc__ or "", figures, sequences.sha256)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sequential")
    parser.add_argument("--data", default="../shared/data/amazon_beauty", help="folder of the three files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/sequential.md")
    return parser.parse_args()


def learnt(name: str, task: Task) -> Part:
    """The source of this name with the benchmark's settings, after it learnt what the task lets it."""
    kind = plugins.load("source", name)
    source = kind(kind.Settings(enabled=True, **PARTS[name]))
    started = time.process_time()
    if isinstance(source, Fits):
        source.fit(task.snapshot)
    return Part(name, source, time.process_time() - started)


def measure(task: Task, lists_of: Callable[[Batch], IntArray]) -> Measured:
    """How well these lists hold what came next."""
    targets = list(task.targets[:, None])
    masked, whole = task.listed(lists_of, masked=True), task.listed(lists_of, masked=False)
    return Measured(
        masked,
        {
            "r@10": recall_at(masked, targets, K),
            "n@10": ndcg_at(masked, targets, K),
            "unmasked_r@10": recall_at(whole, targets, K),
            "unmasked_n@10": ndcg_at(whole, targets, K),
        },
    )


def _alone(source: Source) -> Callable[[Batch], IntArray]:
    """The first K of what a source offers, padded with -1."""

    def lists_of(batch: Batch) -> IntArray:
        lists = np.full((len(batch), K), -1, np.int64)
        for own, offer in zip(lists, source.recall(batch, K), strict=True):
            own[: len(offer.rows)] = offer.rows
        return lists

    return lists_of


def _popular(sequences: Sequences, task: Task) -> Callable[[Batch], IntArray]:
    """The most taken of all times, the same for everybody but for what the shopper has."""
    longest = int(np.diff(sequences.log.offsets).max())
    snapshot = task.snapshot
    best = popularity(snapshot.log, snapshot.day, 1, K + longest, snapshot.day + 1)[0]

    def lists_of(batch: Batch) -> IntArray:
        allowed = [best if request.allowed is None else best[request.allowed[best]] for request in batch.requests]
        return np.stack([own[:K] for own in allowed])

    return lists_of


def _interval(values: Values) -> list[float]:
    found = bootstrap(values)
    return [round(found.low, 4), round(found.high, 4)]


if __name__ == "__main__":
    main()
