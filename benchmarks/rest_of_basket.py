"""The rest of a basket, foretold from one product of it: what `recall.bought_together` knows beside `recall.covisit`.

    python -m benchmarks.rest_of_basket [--shop uci_online_retail --data ../shared/data/uci_online_retail] [--write]

What is known ends where the weeks begin: 47 and 48 of Complete Journey, the last four before 2011-11-12 of the gift
shop. Of every basket in them with two products or more one is drawn, by seed, whose page is asked for; the others are
wanted. Each source is asked alone, as on the page of a product, and the first ten are kept; `both` fuses the two of
them, each with weight 1, as a shop does.

r@10, n@10   hits in the first ten / min(10, others in the basket); binary nDCG, the best list cut likewise
lead         over `covisit`, over baskets, seeds averaged, with its 95 % interval
shown        baskets for which the source offers anything at all

`_default` has the settings it comes with, the others those with the best r@10 on as many weeks just before (`chosen` of
those `tried`, where a draw of one seed stands). Both have sixteen; an earlier sixteen of `covisit` told its damping and
its baskets, docs/LOG.md has them.
"""

import argparse
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import complete_journey, online_retail
from benchmarks.foretold import CHUNK, K
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.measure.baselines import popularity
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.ports import Fits, Source
from shopkeeper.recall.fuse import fuse
from shopkeeper.types import PURCHASE, Batch, IntArray, Intent, Interactions, Offer, Request, RowArray, Snapshot

SHOPS = ("complete_journey", "uci_online_retail")
GRIDS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "bought_together": {"rarity": (0.0, 0.25, 0.5, 0.75), "prior": (0.0, 3.0), "most_lines": (50, 150)},
    "covisit": {
        "damping": (0.15, 0.3),
        "support": (0.0, 3.0),
        "least": (0.0, 1.0),
        "window": (8, 16),
        "largest_basket": (150,),
    },
}
RRF_K, DEEP = 60, 100
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """What was known, and of each basket the product looked at, int32 (b,), and the others."""

    snapshot: Snapshot
    seeds: RowArray
    wanted: list[IntArray]

    @classmethod
    def of(cls, known: Snapshot, later: Interactions, seed: int) -> "Task":
        """Of these later lines one product of every basket is drawn."""
        bought = later.actions == PURCHASE
        lines = np.unique(np.stack((later.baskets[bought], later.rows[bought])), axis=1)
        _, starts = np.unique(lines[0], return_index=True)
        draw, baskets = np.random.default_rng(seed), np.split(lines[1].astype(np.int64), starts[1:])
        mixed = [draw.permutation(rows) for rows in baskets if len(rows) > 1]
        return cls(known, np.array([rows[0] for rows in mixed], np.int32), [rows[1:] for rows in mixed])

    def offers(self, source: Source) -> list[Offer]:
        """What the source offers beside each of the products, as many as a shop would fuse."""
        found = []
        for start in range(0, len(self.seeds), CHUNK):
            own = self.seeds[start : start + CHUNK, None]
            asked = tuple(Request(request_id="", scene="together", day=self.snapshot.day, seeds=each) for each in own)
            found += source.recall(Batch(asked, (Intent(),) * len(own), (NO_PORTRAIT,) * len(own)), DEEP)
        return found

    def measured(self, offers: list[Offer]) -> dict[str, Values]:
        """By metric a number for each basket."""
        lists = np.full((len(offers), K), -1, np.int64)
        for own, offer in zip(lists, offers, strict=True):
            own[: len(offer.rows[:K])] = offer.rows[:K]
        return {"r@10": recall_at(lists, self.wanted, K), "n@10": ndcg_at(lists, self.wanted, K)}


