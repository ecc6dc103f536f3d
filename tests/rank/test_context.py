"""Claims:

1. a lift is log((n / share of the label + prior) / (total + prior)): 0 where moments say nothing, or of the new.
2. pages without words lean by it, as a part of their own that adds up; searches and sorted pages do not.
3. what a caller says is learnt and leant by: rain sells umbrellas, the sun sells cream; who says nothing has neither.
4. shuffled moments gain nothing: hours or weather drawn at random are not borne out and move no page at all.
5. a season or a holiday counts once it came back: in the first year it cannot be told from a trend.
6. labels of all kinds add up; settings choose the kinds.
7. no ranker is taught on it; a version of earlier days, and one of a catalogue renumbered since, have their lifts.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.flow.personal import CONTEXT, timely
from shopkeeper.flow.windows import earlier
from shopkeeper.moments import Moments
from shopkeeper.ports import Ranker
from shopkeeper.rank.assemble import teachable
from shopkeeper.rank.features.context import COLUMNS_FILE, KINDS
from shopkeeper.rank.holidays import EPOCH
from shopkeeper.testing import worlds
from shopkeeper.testing.contract_world import candidates
from shopkeeper.types import Batch, FeatureTable, Request, Snapshot

COFFEE, WINE, SALT = range(3)
UMBRELLA, CREAM = COFFEE, WINE
SHELF = worlds.catalog(
    ["Coffee", "Wine", "Salt"],
    categories=np.arange(3, dtype=np.int32),
    category_paths=[("Drinks", "Coffee"), ("Drinks", "Wine"), ("Food", "Salt")],
)
MORNING, EVENING = 8 / 24, 20 / 24
FUSED = plugins.load("ranker", "fused")
NONE = FeatureTable((), np.empty((3, 0), np.float32))
ROWS = np.arange(3, dtype=np.int32)
RAIN, SUN = {"weather": "rain"}, {"weather": "sun"}


def shop(hours: np.random.Generator | None = None) -> Snapshot:
    """A year of coffee in the morning, wine in the evening and salt at both; or all of it at hours drawn at random."""
    visits = []
    for day in range(365):
        bought = ((COFFEE, MORNING), (WINE, EVENING), (SALT, MORNING), (SALT, EVENING))
        for user, (row, hour) in enumerate(bought):
            at = hour if hours is None else (MORNING, EVENING)[hours.integers(2)]
            visits.append((user, row, day + at + 0.001, "purchase"))
    return worlds.snapshot(SHELF, visits, 400.0)


def weathered(shuffled: np.random.Generator | None = None) -> Snapshot:
    """400 days of rain and sun by turns: rain sells 9 umbrellas and 1 cream, the sun the reverse, and 10 times salt.

    Shuffled, every purchase has the weather of another.
    """
    lines = []
    for day in range(400):
        told, much, little = (RAIN, UMBRELLA, CREAM) if day % 2 else (SUN, CREAM, UMBRELLA)
        lines += [(row, day + 0.5, told) for row in [much] * 9 + [little] + [SALT] * 10]
    if shuffled is not None:
        order = shuffled.permutation(len(lines))
        lines = [(row, day, lines[other][2]) for (row, day, _), other in zip(lines, order, strict=True)]
    return replace(worlds.snapshot(SHELF, [(0, SALT, 0.5, "purchase")], 400.0), moments=Moments.of(lines))


def feature(snapshot: Snapshot, **settings: Any) -> Any:
    kind = plugins.load("feature", "context")
    made = kind(kind.Settings(**settings))
    made.fit(snapshot)
    return made


def at(day: float, **asked: Any) -> tuple[Request, Batch]:
    request = Request(request_id="r", **{"scene": "home", "day": day, **asked})
    return request, worlds.ask(request)


def page(made: Any, day: float, **asked: Any) -> list[int]:
    """The rows of a home page in their order, offered with salt first."""
    request, batch = at(day, **asked)
    offered = candidates(batch, (SALT, COFFEE, WINE))
    _, ranker = timely(("fused", FUSED(FUSED.Settings())), request, {CONTEXT: made})
    scores = ranker.score(offered, NONE)
    names, parts = ranker.parts(offered, NONE)
    assert names[-1] == CONTEXT and parts.sum(axis=1) == pytest.approx(scores, rel=1e-5)
    order: list[int] = offered.rows[np.argsort(-scores)].tolist()
    return order


def test_a_lift_follows_its_formula() -> None:
    made = feature(shop(), prior=100.0)
    up, down = np.log((365 / 0.5 + 100) / (365 + 100)), np.log(100 / (365 + 100))
    _, batch = at(400 + MORNING)
    found = made.values(batch, candidates(batch, (0, 1, 2)))
    assert found[:, KINDS.index("hour")] == pytest.approx([up, down, 0.0], abs=1e-6)
    assert not found[:, KINDS.index("hour") + 1 :].any()
    assert made.lifts(ROWS, 400 + EVENING, {}) == pytest.approx([down, up, 0.0], abs=1e-6)
    nothing = made.lifts(np.array([0, 9], np.int32), 400.1, {})
    assert nothing.tolist() == [0.0, 0.0]  # nothing is sold then; a new product
    ahead = feature(shop(), prior=100.0, utc_offset_hours=12.0)
    assert ahead.lifts(ROWS[:1], 400 + MORNING, {}) == pytest.approx([up], abs=1e-6)


def test_pages_without_words_lean_by_the_hour_and_others_do_not() -> None:
    made = feature(shop(), prior=10.0, strength=0.9)
    morning, evening = page(made, 400 + MORNING), page(made, 400 + EVENING)
    assert morning.index(COFFEE) < morning.index(WINE) and evening.index(WINE) < evening.index(COFFEE)
    named: tuple[str, Ranker] = ("fused", FUSED(FUSED.Settings()))
    for asked in ({"scene": "search", "query": "tea"}, {"sort": "price_asc"}, {"scene": "similar"}):
        assert timely(named, at(400.0, **asked)[0], {CONTEXT: made}) is named
    assert timely(named, at(400.0)[0], {CONTEXT: feature(shop(), strength=0.0)}) is named
    assert timely(named, at(400.0)[0], {}) is named


def test_rain_sells_umbrellas_and_a_page_in_rain_leans() -> None:
    made = feature(weathered(), strength=1.0)
    up, down = np.log((200 * 9 / 0.5 + 1000) / (2000 + 1000)), np.log((200 / 0.5 + 1000) / (2000 + 1000))
    assert made.lifts(ROWS, 400.5, RAIN) == pytest.approx([up, down, 0.0], abs=1e-6)
    assert made.lifts(ROWS, 400.5, {"weather": " Rain "}) == pytest.approx([up, down, 0.0], abs=1e-6)
    for unheard in ({}, {"weather": "hail"}, {"weather": "it rains a lot today"}, {"device": "phone"}):
        assert not made.lifts(ROWS, 400.5, unheard).any()
    made = feature(weathered(), strength=1.0, prior=10.0)
    assert page(made, 400.5) == [SALT, CREAM, UMBRELLA]
    assert page(made, 400.5, context=RAIN) == [SALT, UMBRELLA, CREAM]
    assert page(made, 400.5, context=SUN) == [CREAM, SALT, UMBRELLA]


def test_little_data_lean_less_by_the_same_shrinkage() -> None:
    whole = feature(weathered()).lifts(ROWS, 400.5, RAIN)
    part = feature(earlier(weathered(), 100.0)).lifts(ROWS, 400.5, RAIN)
    assert 0.0 < part[UMBRELLA] < whole[UMBRELLA] and whole[CREAM] < part[CREAM] < 0.0
    assert part[UMBRELLA] == pytest.approx(np.log((50 * 9 / 0.5 + 1000) / (500 + 1000)), abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_moments_move_no_page(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert np.abs(feature(shop(), prior=100.0).lifts(ROWS, 400 + MORNING, {})).max() > 0.2
    assert not feature(shop(rng), prior=100.0).lifts(ROWS, 400 + MORNING, {}).any()
    drawn = feature(weathered(rng), prior=100.0)
    assert not drawn.lifts(ROWS, 400.5, RAIN).any()
    assert page(drawn, 400.5, context=RAIN) == page(drawn, 400.5)


def days_until(year: int) -> range:
    return range((date(2020, 1, 1) - EPOCH).days, (date(year, 1, 1) - EPOCH).days)


def yearly(until: int) -> Snapshot:
    """From 2020 on: coffee and salt every day; ten times wine in the summer and in the days before Christmas."""
    visits = []
    for day in days_until(until):
        today = date.fromordinal(EPOCH.toordinal() + day)
        feast = today.month == 12 and 18 <= today.day <= 25
        lines = [COFFEE, SALT, *[WINE] * (10 if today.month in (6, 7, 8) or feast else 1)]
        visits += [(user, row, day + 0.5, "purchase") for user, row in enumerate(lines)]
    return worlds.snapshot(SHELF, visits, float(days_until(until)[-1] + 1))


def test_a_season_and_a_holiday_count_once_they_came_back() -> None:
    summer, feast = ((date(2024, month, 20) - EPOCH).days + 0.5 for month in (7, 12))
    first = feature(yearly(2021), prior=100.0)
    assert not first.lifts(ROWS, summer, {}).any() and not first.lifts(ROWS, feast, {}).any()
    later = feature(yearly(2024), prior=100.0, days_before=7)
    assert later.lifts(ROWS, summer, {})[WINE] > 0.2
    own = feature(yearly(2024), calendar="none", holidays={"feast": ("12-25",)}, knows=("holiday",), prior=100.0)
    assert own.lifts(ROWS, feast, {})[WINE] > 0.1 and abs(own.lifts(ROWS, summer, {})[WINE]) < 0.1


def test_kinds_add_up_and_settings_choose_them() -> None:
    both = replace(shop(), moments=weathered().moments)
    made, hourly, said = (
        feature(both, prior=100.0, **chosen) for chosen in ({}, {"knows": ("hour",)}, {"knows": ("weather",)})
    )
    asked = (ROWS, 400 + MORNING, RAIN)
    assert made.lifts(*asked) == pytest.approx(hourly.lifts(*asked) + said.lifts(*asked), abs=1e-6)
    assert hourly.lifts(*asked).any() and said.lifts(*asked).any()
    _, batch = at(400 + MORNING, context=RAIN)
    assert made.values(batch, candidates(batch, (0, 1, 2))).sum(axis=1) == pytest.approx(made.lifts(*asked), abs=1e-6)


def test_no_ranker_is_taught_on_it() -> None:
    kinds = {name: plugins.load("feature", name) for name in ("context", "counts")}
    assert list(teachable({name: kind(kind.Settings()) for name, kind in kinds.items()})) == ["counts"]


def test_a_catalogue_that_was_renumbered_keeps_its_lifts(tmp_path: Any) -> None:
    made, again = feature(weathered()), feature(shop())
    made.save(tmp_path)
    turned = replace(SHELF, categories=np.array([2, 1, 0], np.int32), category_paths=SHELF.category_paths[::-1])
    again.load(tmp_path, turned)
    assert again.lifts(ROWS, 400.5, RAIN).tolist() == made.lifts(ROWS, 400.5, RAIN).tolist()


def test_a_version_of_earlier_days_knows_the_hours(tmp_path: Any) -> None:
    made, again = feature(shop(), knows=("hour",)), feature(weathered())
    made.save(tmp_path)
    (tmp_path / COLUMNS_FILE).unlink()
    again.load(tmp_path, SHELF)
    assert again.lifts(ROWS, 400 + MORNING, RAIN).tolist() == made.lifts(ROWS, 400 + MORNING, {}).tolist()
