"""Claims:

1. a lift is log((n / share of the hour + prior) / (total + prior)): 0 where hours say nothing, and of new categories.
2. pages without words lean by it, as a part of their own that adds up; searches and sorted pages do not.
3. shuffled hours gain nothing: the lifts of a shop whose hours are drawn at random are near 0.
4. no ranker is taught on it.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.flow.personal import CONTEXT, timely
from shopkeeper.ports import Ranker
from shopkeeper.rank.assemble import teachable
from shopkeeper.testing import worlds
from shopkeeper.testing.contract_world import candidates
from shopkeeper.types import Batch, FeatureTable, Request, Snapshot

COFFEE, WINE, SALT = range(3)
SHELF = worlds.catalog(
    ["Coffee", "Wine", "Salt"],
    categories=np.arange(3, dtype=np.int32),
    category_paths=[("Drinks", "Coffee"), ("Drinks", "Wine"), ("Food", "Salt")],
)
MORNING, EVENING = 8 / 24, 20 / 24
FUSED = plugins.load("ranker", "fused")
NONE = FeatureTable((), np.empty((3, 0), np.float32))


def shop(hours: np.random.Generator | None = None) -> Snapshot:
    """A year of coffee in the morning, wine in the evening and salt at both; or all of it at hours drawn at random."""
    visits = []
    for day in range(365):
        bought = ((COFFEE, MORNING), (WINE, EVENING), (SALT, MORNING), (SALT, EVENING))
        for user, (row, hour) in enumerate(bought):
            at = hour if hours is None else (MORNING, EVENING)[hours.integers(2)]
            visits.append((user, row, day + at + 0.001, "purchase"))
    return worlds.snapshot(SHELF, visits, 400.0)


def feature(snapshot: Snapshot, **settings: Any) -> Any:
    kind = plugins.load("feature", "context")
    made = kind(kind.Settings(**settings))
    made.fit(snapshot)
    return made


def at(day: float, **asked: Any) -> tuple[Request, Batch]:
    request = Request(request_id="r", **{"scene": "home", "day": day, **asked})
    return request, worlds.ask(request)


def test_a_lift_follows_its_formula() -> None:
    made = feature(shop(), prior=100.0)
    up, down = np.log((365 / 0.5 + 100) / (365 + 100)), np.log(100 / (365 + 100))
    _, batch = at(400 + MORNING)
    assert made.values(batch, candidates(batch, (0, 1, 2)))[:, 0] == pytest.approx([up, down, 0.0], abs=1e-6)
    assert made.lifts(np.array([0, 1, 2], np.int32), 400 + EVENING) == pytest.approx([down, up, 0.0], abs=1e-6)
    assert made.lifts(np.array([0, 9], np.int32), 400.1).tolist() == [0.0, 0.0]  # nothing is sold then; a new product
    ahead = feature(shop(), prior=100.0, utc_offset_hours=12.0)
    assert ahead.lifts(np.array([0], np.int32), 400 + MORNING) == pytest.approx([up], abs=1e-6)


def test_pages_without_words_lean_by_the_hour_and_others_do_not() -> None:
    made = feature(shop(), prior=10.0, strength=0.9)
    named: tuple[str, Ranker] = ("fused", FUSED(FUSED.Settings()))
    best = {}
    for hour in (MORNING, EVENING):
        request, batch = at(400 + hour)
        offered = candidates(batch, (SALT, COFFEE, WINE))
        _, ranker = timely(named, request, {CONTEXT: made})
        scores = ranker.score(offered, NONE)
        names, parts = ranker.parts(offered, NONE)
        assert names[-1] == CONTEXT and parts.sum(axis=1) == pytest.approx(scores, rel=1e-5)
        order = offered.rows[np.argsort(-scores)].tolist()
        best[hour] = order.index(COFFEE) < order.index(WINE)
    assert best == {MORNING: True, EVENING: False}
    for asked in ({"scene": "search", "query": "tea"}, {"sort": "price_asc"}, {"scene": "similar"}):
        assert timely(named, at(400.0, **asked)[0], {CONTEXT: made}) is named
    assert timely(named, at(400.0)[0], {CONTEXT: feature(shop(), strength=0.0)}) is named
    assert timely(named, at(400.0)[0], {}) is named


def test_shuffled_hours_move_a_page_within_noise() -> None:
    rows = np.arange(3, dtype=np.int32)
    real = feature(shop()).lifts(rows, 400 + MORNING)
    drawn = [np.abs(feature(shop(np.random.default_rng(seed))).lifts(rows, 400 + MORNING)).max() for seed in range(3)]
    assert max(drawn) < 0.05 and np.abs(real).max() > 0.2


def test_no_ranker_is_taught_on_it() -> None:
    kinds = {name: plugins.load("feature", name) for name in ("context", "counts")}
    assert list(teachable({name: kind(kind.Settings()) for name, kind in kinds.items()})) == ["counts"]


def test_a_catalogue_that_was_renumbered_keeps_its_lifts(tmp_path: Any) -> None:
    made, again = feature(shop()), feature(shop(np.random.default_rng(1)))
    made.save(tmp_path)
    turned = replace(SHELF, categories=np.array([2, 1, 0], np.int32), category_paths=SHELF.category_paths[::-1])
    again.load(tmp_path, turned)
    rows = np.arange(3, dtype=np.int32)
    assert again.lifts(rows, 400 + MORNING).tolist() == made.lifts(rows, 400 + MORNING).tolist()
