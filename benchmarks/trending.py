"""What a source of rises adds to a gift shop's pages, and whether what it calls a rise goes on rising.

    python -m benchmarks.trending --data ../shared/data/uci_online_retail [--until 2011-11-12] [--seeds 3] [--write]

Home pages: the four weeks before `until` as in `benchmarks.time_split`, by the same system with `recall.trending` and
without it; each gain is paired over customers, of means over seeds.

The trending page: asked at the beginning of each of these weeks, twenty products by `popular` alone, by `trending`
alone, by both fused, and by the ratio of `trending` with next to nothing held back (`ratio`). Then the week itself
says what became of them:

rose    the share that sold at least twice their own usual week: the mean of the eight before the last, times what the
        whole shop sold of such a week      rise    the mean of (sold + 1) / (usual + 1)
sold    purchases a product in that week

Intervals are bootstraps over customers, and over products of the pages. Settings were chosen on the weeks before.
"""

import argparse
import datetime as dt
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import online_retail
from benchmarks.foretold import foretold
from benchmarks.online_retail import DAYS_A_WEEK, Retail
from benchmarks.page import write
from benchmarks.time_split import TABLES, Task, Values, measured
from shopkeeper.flow.build import made
from shopkeeper.measure.statistics import bootstrap, paired_bootstrap
from shopkeeper.recall.gather import Plan, gather
from shopkeeper.settings import Settings
from shopkeeper.testing import worlds
from shopkeeper.types import DayArray, Request, RowArray

SHOWN = 20
USUAL_WEEKS = 8
METRICS = ("r@10", "n@10", "new_r@10", "new_n@10", "basket_r@10")
PAGES: Mapping[str, dict[str, Any]] = {
    "popular": {"popular": {}},
    "ratio": {"trending": {"prior": 1e-3}},
    "trending": {"trending": {}},
    "both": {"popular": {}, "trending": {}},
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trending")
    parser.add_argument("--data", default="../shared/data/uci_online_retail", help="folder of the file")
    parser.add_argument("--until", default="2011-11-12", help="the day on which the weeks end")
    parser.add_argument("--weeks", type=int, default=4, help="how many weeks are looked at")
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/trending.md")
    asked = parser.parse_args()
    started = time.process_time()
    retail = online_retail.read(Path(asked.data))
    until = (dt.date.fromisoformat(asked.until) - dt.date(1970, 1, 1)).days
    start = until - asked.weeks * DAYS_A_WEEK
    figures: dict[str, Any] = {
        "benchmark": "trending",
        "data": "uci_online_retail",
        "until": asked.until,
        "page": {name: _page(retail, start, asked.weeks, tables) for name, tables in PAGES.items()},
        "home": _home(Task.of(retail, start, asked.weeks), asked.seeds),
        "cpu_s": round(time.process_time() - started, 1),
        "data_sha256": retail.sha256,
    }
    if asked.write:
        write("trending", __doc__ or "", figures, retail.sha256)
    print(json.dumps(figures))


def _home(task: Task, n_seeds: int) -> dict[str, Any]:
    """With and without the source, and what it adds with the interval of that."""
    found: list[dict[str, Values]] = []
    for source in ({"home": True}, {"home": False}):
        settings = Settings({**TABLES, "recall": {**TABLES["recall"], "trending": source}})
        each = [measured(task, run) for run in foretold(settings, task.snapshot, task.users, n_seeds)]
        found.append({name: np.mean([run[name] for run in each], axis=0) for name in METRICS})
    pairs = {name: (found[0][name], found[1][name]) for name in METRICS}
    return {
        name: {
            "with": round(float(ours.mean()), 4),
            "without": round(float(theirs.mean()), 4),
            "gain": _rounded(paired_bootstrap(ours, theirs)),
        }
        for name, (ours, theirs) in pairs.items()
    }


def _page(retail: Retail, start: float, weeks: int, tables: Mapping[str, Any]) -> dict[str, Any]:
    """What became of the products of one trending page a week."""
    settings = Settings({"recall": dict(tables)})
    rises, sold = [], []
    for day in start + DAYS_A_WEEK * np.arange(weeks):
        rows = _shown(retail, float(day), settings, set(tables))
        usual, now = _sold(retail, day - 9 * DAYS_A_WEEK, day - DAYS_A_WEEK), _sold(retail, day, day + DAYS_A_WEEK)
        usual *= now.sum() / usual.sum()
        rises.append((now[rows], usual[rows]))
        sold.append(now[rows])
    now, usual = np.concatenate([own for own, _ in rises]), np.concatenate([own for _, own in rises])
    return {
        "rose": _rounded(bootstrap((now >= 2.0 * usual).astype(np.float64))),
        "rise": _rounded(bootstrap((now + 1.0) / (usual + 1.0))),
        "sold": _rounded(bootstrap(now)),
    }


def _shown(retail: Retail, day: float, settings: Settings, names: set[str]) -> RowArray:
    """int32 (SHOWN,): the trending page that these sources make, with what was known as the day began."""
    sources = {name: source for name, source in made(settings, "source").items() if name in names}
    known = retail.at(day)
    for source in sources.values():
        source.fit(known)
    batch = worlds.ask(Request(request_id="", scene="trending", day=day))
    return gather(sources, batch, Plan.of(settings)).candidates.rows[:SHOWN]


def _sold(retail: Retail, start: float, end: float) -> DayArray:
    """float64 (n,): purchases a product a week in these days."""
    log = retail.whole.log
    inside = (log.days >= start) & (log.days < end)
    weeks = (end - start) / DAYS_A_WEEK
    return np.asarray(np.bincount(log.rows[inside], minlength=len(retail.whole.catalog)) / weeks, np.float64)


def _rounded(interval: Any) -> list[float]:
    return [round(float(value), 4) for value in (interval.mean, interval.low, interval.high)]


if __name__ == "__main__":
    main()
