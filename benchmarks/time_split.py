"""What each customer of a gift shop buys in the last four weeks, foretold at the moment when they begin.

    python -m benchmarks.time_split --data ../shared/data/uci_online_retail [--until 2011-11-12] [--seeds 3] [--write]

The file is imported as docs/examples/online_retail.toml says; goods are the stock codes that begin with five digits.
What is known ends where the weeks begin: counts, pairs, the ranker's own windows. Asked about is every customer with a
history who buys in the weeks. All products are ranked; those that nobody had bought before are wanted like all others
and mostly missed (`cold`: their part of what is wanted).

r@10    hits in the first ten / min(10, goods bought)      n@10   binary nDCG, the best list cut likewise
new_    the same without repeats: only goods that the customer never bought are listed and wanted
basket_ what is wanted is the first basket alone, as `learn` measures it

The system is the shop's own `learn`: its default sources, features and ranker, taught on windows before the split;
where settings differ, they were chosen on the four weeks before. The baselines are tuned on those weeks, too: by window
(1, 7, 28, 60 days) popularity, by weekly decay personal frequency, filled up with that popularity. Each lead is over
the best of all. Figures are means over seeds, intervals are bootstraps over customers. Prices are medians over the
whole file: sources and features look at them only as levels.
"""

import argparse
import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import online_retail
from benchmarks.foretold import K, Lists, foretold
from benchmarks.online_retail import DAYS_A_WEEK, Retail
from benchmarks.page import write
from shopkeeper.measure.baselines import personal_frequency, popularity
from shopkeeper.measure.ranking import ndcg_at, recall_at
from shopkeeper.measure.statistics import bootstrap, paired_bootstrap
from shopkeeper.profile.profiles import Profiles
from shopkeeper.rank.labels import Labels, labels_between
from shopkeeper.settings import Settings
from shopkeeper.types import IntArray, RowArray, Snapshot

WINDOWS = (1.0, 7.0, 28.0, 60.0)
DECAYS = (0.8, 0.9, 0.95, 0.97, 0.99, 1.0)
TABLES: Mapping[str, dict[str, Any]] = {
    "rank": {"windows": 6, "window_days": 28.0},
    "recall": {"item_neighbours": {"enabled": True}},
}
"""What the shop's settings.toml says: chosen on the four weeks before, see docs/LOG.md."""
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """What was known of customers int32 (b,), and what each then wanted, of all goods and in the first basket."""

    snapshot: Snapshot
    users: RowArray
    wanted: list[IntArray]
    basket: list[IntArray]

    @classmethod
    def of(cls, retail: Retail, start: float, weeks: int, seed: int = 0) -> "Task":
        """The task of the weeks that begin on this day."""
        known, end = retail.at(start, seed), start + weeks * DAYS_A_WEEK
        whole, first = (
            labels_between(retail.whole.interactions, start, end, first_basket=only) for only in (False, True)
        )
        with_history = np.flatnonzero(np.diff(known.log.offsets)[whole.users] > 0)
        return cls(known, whole.users[with_history], _of(whole, with_history), _of(first, with_history))

    @property
    def unknown(self) -> list[IntArray]:
        """Of what each customer wanted what it never bought before."""
        owned = Profiles(self.snapshot.log).portraits(self.users, self.snapshot.day)
        return [rows[~np.isin(rows, own.rows)] for rows, own in zip(self.wanted, owned, strict=True)]

    def cold(self) -> float:
        """Which part of what is wanted nobody had bought before."""
        rows = np.concatenate(self.wanted)
        return float(1.0 - np.isin(rows, self.snapshot.log.rows).mean())


def main() -> None:
    asked = _arguments()
    started = time.process_time()
    retail = online_retail.read(Path(asked.data))
    span = asked.weeks * DAYS_A_WEEK
    start = (dt.date.fromisoformat(asked.until) - dt.date(1970, 1, 1)).days - span
    task, before = Task.of(retail, start, asked.weeks), Task.of(retail, start - span, asked.weeks)
    settings = Settings({**TABLES})
    runs = foretold(settings, task.snapshot, task.users, asked.seeds)
    window, decay = _tuned(before)
    figures: dict[str, Any] = {
        "benchmark": "time_split",
        "data": "uci_online_retail",
        "from": (dt.datetime(1970, 1, 1) + dt.timedelta(days=start)).date().isoformat(),
        "until": asked.until,
        "customers": len(task.users),
        "products": int((np.isfinite(retail.first_seen())).sum()),
        "cold": round(task.cold(), 4),
        "popularity_window_days": window,
        "personal_weekly_decay": decay,
        **_figures(task, runs, _baselines(task, window, decay)),
        "cpu_s": round(time.process_time() - started, 1),
        "data_sha256": retail.sha256,
    }
    if asked.write:
        write("time_split", __doc__ or "", figures, retail.sha256)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.time_split")
    parser.add_argument("--data", default="../shared/data/uci_online_retail", help="folder of the file")
    parser.add_argument("--until", default="2011-11-12", help="the day on which the weeks end")
    parser.add_argument("--weeks", type=int, default=4, help="how many weeks are foretold")
    parser.add_argument("--seeds", type=int, default=3, help="runs whose figures are averaged")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/time_split.md")
    return parser.parse_args()


