"""Claims:

1. What was bought once rests for as long as its category's buyers take to come back for the same thing.
2. What comes back quickly is back in time; a kettle's filters are shown while the kettle rests.
3. With it rest its variants and its namesakes, but for namesakes that the shopper bought, too.
4. What was bought on two days never rests; what was given back rests no more; a search finds everything.
5. A category without a log of its own rests as the one above it; one that came since, too.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.portrait import Portrait
from shopkeeper.testing import worlds
from shopkeeper.types import Catalog, Ranked, Request

KETTLE, RED_KETTLE, FILTER, MILK, JUG = range(5)
TODAY = 400.0
SHELF = worlds.catalog(
    ["Kettle", "Kettle, red", "Kettle filter", "Milk", "Jug"],
    groups=np.array([0, 0, 2, 3, 4], np.int32),
    categories=np.array([0, 0, 1, 2, 3], np.int32),
    category_paths=[("Kitchen", "Kettles"), ("Kitchen", "Filters"), ("Food", "Milk"), ("Kitchen", "Jugs")],
)


def shoppers() -> list[worlds.Visit]:
    """Sixty shoppers of a year: a kettle once, a filter every sixty days, milk every third day."""
    visits: list[worlds.Visit] = []
    for user in range(60):
        start = float(user % 7)
        visits.append((user, KETTLE, start, "purchase"))
        visits += [(user, FILTER, start + day, "purchase") for day in range(0, 390, 60)]
        visits += [(user, MILK, start + day, "purchase") for day in range(0, 390, 3)]
    return visits


@cache
def rule() -> Any:
    kind = plugins.load("rule", "bought_before")
    made = kind(kind.Settings())
    made.fit(worlds.snapshot(SHELF, shoppers(), TODAY))
    return made


def of(*visits: tuple[int, float, str]) -> Portrait:
    return worlds.portrait(worlds.interactions([(0, *visit) for visit in visits]), 0)


def shown(who: Portrait, shelf: Catalog = SHELF, **asked: Any) -> list[int]:
    rows = np.arange(len(shelf), dtype=np.int32)
    ranked = Ranked(rows, np.linspace(2, 1, len(rows), dtype=np.float32), rows.astype(np.int64), "test")
    request = replace(Request(request_id="r", scene="home", day=TODAY), **asked)
    kept, note = rule().apply(ranked, request, who, shelf, None)
    assert bool(note) == (len(kept.rows) < len(rows))
    return list(kept.rows.tolist())


@pytest.mark.parametrize("days_ago", [1.0, 40.0, 200.0, 330.0])
def test_a_kettle_rests_for_a_year_and_its_filters_do_not(days_ago: float) -> None:
    assert shown(of((KETTLE, TODAY - days_ago, "purchase"))) == [FILTER, MILK, JUG]


def test_milk_is_back_in_time_and_a_filter_when_it_is_worn() -> None:
    cases = ((MILK, 1.0, False), (MILK, 3.5, True), (FILTER, 20.0, False), (FILTER, 60.0, True))
    for row, days_ago, is_shown in cases:
        assert (row in shown(of((row, TODAY - days_ago, "purchase")))) == is_shown, (row, days_ago)


def test_namesakes_rest_too_but_not_what_the_shopper_bought_on_two_days() -> None:
    shelf = worlds.catalog(
        ["Kettle", "Kettle", "Kettle"], categories=np.zeros(3, np.int32), category_paths=SHELF.category_paths
    )
    once = of((0, TODAY - 2, "purchase"))
    again = of((0, TODAY - 2, "purchase"), (1, TODAY - 90, "purchase"), (1, TODAY - 1, "purchase"))
    assert shown(once, shelf) == []
    assert shown(again, shelf) == [1]


def test_a_refund_brings_it_back_and_a_look_sends_nothing_away() -> None:
    assert KETTLE in shown(of((KETTLE, TODAY - 9, "purchase"), (KETTLE, TODAY - 2, "refund")))
    assert KETTLE in shown(of((KETTLE, TODAY - 1, "view"), (KETTLE, TODAY - 1, "add_to_cart")))


def test_searches_and_sorted_pages_hold_everything() -> None:
    bought = of((KETTLE, TODAY - 1, "purchase"))
    assert shown(bought, scene="search") == shown(bought, sort="price_asc") == [0, 1, 2, 3, 4]


def test_a_category_without_a_log_rests_as_the_one_above_it() -> None:
    days = rule().days
    assert days(("Kitchen", "Jugs")) == days(("Kitchen", "Bowls", "Deep")) == days(("Kitchen",))
    assert days(("Kitchen", "Filters")) < days(("Kitchen",)) < days(("Kitchen", "Kettles"))
    assert days(("Garden",)) == days(())


def test_products_of_a_catalogue_that_has_grown_are_known_by_their_category() -> None:
    grown = worlds.catalog(
        [*SHELF.titles, "Other kettle"],
        groups=np.array([0, 0, 2, 3, 4, 5], np.int32),
        categories=np.array([1, 1, 0, 2, 3, 1], np.int32),
        category_paths=[SHELF.category_paths[1], SHELF.category_paths[0], *SHELF.category_paths[2:]],
    )
    assert 5 not in shown(of((5, TODAY - 100, "purchase")), grown)
    assert FILTER in shown(of((FILTER, TODAY - 61, "purchase")), grown)
