"""Products that nobody has bought yet: whether those who will buy them are shown them.

    python -m benchmarks.cold_products --data ../shared/data/amazon_beauty [--events 5] [--seeds 3] [--write]

A tenth of the products, drawn by chance, is taken out of every history. All else is as in `benchmarks.sequential`: the
last product of a shopper is asked for, all products are ranked, and what the shopper has is left out. Then each of the
hidden products is bought: so many of its lines as `--events` says, drawn by chance, come one after another, as they
would come in a day, and the same is asked again.

cold_r@10   of the shoppers whose last product is one of those, the share that has it in the first ten
warm_r@10   the same of all other shoppers, from the same source and the same learning; `kept` is cold / warm
all_r@10    the same of all shoppers

`new`        nobody has bought them: `sequence` puts them where the known ones stand whose texts are nearest; `semantic`
             knows the raw title alone, near to the titles of the shopper's latest products
`met`        after those lines, without learning: the transformer met each buyer. `system` is that and a `covisit` that
             counted the lines, ordered by trees that learnt, with them, from the product before the last
`relearnt`   the transformer learnt from those lines like from all others
`validation` as `new` and `met`, but the last product but one is asked for: by it the settings were chosen

Chance is ten of all products. Figures are means over seeds, each with its own hidden products; intervals are bootstraps
over the shoppers of all seeds.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.page import write
from benchmarks.sequences import Sequences, Task, read
from benchmarks.sequential import K, alone, learnt, popular
from benchmarks.sequential_system import System
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import bootstrap
from shopkeeper.observed import Observed
from shopkeeper.ports import Meets, Source
from shopkeeper.profile.profiles import Profiles
from shopkeeper.types import Batch, BoolArray, FloatArray, IntArray

Values = NDArray[np.float64]
Lists = Callable[[Batch], IntArray]


@dataclass(frozen=True)
class Asked:
    """By metric a number for each shopper asked, float64 (b,); and whose product was hidden, bool (b,)."""

    values: Mapping[str, Values]
    cold: BoolArray

    @classmethod
    def of(cls, task: Task, lists_of: Lists, hidden: BoolArray) -> "Asked":
        """How well these lists hold what came next."""
        lists, targets = task.listed(lists_of, masked=True), list(task.targets[:, None])
        metrics = {"r@10": recall_at, "n@10": ndcg_at}
        return cls({name: metric(lists, targets, K) for name, metric in metrics.items()}, hidden[task.targets])


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
        "parts": {name: _told([run[name] for run in runs]) for name in runs[0]},
        "cpu_s": round(time.process_time() - started, 1),
        "data_sha256": sequences.sha256,
    }
    if asked.write:
        write("cold_products", __doc__ or "", figures, sequences.sha256)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_products")
    parser.add_argument("--data", default="../shared/data/amazon_beauty", help="folder of the three files")
    parser.add_argument("--share", type=float, default=0.1, help="part of the products that is hidden")
    parser.add_argument("--events", type=int, default=5, help="lines of each that come after all was learnt")
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/cold_products.md")
    return parser.parse_args()


def _run(sequences: Sequences, vectors: FloatArray, asked: argparse.Namespace, seed: int) -> dict[str, Asked]:
    """What one draw of hidden products comes to, by when and by what was asked."""
    draw = np.random.default_rng(seed)
    hidden = np.zeros(len(sequences.catalog), bool)
    hidden[draw.choice(len(hidden), round(asked.share * len(hidden)), replace=False)] = True
    told = partial(Asked.of, hidden=hidden)
    before, test = sequences.leave_one_out(vectors, seed, ~hidden[sequences.log.rows])
    sequence, covisit, semantic = (learnt(name, test).source for name in ("sequence", "covisit", "semantic"))
    found = {"new.popularity": told(test, popular(sequences, test))}
    parts = {"covisit": covisit, "semantic": semantic, "sequence": sequence}
    found |= {f"new.{name}": told(test, alone(source)) for name, source in parts.items()}
    found |= {f"validation.new.{name}": told(before, alone(parts[name])) for name in ("covisit", "sequence")}
    met_before, met_test = sequences.leave_one_out(vectors, seed, _kept(sequences, hidden, asked.events, draw))
    _meet(sequence, met_before, hidden)
    found["validation.met.sequence"] = told(met_before, alone(sequence))
    found["met.sequence"] = told(met_test, alone(sequence))
    counted = learnt("covisit", met_test).source
    found["met.covisit"] = told(met_test, alone(counted))
    system = System.of({"covisit": counted, "sequence": sequence}, seed)
    system.teach(met_before)
    found["met.system"] = told(met_test, system.lists_of(K))
    found["relearnt.sequence"] = told(met_test, alone(learnt("sequence", met_test).source))
    return found


def _meet(source: Source, task: Task, hidden: BoolArray) -> None:
    """The source meets the buyers of the hidden products, in order of time."""
    assert isinstance(source, Meets)
    profiles, log = Profiles(task.snapshot.log), task.snapshot.log
    lines = np.flatnonzero(hidden[log.rows])
    for line in lines[np.argsort(log.days[lines], kind="stable")].tolist():
        user, row, day = int(log.users[line]), int(log.rows[line]), float(log.days[line])
        event = Observed(int(log.actions[line]), day, user, row, "")
        source.meet(event, partial(profiles.portrait, user, "", day))


def _kept(sequences: Sequences, hidden: BoolArray, events: int, draw: np.random.Generator) -> BoolArray:
    """Which lines are known: those of other products, and so many of each hidden one before the last two."""
    rows = sequences.log.rows
    lines = np.flatnonzero(hidden[rows] & sequences.before_last(2))
    lines = lines[np.lexsort((draw.random(len(lines)), rows[lines]))]
    place = np.arange(len(lines)) - np.searchsorted(rows[lines], rows[lines])
    kept = ~hidden[rows]
    kept[lines[place < events]] = True
    return kept


def _told(runs: list[Asked]) -> dict[str, Any]:
    found: dict[str, Any] = {"cold_shoppers": int(np.mean([run.cold.sum() for run in runs]))}
    for metric in ("r@10", "n@10"):
        cold = np.concatenate([run.values[metric][run.cold] for run in runs])
        warm = np.concatenate([run.values[metric][~run.cold] for run in runs])
        interval = bootstrap(cold)
        found |= {
            f"cold_{metric}": round(interval.mean, 4),
            f"cold_{metric}_interval": [round(interval.low, 4), round(interval.high, 4)],
            f"warm_{metric}": round(float(warm.mean()), 4),
            f"kept_{metric}": round(interval.mean / max(float(warm.mean()), 1e-9), 3),
            f"all_{metric}": round(float(np.concatenate((cold, warm)).mean()), 4),
        }
    return found


if __name__ == "__main__":
    main()
