"""Products that nobody has bought yet: whether those who will buy them are shown them.

    python -m benchmarks.cold_products --data ../shared/data/amazon_beauty [--events 0] [--seeds 3] [--write]

A tenth of the products, drawn by chance, is taken out of every history; `--events` gives each of them so many lines
back, drawn by chance. All else is as in `benchmarks.sequential`: the last product of a shopper is asked for, all
products are ranked, and what the shopper has is left out.

cold_r@10   of the shoppers whose last product is one of those, the share that has it in the first ten
warm_r@10   the same of all other shoppers, from the same source and the same learning; `kept` is cold / warm

`sequence` puts a new product where the known ones stand whose texts are nearest, `semantic` knows the raw title alone,
near to the titles of the shopper's latest products. Chance is ten of all products. Figures are means over seeds, each
with its own hidden products; intervals are bootstraps over the shoppers of all seeds.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.page import write
from benchmarks.sequences import Sequences, Task, read
from benchmarks.sequential import K, alone, learnt, popular
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import bootstrap
from shopkeeper.types import BoolArray, FloatArray

PARTS = ("covisit", "semantic", "sequence")
Values = NDArray[np.float64]


def main() -> None:
    asked = _arguments()
    started = time.process_time()
    sequences = read(Path(asked.data))
    vectors = sequences.vectors()
    runs = [_run(sequences, vectors, asked, seed) for seed in range(asked.seeds)]
    figures: dict[str, Any] = {
        "benchmark": "cold_products",
        "data": sequences.name,
        "events": asked.events,
        "hidden": round(asked.share * len(sequences.catalog)),
        "chance_r@10": round(K / len(sequences.catalog), 5),
        "shoppers": int(np.mean([int(cold.sum()) for cold, _ in runs])),
        "parts": {name: _told(runs, name) for name in ("popularity", *PARTS)},
        "cpu_s": round(time.process_time() - started, 1),
        "data_sha256": sequences.sha256,
    }
    if asked.write:
        part = f"{asked.events} events"
        write("cold_products", __doc__ or "", figures, sequences.sha256, part)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_products")
    parser.add_argument("--data", default="../shared/data/amazon_beauty", help="folder of the three files")
    parser.add_argument("--share", type=float, default=0.1, help="part of the products that is hidden")
    parser.add_argument("--events", type=int, default=0, help="lines of each that are learnt all the same")
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/cold_products.md")
    return parser.parse_args()


def _run(
    sequences: Sequences, vectors: FloatArray, asked: argparse.Namespace, seed: int
) -> tuple[BoolArray, dict[str, dict[str, Values]]]:
    """Whose last product was hidden, bool (b,); and by part and metric a number for each shopper."""
    draw = np.random.default_rng(seed)
    n = len(sequences.catalog)
    hidden = np.zeros(n, bool)
    hidden[draw.choice(n, round(asked.share * n), replace=False)] = True
    _, test = sequences.leave_one_out(vectors, seed, _kept(sequences, hidden, asked.events, draw))
    found = {"popularity": _measured(test, popular(sequences, test))}
    found |= {name: _measured(test, alone(learnt(name, test).source)) for name in PARTS}
    return hidden[test.targets], found


def _kept(sequences: Sequences, hidden: BoolArray, events: int, draw: np.random.Generator) -> BoolArray:
    """Which lines are known: those of other products, and so many of each hidden one before the last two."""
    rows = sequences.log.rows
    lines = np.flatnonzero(hidden[rows] & sequences.before_last(2))
    lines = lines[np.lexsort((draw.random(len(lines)), rows[lines]))]
    place = np.arange(len(lines)) - np.searchsorted(rows[lines], rows[lines])
    kept = ~hidden[rows]
    kept[lines[place < events]] = True
    return kept


def _measured(task: Task, lists_of: Any) -> dict[str, Values]:
    lists, targets = task.listed(lists_of, masked=True), list(task.targets[:, None])
    return {"r@10": recall_at(lists, targets, K), "n@10": ndcg_at(lists, targets, K)}


def _told(runs: list[tuple[BoolArray, dict[str, dict[str, Values]]]], name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for metric in ("r@10", "n@10"):
        cold = np.concatenate([parts[name][metric][is_cold] for is_cold, parts in runs])
        warm = np.concatenate([parts[name][metric][~is_cold] for is_cold, parts in runs])
        interval = bootstrap(cold)
        found |= {
            f"cold_{metric}": round(interval.mean, 4),
            f"cold_{metric}_interval": [round(interval.low, 4), round(interval.high, 4)],
            f"warm_{metric}": round(float(warm.mean()), 4),
            f"kept_{metric}": round(interval.mean / max(float(warm.mean()), 1e-9), 3),
        }
    return found


if __name__ == "__main__":
    main()
