"""Shoppers who are known in one part of the shop, shown another: what finds products of a domain they never entered.

    python -m benchmarks.cross_domain [--to-week 46] [--weeks 8] [--seeds 3] [--data FOLDER] [--write]

Complete Journey; each department of at least 1,500 purchase lines is a domain and is held out in turn. A third of the
households, drawn by the seed, have nothing of it in their history; all others have. They are asked at the beginning of
the last weeks, and judged by what they bought of the domain within them: capped recall at 10 among all its products.

random, popularity     of the domain, by households in the 28 days before, of those who are known there
text                   products of the domain nearest in meaning to what the shopper bought elsewhere
                       (`recall.semantic`): all there is where two shops share nothing but a language
user_neighbours        what the nearest shoppers chose there (`recall.user_neighbours`): it takes shared shoppers
covisit                what is bought together with what the shopper has (`recall.covisit`)

Settings of the sources are their defaults, which were chosen on weeks 31 to 38 (docs/LOG.md).
`all` is the mean over all households of all domains; `lead` is `user_neighbours` less popularity on the same ones, with
a bootstrap interval over them.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import complete_journey
from benchmarks.complete_journey import Journey
from benchmarks.page import write
from benchmarks.semantic_journey import texts_of
from shopkeeper import plugins
from shopkeeper.encode.open import open_encoder
from shopkeeper.encode.vectors import encode_products
from shopkeeper.measure.ranking import recall_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.profile.profiles import Profiles
from shopkeeper.rank.labels import Labels, labels_between
from shopkeeper.settings import Settings
from shopkeeper.store.snapshot import interactions_table
from shopkeeper.types import Batch, BoolArray, FloatArray, Intent, Request, RowArray, Snapshot

K, CHUNK, LEAST_LINES, THIRD = 10, 256, 1500, 3
SOURCES = ("covisit", "user_neighbours", "semantic")
NAMES = {"semantic": "text"}
NOT_GOODS = ("FUEL", "MISCELLANEOUS", "")
Values = NDArray[np.float64]


def main() -> None:
    asked = _arguments()
    paths = [Path(asked.data)] if asked.data else []
    journey = complete_journey.read(paths[0] if paths else None, asked.to_week)
    texts = texts_of(journey, paths)
    with tempfile.TemporaryDirectory() as cache:
        encoder = open_encoder(Settings({}).encode, texts, Path(cache))
        assert encoder is not None
        vectors = encode_products(encoder, texts, Path(cache), workers=1)
    runs = [_run(journey, vectors, asked, seed) for seed in range(asked.seeds)]
    figures = {"benchmark": "cross_domain", "to_week": asked.to_week, "weeks": asked.weeks, **_summary(runs)}
    figures["data_sha256"] = journey.sha256
    if asked.write:
        write("cross_domain", __doc__ or "", figures, journey.sha256)
    print(json.dumps(figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cross_domain")
    parser.add_argument("--to-week", type=int, default=46, help="the last week that is read")
    parser.add_argument("--weeks", type=int, default=8, help="so many last weeks are what households are judged by")
    parser.add_argument("--seeds", type=int, default=3, help="draws of the households who are new to a domain")
    parser.add_argument("--data", default="", help="folder of the Parquet files; the package's own by default")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/cross_domain.md")
    asked = parser.parse_args()
    if not 1 <= asked.weeks < asked.to_week:
        parser.error(f"weeks {asked.weeks}: want 1 to {asked.to_week - 1}, those before are learnt from")
    return asked


def _run(journey: Journey, vectors: FloatArray, asked: argparse.Namespace, seed: int) -> dict[str, dict[str, Values]]:
    """For each domain the recall of each household by each way."""
    day = journey.start_of(asked.to_week - asked.weeks + 1)
    catalog, log = journey.catalog, journey.log
    lines = np.bincount(catalog.departments[log.rows], minlength=len(catalog.department_names))
    new = np.random.default_rng(seed).random(log.n_users) < 1 / THIRD
    later = log.where(log.days >= day)
    found = {}
    for code in np.flatnonzero(lines >= LEAST_LINES).tolist():
        name = catalog.department_names[code]
        if name in NOT_GOODS:
            continue
        domain = catalog.departments == code
        told = log.where((log.days < day) & ~(new[log.users] & domain[log.rows]))
        kept = later.where(new[later.users] & domain[later.rows])
        wanted = labels_between(interactions_table(kept), day, np.inf, first_basket=False)
        snapshot = Snapshot(day, catalog, told, interactions_table(told), vectors=vectors, seed=seed)
        found[name] = dict(_ways(snapshot, wanted, domain, seed))
    return found


def _ways(snapshot: Snapshot, wanted: Labels, domain: BoolArray, seed: int) -> Iterator[tuple[str, Values]]:
    targets = np.split(wanted.rows.astype(np.int64), wanted.offsets[1:-1])
    rows, n = np.flatnonzero(domain & (np.bincount(snapshot.log.rows, minlength=len(domain)) > 0)), len(targets)
    draw = np.random.default_rng(seed)
    yield "random", recall_at(np.stack([draw.choice(rows, K, replace=False) for _ in range(n)]), targets, K)
    recent = snapshot.log.where(snapshot.log.days >= snapshot.day - 28)
    width = len(domain)
    pairs = np.unique(recent.users.astype(np.int64) * width + recent.rows) % width
    most = np.bincount(pairs, minlength=width)[rows]
    yield "popularity", recall_at(np.tile(rows[np.argsort(-most, kind="stable")[:K]], (n, 1)), targets, K)
    portraits = Profiles(snapshot.log).portraits(wanted.users, snapshot.day)
    for name in SOURCES:
        kind = plugins.load("source", name)
        source = kind(kind.Settings(**({"history": 20} if name == "semantic" else {})))
        source.fit(snapshot)
        lists = np.full((n, K), -1, np.int64)
        for start in range(0, n, CHUNK):
            chunk = slice(start, start + CHUNK)
            requests = tuple(_request(user, snapshot.day, domain) for user in wanted.users[chunk])
            batch = Batch(requests, (Intent(),) * len(requests), portraits[chunk])
            for at, offer in enumerate(source.recall(batch, K), start):
                lists[at, : len(offer.rows)] = offer.rows
        yield NAMES.get(name, name), recall_at(lists, targets, K)


def _request(user: RowArray, day: float, domain: BoolArray) -> Request:
    return Request(request_id=str(user), scene="home", day=day, user=int(user), allowed=domain)


def _summary(runs: list[dict[str, dict[str, Values]]]) -> dict[str, Any]:
    """Means over seeds by domain, and over all households with the lead over popularity."""
    ways = list(next(iter(runs[0].values())))
    of_all: Mapping[str, Values] = {
        way: np.concatenate([values[way] for run in runs for values in run.values()]) for way in ways
    }
    by_domain = {
        name: {"households": int(np.mean([len(run[name]["random"]) for run in runs]))}
        | {way: round(float(np.mean(np.concatenate([run[name][way] for run in runs]))), 4) for way in ways}
        for name in runs[0]
    }
    return {
        "all": {way: round(float(values.mean()), 4) for way, values in of_all.items()},
        "lead": asdict(paired_bootstrap(of_all["user_neighbours"], of_all["popularity"])),
        "text_over_random": asdict(paired_bootstrap(of_all["text"], of_all["random"])),
        "domains": by_domain,
        "seeds": [
            {way: round(float(np.mean(np.concatenate([own[way] for own in run.values()]))), 4) for way in ways}
            for run in runs
        ],
    }


if __name__ == "__main__":
    main()
