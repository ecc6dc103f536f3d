"""Learning from one more day: counting anew against learning everything, in time and in what is lost.

    python -m benchmarks.incremental [--week 46] [--minutes 1] [--data FOLDER] [--write]

A shop of Complete Journey learns everything before the week, as the demo does: `first_s`, from nothing. Then one day
comes. `incremental_s` is `learn --incremental`, `again_s` is `learn` of the same log, which is done after it and
finds the goods, and what the language model learnt of them, as they were; `share` and `share_of_again` are the first
by the others. Both later versions then answer for what came in the seven days after: the first basket of every
household, and searches for products bought, as `learn` itself measures them. `kept` is the incremental version's
figure by the full one's, and `difference` the two on the same households or queries, with a bootstrap interval.
"""

import argparse
import hashlib
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.complete_journey import folder_of_package
from benchmarks.page import write
from shopkeeper.cli.demo import SETTINGS
from shopkeeper.flow.build import load_trained
from shopkeeper.flow.increment import increment, serving
from shopkeeper.flow.judge import Learnt
from shopkeeper.flow.learn import learn
from shopkeeper.flow.trial import Contest
from shopkeeper.flow.windows import window
from shopkeeper.intake.load import load
from shopkeeper.intake.readers.complete_journey import CompleteJourney
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.recall.gather import Plan
from shopkeeper.store.folder import create, open_folder
from shopkeeper.store.snapshot import snapshot
from shopkeeper.types import Event

AFTER_DAYS = 7.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.incremental")
    parser.add_argument("--week", type=int, default=46, help="the week whose first day comes later")
    parser.add_argument("--minutes", type=float, default=1, help="what the language model has; the demo's by default")
    parser.add_argument("--data", default="", help="folder of the Parquet files; the package's own by default")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/incremental.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        figures = run(
            Path(scratch) / "shop", Path(asked.data) if asked.data else folder_of_package(), asked.week, asked.minutes
        )
    if asked.write:
        write("incremental", __doc__ or "", figures, figures["data_sha256"])
    print(json.dumps(figures))


def run(path: Path, folder_of_data: Path, week: int, minutes: float) -> dict[str, Any]:
    """Makes the shop, lets a day come, learns both ways, and measures both on the days after."""
    text = SETTINGS.replace('shift_to = "today"', f"to_week = {week - 1}").replace(
        "minutes = 1 ", f"minutes = {minutes} "
    )
    create(path, text)
    with open_folder(path, writable=True) as folder:
        load(folder, [folder_of_data], reader="complete_journey")
        n_before = len(folder.events)
    first, first_s = _timed(learn, path)
    later = _events(folder_of_data, week)
    edge = later[0].timestamp + SECONDS_A_DAY
    came = [event for event in later if event.timestamp < edge]
    after = [event for event in later if edge <= event.timestamp < edge + AFTER_DAYS * SECONDS_A_DAY]
    _append(path, came)
    part, part_s = _timed(increment, path)
    whole, whole_s = _timed(learn, path)
    _append(path, after)
    ours, theirs = (_measured(path, learnt, edge / SECONDS_A_DAY) for learnt in (part, whole))
    return {
        "benchmark": "incremental",
        "week": week,
        "events_before": n_before,
        "events_of_the_day": len(came),
        "first_s": round(first_s, 1),
        "again_s": round(whole_s, 1),
        "incremental_s": round(part_s, 1),
        "share": round(part_s / first_s, 3),
        "share_of_again": round(part_s / whole_s, 3),
        "promoted": {"first": first.promoted, "incremental": part.promoted, "full": whole.promoted},
        "after": {own.key(): _beside(own, other) for own, other in zip(ours, theirs, strict=True)},
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "data_sha256": hashlib.sha256((folder_of_data / "transactions.parquet").read_bytes()).hexdigest(),
    }


def _timed(learning: Callable[[Path], Learnt], path: Path) -> tuple[Learnt, float]:
    started = time.perf_counter()
    return learning(path), time.perf_counter() - started


def _events(folder: Path, week: int) -> list[Event]:
    """What was bought in this week and the two after it, as the shop's reader reads it, oldest first."""
    reader = CompleteJourney(CompleteJourney.Settings(from_week=week, to_week=week + 2))
    found = []
    for chunk in reader.read([folder]):
        if chunk.kind == "events":
            names = ("event_id", "timestamp", "action", "user_id", "session_id", "product_id", "quantity")
            for line in zip(*(chunk.columns[name].to_pylist() for name in names), strict=True):
                own = dict(zip(names, line, strict=True))
                found.append(Event(**own | {"timestamp": own["timestamp"].timestamp()}))
    return sorted(found, key=lambda event: event.timestamp)


def _append(path: Path, events: list[Event]) -> None:
    with open_folder(path, writable=True) as folder:
        known = folder.products.catalog().row_of
        folder.events.append([event for event in events if event.product_id in known])


def _measured(path: Path, learnt: Learnt, day: float) -> list[Contest]:
    """The version's contests over the days after `day`: stages as they were saved, portraits as they were then."""
    with open_folder(path, writable=False) as folder:
        folder.versions.promote(learnt.version.number)
        catalog = folder.products.catalog()
        trained = load_trained(folder, catalog)
        assert trained is not None
        held = window(snapshot(folder, catalog=catalog, vectors=trained.vectors), day, AFTER_DAYS)
        return serving(trained, held, Plan.of(folder.settings))


def _beside(ours: Contest, theirs: Contest) -> dict[str, Any]:
    """The incremental version's figure beside the full one's, on the same households or queries."""
    means = float(ours.ours.mean()), float(theirs.ours.mean())
    return {
        "n": len(ours.ours),
        "incremental": round(means[0], 4),
        "full": round(means[1], 4),
        "kept": round(means[0] / means[1], 4),
        "difference": asdict(paired_bootstrap(ours.ours, theirs.ours)),
    }


if __name__ == "__main__":
    main()
