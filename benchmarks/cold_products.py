"""Products that nobody has bought yet: whether those who will buy them are shown them.

    python -m benchmarks.cold_products --data ../shared/data/amazon_beauty [--events 5] [--seeds 3] [--write]
    python -m benchmarks.cold_products --data ../shared/data/uci_online_retail [--until 2011-11-12] [--write]

A tenth of the products, drawn by chance, is taken out of every history. All else is as in `benchmarks.sequential`: the
last product of a shopper is asked for, all products are ranked, and what the shopper has is left out. Then each of the
hidden products is bought: so many of its lines as `--events` says, drawn by chance, come one after another, as they
would come in a day, and the same is asked again.

cold_r@10   of the shoppers whose last product is one of those, the share that has it in the first ten
warm_r@10   the same of all other shoppers, from the same source and the same learning; `kept` is cold / warm
all_r@10    the same of all shoppers

`new`        nobody has bought them: `sequence` puts them where the known ones stand whose texts are nearest; `semantic`
             knows the raw title alone, near to the titles of the shopper's latest products
`one`, `met` after one of those lines, and after all, without learning: the transformer met each buyer, and a `covisit`
             counted the lines
`system`     that transformer and `covisit`, ordered as a shop orders its home page: by trees that learnt the product
             before the last while a part of the other products had only just come (`rank.young`), and leaning to what
             is new (`rank.newcomer`)
`plain`      the same with trees that learnt where nothing was new, and no leaning. Neither learns what hidden products
             were bought

Chance is ten of all products. Figures are means over seeds, each with its own hidden products; intervals are bootstraps
over the shoppers of all seeds.

The UCI set has dates. Asked about are the customers of `benchmarks.time_split`, and what they buy in the last weeks:
`new` is what nobody had bought before them, `few` what up to five lines had held, `warm` all else. A recall counts what
is wanted of one group, in the one list of the shop; `fresh_` the same without what the customer ever bought, listed or
wanted: what is new can never be bought again. The catalogue says of new products that they came on the day of asking,
and `recall.fresh` offers them. Three parts are of `sequence` alone: `unraised` as it comes, `sequence` with the odds of
what nobody had bought taken times `--odds` (`arrival_odds`), `met` with these after the first `--events` lines of each
new product in those weeks, which nobody wants any more who wrote them. `kept_of_unraised` compares with the warm goods
of the unraised one.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import cold_retail, online_retail
from benchmarks.first_buyers import first_of_each, meet
from benchmarks.foretold import leant
from benchmarks.page import write
from benchmarks.sequences import CHUNK, Sequences, Task, read
from benchmarks.sequential import K, alone, learnt, popular
from benchmarks.sequential_system import System
from shopkeeper import plugins
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import bootstrap
from shopkeeper.ports import Source
from shopkeeper.profile.profiles import Profiles
from shopkeeper.rank.order import top
from shopkeeper.rank.youth import drawn, thinned
from shopkeeper.types import Batch, BoolArray, FloatArray, IntArray

Values = NDArray[np.float64]
YOUNG, STRENGTH = 0.2, 0.35
"""`rank.young` and `rank.newcomer.strength`, chosen on the product before the last: see docs/LOG.md, 2026-11-23."""
LONG_AGO = 1000.0
"""So many days before the first line all other products were there."""
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
    if (Path(asked.data) / online_retail.FILE).is_file():
        _by_date(asked, started)
        return
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
        write("cold_products", __doc__ or "", figures, sequences.sha256, part=sequences.name)
    print(json.dumps(figures))


def _by_date(asked: argparse.Namespace, started: float) -> None:
    """The same of a shop with dates: products that came in its last weeks."""
    found, sha256 = cold_retail.measured(asked)
    figures = {"benchmark": "cold_products", "data": "uci_online_retail", **found}
    figures |= {"cpu_s": round(time.process_time() - started, 1), "data_sha256": sha256}
    if asked.write:
        write("cold_products", __doc__ or "", figures, sha256, part="uci_online_retail")
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_products")
    parser.add_argument("--data", default="../shared/data/amazon_beauty", help="folder of the three files, or UCI's")
    parser.add_argument("--share", type=float, default=0.1, help="part of the products that is hidden")
    parser.add_argument("--events", type=int, default=5, help="lines of each that come after all was learnt")
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--until", default="2011-11-12", help="the day on which the UCI set's last weeks end")
    parser.add_argument(
        "--odds", type=float, default=cold_retail.ODDS, help="arrival_odds of the UCI set's transformer"
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/cold_products.md")
    return parser.parse_args()


def _run(sequences: Sequences, vectors: FloatArray, asked: argparse.Namespace, seed: int) -> dict[str, Asked]:
    """What one draw of hidden products comes to, by how many of their lines are known and by what was asked."""
    draw = np.random.default_rng(seed)
    hidden = np.zeros(len(sequences.catalog), bool)
    hidden[draw.choice(len(hidden), round(asked.share * len(hidden)), replace=False)] = True
    sequences = _dated(sequences, hidden)
    before, test = sequences.leave_one_out(vectors, seed, ~hidden[sequences.log.rows])
    sequence, covisit, semantic = (learnt(name, test).source for name in ("sequence", "covisit", "semantic"))
    shop, plain = _taught_on_young(before, hidden, seed), System.of({"covisit": covisit, "sequence": sequence}, seed)
    plain.teach(before, may=~hidden)
    told = partial(Asked.of, hidden=hidden)
    chance = partial(_by_chance, np.random.default_rng(seed))
    found = {"new.popularity": told(test, popular(sequences, test)), "new.random": told(test, chance)}
    found["new.semantic"] = told(test, alone(semantic))
    order = draw.random(len(sequences.log.rows))
    for name, events in {"new": 0, "one": 1, "met": asked.events}.items():
        met_before, met_test = sequences.leave_one_out(vectors, seed, _kept(sequences, hidden, events, order))
        _meet(sequence, met_before, hidden)
        sources = {"covisit": learnt("covisit", met_test).source, "sequence": sequence}
        both = {"plain": replace(plain, sources=sources), "system": replace(shop, sources=sources)}
        lists = _lists(met_test, both)
        found |= {f"{name}.{part}": told(met_test, partial(_given, own)) for part, own in lists.items()}
    return found


def _dated(sequences: Sequences, hidden: BoolArray) -> Sequences:
    """The same, whose hidden products came into the catalogue after everything else."""
    created = np.where(hidden, sequences.log.days.max() + 1.0, -LONG_AGO)
    return replace(sequences, catalog=replace(sequences.catalog, created=created))


def _taught_on_young(before: Task, hidden: BoolArray, seed: int) -> System:
    """A system that learnt the order as `learn` does: while some of the other products had only just come."""
    young = drawn(before.snapshot, YOUNG)
    snapshot = thinned(before.snapshot, young)
    task = Task(snapshot, snapshot.log, before.targets)
    unmet = snapshot.log.where(~young[snapshot.log.rows])
    sequence = learnt("sequence", replace(task, snapshot=replace(snapshot, log=unmet))).source
    _meet(sequence, task, young)
    system = System.of({"covisit": learnt("covisit", task).source, "sequence": sequence}, seed)
    system.teach(task, may=~hidden)
    return system


def _lists(task: Task, systems: Mapping[str, System]) -> dict[str, IntArray]:
    """The lists of each source alone and of each system, int64 (b, K); the one called `system` leans to what is new."""
    newcomer = plugins.load("feature", "newcomer")
    leans, offering = newcomer(newcomer.Settings(strength=STRENGTH)), next(iter(systems.values()))
    for feature in (*offering.features.values(), leans):
        feature.fit(task.snapshot)
    found: dict[str, list[IntArray]] = defaultdict(list)
    for start in range(0, len(task.targets), CHUNK):
        batch = task.batch(task.users[start : start + CHUNK], masked=True)
        candidates, table = offering.table(batch)
        for at, name in enumerate(candidates.sources):
            scores = candidates.scores[:, at]
            offered = ~np.isnan(scores)
            found[name].append(top(candidates.take(np.flatnonzero(offered)), scores[offered], K))
        for name, system in systems.items():
            scores = system.ranker.score(candidates, table)
            scores = leant(candidates, scores, leans, task.snapshot.day) if name == "system" else scores
            found[name].append(top(candidates, scores, K))
    return {name: np.concatenate(lists) for name, lists in found.items()}


def _given(lists: IntArray, batch: Batch) -> IntArray:
    """These shoppers' part of all lists."""
    return lists[[request.user for request in batch.requests]]


def _by_chance(draw: np.random.Generator, batch: Batch) -> IntArray:
    """K of what each shopper has not, any as likely as another."""
    masks = [request.allowed for request in batch.requests if request.allowed is not None]
    return np.stack([draw.choice(np.flatnonzero(mask), K, replace=False) for mask in masks])


def _meet(source: Source, task: Task, hidden: BoolArray) -> None:
    """The source meets the buyers of the hidden products."""
    log = task.snapshot.log
    meet(source, Profiles(log), log, np.flatnonzero(hidden[log.rows]))


def _kept(sequences: Sequences, hidden: BoolArray, events: int, order: Values) -> BoolArray:
    """Which lines are known: those of other products, and of each hidden one the first so many, by `order` float64
    (m,), of those before the last two."""
    rows = sequences.log.rows
    lines = np.flatnonzero(hidden[rows] & sequences.before_last(2))
    kept = ~hidden[rows]
    kept[first_of_each(rows, lines[np.argsort(order[lines], kind="stable")], events)] = True
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
