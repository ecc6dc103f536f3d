"""Products of a gift shop that nobody, or hardly anybody, had bought when the last weeks began: see cold_products."""

import argparse
import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import online_retail, time_split
from benchmarks.first_buyers import first_of_each, meet
from benchmarks.foretold import K, Lists, foretold
from benchmarks.online_retail import DAYS_A_WEEK, Retail
from benchmarks.sequential import alone
from benchmarks.time_split import Task
from shopkeeper import plugins
from shopkeeper.measure.baselines import popularity
from shopkeeper.measure.ranking import recall_at
from shopkeeper.measure.statistics import bootstrap
from shopkeeper.ports import Source
from shopkeeper.profile.profiles import Profiles
from shopkeeper.settings import Settings
from shopkeeper.types import Batch, BoolArray, IntArray, Intent, Interactions, Request, Snapshot

Values = NDArray[np.float64]
WEEKS = 4
FEW = 5
RECALL = {**time_split.TABLES["recall"], "fresh": {"enabled": True}}
"""Who else would offer what nobody has bought."""
SEQUENCE: Mapping[str, Any] = {"epochs": 10}
"""Chosen on the four weeks before: see docs/LOG.md."""
ODDS = 4.0
"""`recall.sequence.arrival_odds`, chosen there, too."""
YOUNG: Mapping[str, Any] = {"young": 0.2, "newcomer": {"strength": 0.15}}
"""Chosen on Amazon Beauty: see docs/LOG.md, 2026-11-23."""


