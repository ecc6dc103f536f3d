"""What each rule of the page costs the next basket and gives the page, one rule at a time.

    python -m benchmarks.arrangement [--from-week 45 --to-week 46] [--seeds 3] [--data FOLDER] [--write]

Complete Journey as in `benchmarks.next_basket`: each household's list is ranked by trees that were taught on earlier
windows, then arranged by one rule with its own settings, on whatever its default is. Against the list without rules:

r@10, n@10   what the rule adds to both, with its 95 % interval over households, the mean of the seeds
divergence   KL(shopper's shares of departments || the page's), 24 places: 0 is a calibrated page
categories   different categories among 24 places          ms   a thread's own time for one page of 24 places
The set has no prices by product here, and two names in place of brands: what a brand limit and a price spread do to a
page is held by tests, not measured.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from benchmarks import complete_journey
from benchmarks.foretold import CHUNK, K, Seeds
from benchmarks.next_basket import Task, Values
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.arrange.rules.calibrated import Calibrated, divergence
from shopkeeper.flow.build import Stages, stages
from shopkeeper.flow.teach import SCENE, taught
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.portrait import Portrait
from shopkeeper.ports import Fits, Ranker, Rule
from shopkeeper.profile.profiles import Profiles
from shopkeeper.rank.assemble import assemble
from shopkeeper.rank.order import order
from shopkeeper.recall.gather import Plan, gather
from shopkeeper.settings import Settings
from shopkeeper.types import Batch, Intent, Ranked, Request

PLACES = 24
RULES = ("bought_before", "variants", "calibrated", "diversity", "per_brand")


class Pages:
    """The lists of all households by each seed's ranker, and what a rule makes of them."""

    def __init__(self, task: Task, n_seeds: int) -> None:
        settings = Settings({})
        seeds = Seeds(settings, n_seeds)
        plan, parts = Plan.of(settings), stages(settings)
        taught(
            replace(parts, rankers={"lambdarank": cast(Ranker, seeds)}), task.snapshot, settings, plan, lambda *_: None
        )
        parts.fit(task.snapshot)
        self.task = task
        self.asked: list[tuple[Request, Portrait]] = []
        self.lists: list[tuple[Ranked, ...]] = []
        for batch in self._batches():
            self.asked += zip(batch.requests, batch.portraits, strict=True)
            self.lists += [self._ranked(parts, seeds.rankers, _one(batch, at), plan) for at in range(len(batch))]
        self.shares = Calibrated(Calibrated.Settings(least=1.0))

    def _batches(self) -> Iterator[Batch]:
        day, profiles, users = self.task.snapshot.day, Profiles(self.task.snapshot.log), self.task.labels.users
        for start in range(0, len(users), CHUNK):
            own = users[start : start + CHUNK]
            asked = tuple(Request(request_id=str(u), scene=SCENE, day=day, user=int(u), k=PLACES) for u in own)
            yield Batch(asked, (Intent(),) * len(own), profiles.portraits(own, day))

    @staticmethod
    def _ranked(parts: Stages, rankers: Sequence[Ranker], batch: Batch, plan: Plan) -> tuple[Ranked, ...]:
        candidates = gather(parts.sources, batch, plan).candidates
        table = assemble(parts.features, batch, candidates)
        return tuple(order(ranker, "lambdarank", candidates, table) for ranker in rankers)

    def arranged(self, rules: Sequence[Rule]) -> dict[str, Any]:
        """r@10 and n@10 float64 (households,), and what the pages are like."""
        shelf, n_seeds = self.task.snapshot.catalog, len(self.lists[0])
        best = np.full((n_seeds, len(self.asked), K), -1, np.int64)
        seconds, apart, different = 0.0, [], []
        for at, ((request, portrait), lists) in enumerate(zip(self.asked, self.lists, strict=True)):
            shares = self.shares.shares(portrait, request.day, shelf)
            for seed, plain in enumerate(lists):
                page, started = plain, time.thread_time()
                for rule in rules:
                    page, _ = rule.apply(page, request, portrait, shelf, None)
                seconds += time.thread_time() - started
                best[seed, at, : len(page.rows[:K])] = page.rows[:K]
                different.append(len(set(shelf.categories[page.rows[:PLACES]].tolist())))
                if shares is not None:
                    held = self.shares.shelves(shelf)[shelf.categories[page.rows[:PLACES]]]
                    apart.append(divergence(shares, np.bincount(held, minlength=len(shares))))
        measured: dict[str, Values] = {
            name: np.mean([measure(own, self.task.targets, K) for own in best], axis=0)
            for name, measure in (("r@10", recall_at), ("n@10", ndcg_at))
        }
        about = {"divergence": np.mean(apart), "categories": np.mean(different)}
        return {**measured, **about, "ms": 1000.0 * seconds / len(self.asked) / n_seeds}


def main() -> None:
    asked = _arguments()
    journey = complete_journey.read(Path(asked.data) if asked.data else None, asked.to_week)
    pages = Pages(Task.of(journey, asked.from_week, asked.to_week), asked.seeds)
    plain = pages.arranged(())
    figures: dict[str, Any] = {
        "benchmark": "arrangement",
        "from_week": asked.from_week,
        "to_week": asked.to_week,
        "households": len(pages.asked),
        "without": _told(plain),
    }
    for name in RULES:
        kind = plugins.load("rule", name)
        rule = kind(kind.Settings())
        if isinstance(rule, Fits):
            rule.fit(pages.task.snapshot)
        found = pages.arranged((rule,))
        leads = {metric: paired_bootstrap(found[metric], plain[metric]) for metric in ("r@10", "n@10")}
        added = {
            f"{name}_added": [round(own.mean, 4), round(own.low, 4), round(own.high, 4)] for name, own in leads.items()
        }
        figures[name] = {"default": "on" if kind.Settings().enabled else "off", **_told(found), **added}
    if asked.write:
        write("arrangement", __doc__ or "", figures, journey.sha256)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.arrangement")
    parser.add_argument("--from-week", type=int, default=47)
    parser.add_argument("--to-week", type=int, default=48)
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--data", default="", help="folder of the Parquet files; the package's own by default")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/arrangement.md")
    return parser.parse_args()


def _told(found: dict[str, Any]) -> dict[str, float]:
    return {name: round(float(np.mean(value)), 4) for name, value in found.items()}


def _one(batch: Batch, at: int) -> Batch:
    own = slice(at, at + 1)
    return Batch(batch.requests[own], batch.intents[own], batch.portraits[own])


if __name__ == "__main__":
    main()