def _of(labels: Labels, which: IntArray) -> list[IntArray]:
    rows = np.split(labels.rows.astype(np.int64), labels.offsets[1:-1])
    return [rows[at] for at in which]


def _tuned(before: Task) -> tuple[float, float]:
    """The window and the decay with the best r@10 on the weeks before."""
    known, n = before.snapshot, len(before.users)
    by_window = [recall_at(popularity(known.log, known.day, n, K, own), before.wanted, K).mean() for own in WINDOWS]
    window = WINDOWS[int(np.argmax(by_window))]
    by_decay = [recall_at(_personal(before, own, window), before.wanted, K).mean() for own in DECAYS]
    return window, DECAYS[int(np.argmax(by_decay))]


def _personal(task: Task, decay: float, window: float) -> IntArray:
    known = task.snapshot
    return personal_frequency(known.log, known.day, task.users, K, decay, window)


def _baselines(task: Task, window: float, decay: float) -> dict[str, Lists]:
    """By name: popularity by each window, and personal frequency, which has nothing of its own without repeats."""
    known, n = task.snapshot, len(task.users)
    owned = Profiles(known.log).portraits(task.users, known.day)
    found = {}
    for days in WINDOWS:
        best = popularity(known.log, known.day, 1, len(known.catalog), days)[0]
        fresh = [best[~np.isin(best, own.rows)][:K] for own in owned]
        found[f"popularity_{days:g}d"] = Lists(np.tile(best[:K], (n, 1)), np.stack(fresh))
    of_new = found[f"popularity_{window:g}d"].of_new
    return found | {"personal_frequency": Lists(_personal(task, decay, window), of_new)}


def measured(task: Task, lists: Lists) -> dict[str, Values]:
    """By metric a number for each customer asked about."""
    unknown = task.unknown
    curious = np.array([len(rows) > 0 for rows in unknown])
    fresh = [rows for rows in unknown if len(rows)]
    kinds = {
        "": (lists.of_all, task.wanted),
        "new_": (lists.of_new[curious], fresh),
        "basket_": (lists.of_all, task.basket),
    }
    metrics = {"r@10": recall_at, "n@10": ndcg_at}
    return {
        f"{kind}{name}": measure(own, targets, K)
        for kind, (own, targets) in kinds.items()
        for name, measure in metrics.items()
    }


def _figures(task: Task, runs: list[Lists], baselines: Mapping[str, Lists]) -> dict[str, Any]:
    each = [measured(task, run) for run in runs]
    ours = {name: np.mean([run[name] for run in each], axis=0) for name in each[0]}
    theirs = {name: measured(task, lists) for name, lists in baselines.items()}
    found: dict[str, Any] = {name: round(float(values.mean()), 4) for name, values in ours.items()}
    found["intervals"] = {name: _bounds(bootstrap(values)) for name, values in ours.items()}
    found["lead"] = {
        name: _lead(values, {key: own[name] for key, own in theirs.items()}) for name, values in ours.items()
    }
    found["baselines"] = {
        key: {name: round(float(values.mean()), 4) for name, values in own.items()} for key, own in theirs.items()
    }
    found["seeds"] = [{name: round(float(run[name].mean()), 4) for name in ("r@10", "n@10")} for run in each]
    return found


def _lead(ours: Values, theirs: Mapping[str, Values]) -> list[Any]:
    """The best baseline of this metric, how far ours is ahead of it, and the interval of that."""
    best = max(theirs, key=lambda name: float(theirs[name].mean()))
    lead = paired_bootstrap(ours, theirs[best])
    return [best, round(lead.mean, 4), *_bounds(lead)]


def _bounds(interval: Any) -> list[float]:
    return [round(interval.low, 4), round(interval.high, 4)]


if __name__ == "__main__":
    main()
