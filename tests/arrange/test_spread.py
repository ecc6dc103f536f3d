"""Claims:

1. Of one brand at most so many stand among so many places; what is over waits, in its order, and nothing is lost.
2. Products without a brand, a page filtered by brand, and places that nothing else can fill are left as they are.
3. Among so many places each third of its department's prices stands, lifted into the last places that can be spared.
4. Where prices are asked for, unknown or all of one third's reach, nothing is lifted.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.arrange.rules.price_spread import thirds
from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.testing import worlds
from shopkeeper.types import Catalog, Filters, Ranked, Request

ASKED = Request(request_id="r", scene="home", day=10.0)


def arranged(name: str, shelf: Catalog, asked: Request = ASKED, **settings: Any) -> tuple[list[int], str]:
    kind = plugins.load("rule", name)
    rows = np.arange(len(shelf), dtype=np.int32)
    ranked = Ranked(rows, np.linspace(1, 0, len(rows), dtype=np.float32), rows.astype(np.int64), "test")
    order, note = kind(kind.Settings(**settings)).apply(ranked, asked, NO_PORTRAIT, shelf, None)
    assert sorted(order.rows.tolist()) == rows.tolist() and order.index.tolist() == order.rows.tolist()
    assert bool(note) == (order.rows.tolist() != rows.tolist())
    return order.rows.tolist(), note


def branded(brands: str) -> Catalog:
    return worlds.catalog(list(brands), brands=[brand.strip() for brand in brands])


def test_at_most_so_many_of_a_brand_stand_among_so_many_places() -> None:
    rows, note = arranged("per_brand", branded("AAAABAACB"), most=2, places=4)
    assert rows == [0, 1, 4, 7, 2, 3, 8, 5, 6]
    assert note == "7 moved: at most 2 of a brand"


def test_what_no_other_brand_can_fill_is_filled_and_no_brand_is_no_brand() -> None:
    assert arranged("per_brand", branded("AAAB"), most=1, places=3)[0] == [0, 3, 1, 2]
    assert arranged("per_brand", branded("    "), most=1, places=3) == ([0, 1, 2, 3], "")


def test_who_filters_by_brand_or_searches_is_left_alone() -> None:
    shelf = branded("AAAB")
    for asked in (replace(ASKED, filters=Filters(brands=("A",))), replace(ASKED, scene="search")):
        assert arranged("per_brand", shelf, asked, most=1, places=3)[1] == ""
    assert arranged("per_brand", shelf, replace(ASKED, scene="search"), most=1, places=3, searches=True)[1]


def priced(prices: list[float], departments: list[int] | None = None) -> Catalog:
    where = np.zeros(len(prices), np.int32) if departments is None else np.array(departments, np.int32)
    return worlds.catalog([str(price) for price in prices], prices=np.array(prices, np.float64), departments=where)


def test_thirds_are_of_the_own_department() -> None:
    prices = np.array([1, 2, 3, 100, 200, 300, np.nan, 0, 5])
    departments = np.array([0, 0, 0, 1, 1, 1, 0, 0, 2], np.int32)
    assert thirds(prices, departments).tolist() == [0, 1, 2, 0, 1, 2, -1, -1, -1]  # one price alone has no thirds


def test_the_third_that_is_missing_is_lifted_into_the_last_place_to_spare() -> None:
    rows, note = arranged("price_spread", priced([1, 2, 4, 3, 9, 8, 7, 6, 5]), places=3)
    # the thirds of prices: 1 2 3 cheap, 4 5 6, 7 8 9 dear. Place 1 gives way to the first dear one; then in its turn
    assert rows[:3] == [0, 2, 4] and note
    assert rows[3:6] == [1, 5, 7]


def test_where_prices_are_asked_for_or_unknown_nothing_is_lifted() -> None:
    prices = [1.0, 2.0, 3.0, 9.0, 8.0, 7.0]
    assert arranged("price_spread", priced(prices), places=3)[1]
    asked = replace(ASKED, filters=Filters(price_max=10.0))
    for shelf, request in ((priced(prices), asked), (priced([float("nan")] * 6), ASKED), (priced(prices[:3]), ASKED)):
        assert arranged("price_spread", shelf, request, places=3) == (list(range(len(shelf))), "")


@pytest.mark.parametrize("name", ["per_brand", "price_spread"])
def test_pages_joined_are_one_long_page(name: str) -> None:
    draw = np.random.default_rng(3)
    shelf = replace(priced(draw.random(60).tolist()), brands=[str(each) for each in draw.integers(0, 3, 60)])
    pages = [replace(ASKED, k=k, offset=offset) for k, offset in ((60, 0), (7, 0), (7, 7), (24, 24))]
    orders = [arranged(name, shelf, page)[0] for page in pages]
    assert all(order == orders[0] for order in orders)
