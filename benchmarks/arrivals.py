"""New products in a gift shop: what `recall.fresh` gives it.

    python -m benchmarks.arrivals --data ../shared/data/uci_online_retail [--until 2011-10-15] [--seeds 3] [--write]

The protocol of `benchmarks.time_split`: what each customer buys in the last four weeks, of all products, foretold when
they begin by the shop's own `learn`; then the same with that source. The file does not say when a product came:
here it came two weeks before it was first bought, for training and test alike, so that some are on the shelf that
nobody has bought. New are those that came in the four weeks before the moment of asking.

r@10      hits in the first ten / min(10, goods bought)
unknown_  only goods that the customer never bought are listed and wanted
young_    only new products are wanted, of customers who buy some; the lists are the same
alone_    the source without the others, the first ten or hundred of what it offers
gain      what having the source adds, with its 95 % interval over customers, the mean of the seeds
"""

import argparse
import datetime as dt
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import online_retail
from benchmarks.foretold import CHUNK, Lists, foretold
from benchmarks.online_retail import DAYS_A_WEEK
from benchmarks.page import write
from benchmarks.time_split import TABLES, Task
from shopkeeper.flow.build import made
from shopkeeper.flow.teach import SCENE
from shopkeeper.measure.ranking import recall_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.profile.profiles import Profiles
from shopkeeper.settings import Settings
from shopkeeper.types import Batch, BoolArray, IntArray, Intent, Request

LEAD_DAYS, NEW_DAYS, DEEP = 14.0, 28.0, 100
SOURCES = ("fresh",)
Values = NDArray[np.float64]


def main() -> None:
    asked = _arguments()
    started = time.process_time()
    retail = online_retail.read(Path(asked.data))
    came = retail.first_seen() - LEAD_DAYS
    shelf = replace(retail.whole.catalog, created=np.where(np.isfinite(came), came, np.nan))
    retail = replace(retail, whole=replace(retail.whole, catalog=shelf))
    start = (dt.date.fromisoformat(asked.until) - dt.date(1970, 1, 1)).days - 4 * DAYS_A_WEEK
    task = Task.of(retail, start, 4)
    young = (came < start) & (came >= start - NEW_DAYS)
    plain = _measured(task, foretold(Settings({**TABLES}), task.snapshot, task.users, asked.seeds), young)
    figures: dict[str, Any] = {
        "benchmark": "arrivals",
        "until": asked.until,
        "customers": len(task.users),
        "new_products": int(young.sum()),
        "new_part_of_wanted": round(float(young[np.concatenate(task.wanted)].mean()), 4),
        "without": _told(plain),
    }
    for name in asked.only:
        settings = Settings({**TABLES, "recall": {**TABLES["recall"], name: {"enabled": True, **asked.settings}}})
        found = _measured(task, foretold(settings, task.snapshot, task.users, asked.seeds), young)
        gains = {metric: paired_bootstrap(found[metric], plain[metric]) for metric in plain}
        gain = {
            f"gain_{key}": [round(own.mean, 4), round(own.low, 4), round(own.high, 4)] for key, own in gains.items()
        }
        figures[name] = {**_told(found), **gain, **_alone(task, settings, name, young)}
        print(name, figures[name], flush=True)
    figures |= {"cpu_s": round(time.process_time() - started, 1), "data_sha256": retail.sha256}
    if asked.write:
        write("arrivals", __doc__ or "", figures, retail.sha256)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.arrivals")
    parser.add_argument("--data", default="../shared/data/uci_online_retail", help="folder of the file")
    parser.add_argument("--until", default="2011-11-12", help="the day on which the four weeks end")
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--only", nargs="*", default=SOURCES, help="these sources")
    parser.add_argument("--settings", type=json.loads, default={}, help="their settings, as JSON")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/arrivals.md")
    return parser.parse_args()


def _measured(task: Task, runs: list[Lists], young: BoolArray) -> dict[str, Values]:
    """By metric a number for each customer asked about, the mean of the seeds."""
    unknown = task.unknown
    some, new = _new(task.wanted, young)
    strange, unmet = _new(unknown, young)
    curious = np.array([len(rows) > 0 for rows in unknown])
    fresh = [rows for rows in unknown if len(rows)]
    return {
        "r@10": np.mean([recall_at(run.of_all, task.wanted, 10) for run in runs], axis=0),
        "unknown_r@10": np.mean([recall_at(run.of_new[curious], fresh, 10) for run in runs], axis=0),
        "young_r@10": np.mean([recall_at(run.of_all[some], new, 10) for run in runs], axis=0),
        "young_unknown_r@10": np.mean([recall_at(run.of_new[strange], unmet, 10) for run in runs], axis=0),
    }


def _new(wanted: list[IntArray], young: BoolArray) -> tuple[BoolArray, list[IntArray]]:
    """Who wanted new products, bool (b,), and which."""
    wanted = [rows[young[rows]] for rows in wanted]
    return np.array([len(rows) > 0 for rows in wanted]), [rows for rows in wanted if len(rows)]


def _alone(task: Task, settings: Settings, name: str, young: BoolArray) -> dict[str, float]:
    source, known = made(settings, "source")[name], task.snapshot
    source.fit(known)
    lists = np.full((len(task.users), DEEP), -1, np.int64)
    for at in range(0, len(task.users), CHUNK):
        users, own = task.users[at : at + CHUNK], lists[at : at + CHUNK]
        asked = tuple(Request(request_id="", scene=SCENE, day=known.day, user=int(user)) for user in users)
        portraits = Profiles(known.log).portraits(users, known.day)
        for each, offer in zip(
            own, source.recall(Batch(asked, (Intent(),) * len(users), portraits), DEEP), strict=True
        ):
            each[: len(offer.rows)] = offer.rows
    some, new = _new(task.wanted, young)
    values: Sequence[tuple[str, Values]] = [
        ("alone_young_r@10", recall_at(lists[some], new, 10)),
        ("alone_young_r@100", recall_at(lists[some], new, DEEP)),
        ("alone_r@100", recall_at(lists, task.wanted, DEEP)),
    ]
    return {key: round(float(own.mean()), 4) for key, own in values}


def _told(found: dict[str, Values]) -> dict[str, float]:
    return {name: round(float(values.mean()), 4) for name, values in found.items()}


if __name__ == "__main__":
    main()
