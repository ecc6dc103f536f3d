"""What each source and each feature file gives the next basket: the whole system without it, one after the other.

    python -m benchmarks.ablation [--from-week 45 --to-week 46] [--seeds 3] [--only NAME ...] [--write]

The protocol of `next_basket`, on weeks where settings may be chosen: households, candidates and ranker as a shop has
them, which is taught anew for every line. The first line is the system as it comes; then it without each source and
feature file that takes part by default, and with each that is off by default. Products have the untouched encoder's
vectors. `ease` is left out, which is for catalogues of some thousand products, and so is `sequence`, which would learn
for five minutes in each of five windows; `--only sequence` asks for it.

r@10, n@10, new_r@10_of_new   means over seeds, as in `next_basket`
gain   what having it gives r@10, paired over households with a 95 % bootstrap interval, seeds averaged
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import complete_journey
from benchmarks.foretold import K, Lists, foretold
from benchmarks.next_basket import Task
from benchmarks.page import write
from benchmarks.semantic_journey import texts_of
from shopkeeper import plugins
from shopkeeper.encode.open import open_encoder
from shopkeeper.encode.vectors import encode_products
from shopkeeper.flow.teach import SCENE
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.profile.profiles import Profiles
from shopkeeper.settings import Settings
from shopkeeper.types import IntArray

TOO_SLOW = {"ease", "sequence"}
"""Of sources, those that take their time with this catalogue: only where they are named."""
Values = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation")
    parser.add_argument("--from-week", type=int, default=45)
    parser.add_argument("--to-week", type=int, default=46)
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--only", nargs="*", default=[], help="these sources and feature files; all by default")
    parser.add_argument("--data", default="", help="folder of the Parquet files; the package's own by default")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/ablation.md")
    asked = parser.parse_args()
    started = time.process_time()
    paths = [Path(asked.data)] if asked.data else []
    journey = complete_journey.read(paths[0] if paths else None, asked.to_week)
    task = Task.of(journey, asked.from_week, asked.to_week)
    texts = texts_of(journey, paths)
    with tempfile.TemporaryDirectory() as cache:
        encoder = open_encoder(Settings({}).encode, texts, Path(cache))
        assert encoder is not None
        vectors = encode_products(encoder, texts, Path(cache), workers=1)
    known = replace(task, snapshot=replace(task.snapshot, vectors=vectors))
    figures: dict[str, Any] = {
        "benchmark": "ablation",
        "from_week": asked.from_week,
        "to_week": asked.to_week,
        "households": len(task.labels.users),
        **_parts(known, asked.seeds, set(asked.only)),
        "cpu_s": round(time.process_time() - started),
        "data_sha256": journey.sha256,
    }
    if asked.write:
        write("ablation", __doc__ or "", figures, journey.sha256)
    print(json.dumps(figures))


def _parts(task: Task, n_seeds: int, only: set[str]) -> dict[str, Any]:
    """The whole system's figures, and a line for each source and feature file."""
    whole = foretold(Settings({}), task.snapshot, task.labels.users, n_seeds)
    found: dict[str, Any] = {"whole": _figures(task, whole)}
    for kind, name, on in _members():
        if name not in only if only else name in TOO_SLOW:
            continue
        stage, _ = plugins.KINDS[kind]
        other = foretold(Settings({stage: {name: {"enabled": not on}}}), task.snapshot, task.labels.users, n_seeds)
        with_it, without = (whole, other) if on else (other, whole)
        gain = paired_bootstrap(_recall(task, with_it), _recall(task, without))
        label = f"{kind}.{name}.{'without' if on else 'with'}"
        bounds = [round(float(value), 4) for value in (gain.mean, gain.low, gain.high)]
        found[label] = _figures(task, other) | {"gain": bounds[0], "interval": bounds[1:]}
        print(f"{label} {found[label]}", flush=True)
    return found


def _members() -> Iterator[tuple[str, str, bool]]:
    """Kind and name of every source of the home page and every feature file, and whether it is on by default."""
    usual = Settings({})
    for kind in ("source", "feature"):
        for name in plugins.names(kind):
            if kind == "feature" or SCENE in plugins.load(kind, name).scenes:
                yield kind, name, name in usual.enabled(kind)


def _figures(task: Task, runs: list[Lists]) -> dict[str, float]:
    portraits = Profiles(task.snapshot.log).portraits(task.labels.users, task.snapshot.day)
    fresh = [rows[~np.isin(rows, own.rows)] for rows, own in zip(task.targets, portraits, strict=True)]
    some = np.array([len(rows) > 0 for rows in fresh])
    new = [recall_at(run.of_new[some], [rows for rows in fresh if len(rows)], K) for run in runs]
    values = {"r@10": _recall(task, runs), "n@10": _mean(runs, task.targets), "new_r@10_of_new": np.mean(new, axis=0)}
    return {name: round(float(own.mean()), 4) for name, own in values.items()}


def _recall(task: Task, runs: list[Lists]) -> Values:
    return np.asarray(np.mean([recall_at(run.of_all, task.targets, K) for run in runs], axis=0))


def _mean(runs: list[Lists], targets: list[IntArray]) -> Values:
    return np.asarray(np.mean([ndcg_at(run.of_all, targets, K) for run in runs], axis=0))


if __name__ == "__main__":
    main()