def main() -> None:
    asked = _arguments()
    started = time.process_time()
    test, before, sha256 = _shop(asked)
    tasks = [test(seed) for seed in range(asked.seeds)]
    tried = {name: _tried(name, before(0)) for name in GRIDS}
    chosen = {name: max(own, key=lambda pair: pair[1])[0] for name, own in tried.items()}
    settings: dict[str, tuple[str, dict[str, float]]] = {f"{name}_default": (name, {}) for name in GRIDS}
    settings |= {name: (name, own) for name, own in chosen.items()}
    offers = {
        label: [task.offers(source) for task in tasks]
        for label, (name, own) in settings.items()
        for source in [_learnt(name, own, tasks[0].snapshot)]
    }
    for end in ("_default", ""):
        pairs = zip(offers[f"covisit{end}"], offers[f"bought_together{end}"], strict=True)
        offers[f"both{end}"] = [_fused(*pair) for pair in pairs]
    offers["popularity"] = [_popular(task) for task in tasks]
    figures: dict[str, Any] = {
        "benchmark": "rest_of_basket",
        "shop": asked.shop,
        "baskets": len(tasks[0].seeds),
        "chosen": chosen,
        "tried": {name: {str(own): value for own, value in pairs} for name, pairs in tried.items()},
        **_figures(tasks, offers),
        "cpu_s": round(time.process_time() - started, 1),
        "data_sha256": sha256,
    }
    if asked.write:
        write("rest_of_basket", __doc__ or "", figures, sha256, part=asked.shop)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rest_of_basket")
    parser.add_argument("--shop", choices=SHOPS, default=SHOPS[0])
    parser.add_argument("--seeds", type=int, default=3, help="draws of the product looked at, averaged")
    parser.add_argument("--data", default="", help="folder of the shop's files; the package's own of Complete Journey")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/rest_of_basket.md")
    return parser.parse_args()


def _shop(asked: argparse.Namespace) -> tuple[Callable[[int], Task], Callable[[int], Task], str]:
    """The task of the weeks, by seed, that of as many weeks before, and the hash of the data."""
    if asked.shop == "complete_journey":
        journey = complete_journey.read(Path(asked.data) if asked.data else None, 48)
        at, log, sha256 = journey.snapshot, journey.log, journey.sha256
        known, spans = (at(47), at(45)), [(journey.start_of(47), np.inf), (journey.start_of(45), journey.start_of(47))]
    else:
        retail = online_retail.read(Path(asked.data or "../shared/data/uci_online_retail"))
        log, sha256 = retail.whole.log, retail.sha256
        end = float((dt.date(2011, 11, 12) - dt.date(1970, 1, 1)).days)
        spans = [(end - 28, end), (end - 56, end - 28)]
        known = retail.at(end - 28), retail.at(end - 56)
    later = [log.where((log.days >= first) & (log.days < last)) for first, last in spans]
    test, before = zip(known, later, strict=True)
    return lambda seed: Task.of(*test, seed), lambda seed: Task.of(*before, seed), sha256


def _learnt(name: str, settings: Mapping[str, float], known: Snapshot) -> Source:
    kind = plugins.load("source", name)
    source: Source = kind(kind.Settings(**settings))
    assert isinstance(source, Fits)
    source.fit(known)
    return source


def _tried(name: str, task: Task) -> list[tuple[dict[str, float], float]]:
    """Each setting of the grid with its r@10."""
    return [
        (own, round(float(task.measured(task.offers(_learnt(name, own, task.snapshot)))["r@10"].mean()), 4))
        for own in _grid(name)
    ]


def _grid(name: str) -> Iterator[dict[str, float]]:
    grid = GRIDS[name]
    return (dict(zip(grid, values, strict=True)) for values in product(*grid.values()))


def _fused(first: list[Offer], second: list[Offer]) -> list[Offer]:
    together = fuse({"covisit": first, "bought_together": second}, {}, RRF_K, len(first))
    spans = zip(together.offsets[:-1], together.offsets[1:], strict=True)
    return [Offer(together.rows[own], together.fused[own]) for own in (slice(*span) for span in spans)]


def _popular(task: Task) -> list[Offer]:
    """The most bought of the last four weeks, without the product itself."""
    rows = popularity(task.snapshot.log, task.snapshot.day, 1, K + 1)[0].astype(np.int32)
    lists = [rows[rows != seed][:K] for seed in task.seeds]
    return [Offer(own, np.arange(len(own), 0, -1, dtype=np.float32)) for own in lists]


def _figures(tasks: list[Task], offers: Mapping[str, list[list[Offer]]]) -> dict[str, Any]:
    each = {
        label: [task.measured(own) for task, own in zip(tasks, runs, strict=True)] for label, runs in offers.items()
    }
    means = {
        label: {metric: np.mean([run[metric] for run in runs], axis=0) for metric in runs[0]}
        for label, runs in each.items()
    }
    found: dict[str, Any] = {}
    for label, own in means.items():
        lead = paired_bootstrap(own["r@10"], means["covisit"]["r@10"])
        found[label] = {metric: round(float(values.mean()), 4) for metric, values in own.items()}
        found[label]["lead"] = [round(value, 4) for value in (lead.mean, lead.low, lead.high)]
        found[label]["shown"] = round(
            float(np.mean([len(offer.rows) > 0 for run in offers[label] for offer in run])), 4
        )
    return found


if __name__ == "__main__":
    main()