def measured(asked: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """The figures, and the file's sha256."""
    retail = online_retail.read(Path(asked.data))
    start = (dt.date.fromisoformat(asked.until) - dt.date(1970, 1, 1)).days - WEEKS * DAYS_A_WEEK
    task = Task.of(_dated(retail, start), start, WEEKS)
    known = np.bincount(task.snapshot.log.rows, minlength=len(task.snapshot.catalog))
    groups = {"new": known == 0, "few": (known > 0) & (known <= FEW), "warm": known > FEW}
    systems = {"system": _settings(YOUNG), "plain": _settings({})}
    lists = {name: foretold(own, task.snapshot, task.users, asked.seeds) for name, own in systems.items()}
    lists |= {name: [own] for name, own in _baselines(task).items()}
    parts = {name: _told(task, runs, groups) for name, runs in lists.items()}
    first = _first_lines(task, retail.whole.log, groups["new"], asked.events)
    later = _unless_met(task, retail.whole.log, first)
    runs = [_tower(task, (retail.whole.log, first), seed, asked.odds) for seed in range(asked.seeds)]
    parts |= {name: _told(task, [run[name] for run in runs], groups) for name in ("unraised", "sequence")}
    parts["met"] = _told(later, [run["met"] for run in runs], groups)
    for own in (parts["sequence"], parts["met"]):
        own["fresh_new_kept_of_unraised"] = round(own["fresh_new_r@10"] / parts["unraised"]["fresh_warm_r@10"], 3)
    wanted, fresh = np.concatenate(task.wanted), np.concatenate(task.unknown)
    figures: dict[str, Any] = {
        "from": (dt.datetime(1970, 1, 1) + dt.timedelta(days=start)).date().isoformat(),
        "until": asked.until,
        "customers": len(task.users),
        "products": {name: int(np.isin(np.flatnonzero(of), wanted).sum()) for name, of in groups.items()},
        "wanted": {name: round(float(of[wanted].mean()), 4) for name, of in groups.items()},
        "wanted_unless_bought_before": {name: round(float(of[fresh].mean()), 4) for name, of in groups.items()},
        "odds": asked.odds,
        "met_events": len(first),
        "parts": parts,
    }
    return figures, retail.sha256


def _dated(retail: Retail, start: float) -> Retail:
    """The same, with the catalogue saying of goods that nobody had bought by then that they came on that day."""
    came = retail.first_seen()
    created = np.where(np.isfinite(came) & (came >= start), start, np.nan)
    return replace(retail, whole=replace(retail.whole, catalog=replace(retail.whole.catalog, created=created)))


def _settings(rank: Mapping[str, Any]) -> Settings:
    return Settings({"rank": {**time_split.TABLES["rank"], **rank}, "recall": RECALL})


def _baselines(task: Task) -> dict[str, Lists]:
    """What everybody bought in the last four weeks, raw titles near to the latest goods', and chance."""
    known, n = task.snapshot, len(task.users)
    owned = [own.rows for own in Profiles(known.log).portraits(task.users, known.day)]
    best = popularity(known.log, known.day, 1, len(known.catalog), WEEKS * DAYS_A_WEEK)[0]
    goods, draw = _goods(known), np.random.default_rng(0)
    found = {
        "popularity": np.tile(best, (n, 1)),
        "random": np.stack([draw.permutation(goods) for _ in range(n)]),
        "titles": _by_titles(known, task),
    }
    return {
        name: Lists(own[:, :K], np.stack([row[~np.isin(row, mine)][:K] for row, mine in zip(own, owned, strict=True)]))
        for name, own in found.items()
    }


def _goods(known: Snapshot) -> IntArray:
    """What was ever sold, then or later."""
    sold = np.isfinite(known.catalog.created)
    sold[known.log.rows] = True
    return np.flatnonzero(sold)


def _by_titles(known: Snapshot, task: Task) -> IntArray:
    """Goods whose titles are nearest to those of the customer's latest, int64 (b, n_goods)."""
    assert known.vectors is not None
    goods = _goods(known)
    unit = known.vectors / np.maximum(np.linalg.norm(known.vectors, axis=1, keepdims=True), 1e-9)
    owned = Profiles(known.log).portraits(task.users, known.day)
    tastes = np.stack([unit[own.rows[-FEW:]].mean(axis=0) for own in owned])
    return goods[np.argsort(-(tastes @ unit[goods].T), axis=1, kind="stable")]


def _first_lines(task: Task, log: Interactions, new: BoolArray, events: int) -> IntArray:
    """Of each new product the first so many of its lines in `log`, from the day of asking to the end of the weeks."""
    start = task.snapshot.day
    lines = np.flatnonzero(new[log.rows] & (log.days >= start) & (log.days < start + WEEKS * DAYS_A_WEEK))
    return first_of_each(log.rows, lines[np.argsort(log.days[lines], kind="stable")], events)


def _unless_met(task: Task, log: Interactions, met: IntArray) -> Task:
    """The same, of whom nobody wants what they bought in one of these lines."""
    own = {int(user): log.rows[met[log.users[met] == user]] for user in np.unique(log.users[met])}
    none = np.empty(0, np.int32)
    told = zip(task.users.tolist(), task.wanted, strict=True)
    return replace(task, wanted=[rows[~np.isin(rows, own.get(user, none))] for user, rows in told])


def _tower(task: Task, met: tuple[Interactions, IntArray], seed: int, odds: float) -> dict[str, Lists]:
    """Lists of a transformer alone, as it comes and with raised odds, and with these after it met the lines."""
    known = replace(task.snapshot, seed=seed)
    kind = plugins.load("source", "sequence")
    plain, raised = (kind.Settings(enabled=True, arrival_odds=times, **SEQUENCE) for times in (1.0, odds))
    source, profiles = kind(plain), Profiles(known.log)
    source.fit(known)
    found = {"unraised": _listed(source, task, profiles)}
    source.settings = raised
    found["sequence"] = _listed(source, task, profiles)
    meet(source, profiles, *met)
    return found | {"met": _listed(source, task, profiles)}


def _listed(source: Source, task: Task, profiles: Profiles) -> Lists:
    """What the source offers first, of all goods and of those that each customer never bought."""
    day, n = task.snapshot.day, len(task.snapshot.catalog)
    portraits = profiles.portraits(task.users, day)
    masks = [~np.isin(np.arange(n), own.rows) for own in portraits]
    found = []
    for allowed in ([None] * len(masks), masks):
        asked = zip(task.users.tolist(), allowed, strict=True)
        requests = tuple(Request(request_id=str(u), scene="home", day=day, user=u, allowed=mask) for u, mask in asked)
        found.append(alone(source)(Batch(requests, (Intent(),) * len(requests), portraits)))
    return Lists(*found)


def _told(task: Task, runs: list[Lists], groups: Mapping[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """By group its recall and interval, of all goods and of those that the customer never bought, and what new and few
    keep of the warm figure."""
    found: dict[str, Any] = {}
    kinds = {"": ("of_all", task.wanted), "fresh_": ("of_new", task.unknown)}
    for kind, (which, wanted) in kinds.items():
        for name, of in groups.items():
            own = [rows[of[rows]] for rows in wanted]
            some = np.array([len(rows) > 0 for rows in own])
            targets = [rows for rows in own if len(rows)]
            values = np.mean([recall_at(getattr(run, which)[some], targets, K) for run in runs], axis=0)
            interval = bootstrap(values)
            found[f"{kind}{name}_customers"] = int(some.sum())
            found[f"{kind}{name}_r@10"] = round(interval.mean, 4)
            found[f"{kind}{name}_r@10_interval"] = [round(interval.low, 4), round(interval.high, 4)]
        for name in ("new", "few"):
            kept = found[f"{kind}{name}_r@10"] / max(found[f"{kind}warm_r@10"], 1e-9)
            found[f"{kind}{name}_kept"] = round(kept, 3)
    return found
