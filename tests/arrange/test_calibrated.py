"""Claims:

1. The first candidates stand by (1 - weight) * relevance + weight * what each adds to the page's calibration.
2. Taking the best addition first is the best page of its size: no other page has more.
3. With all weight on it a page holds the shares of the shopper's purchases.
4. It is silent for somebody hardly known, for searches and sorted pages; pages joined are one long page.
"""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.arrange.rules.calibrated import TINY, divergence
from shopkeeper.portrait import Portrait
from shopkeeper.testing import worlds
from shopkeeper.types import Ranked, Request

N = 12
SHELF = worlds.catalog(
    [f"p{row}" for row in range(N)],
    categories=np.array([0] * 6 + [1] * 3 + [2] * 3, np.int32),
    category_paths=[("Tea", "Green"), ("Milk", "Whole"), ("Soap", "Bar")],
)
ASKED = Request(request_id="r", scene="home", day=10.0)


def rule(**settings: Any) -> Any:
    kind = plugins.load("rule", "calibrated")
    return kind(kind.Settings(**settings))


def bought(*rows: int) -> Portrait:
    return worlds.portrait(worlds.interactions([(0, row, 10.0, "purchase") for row in rows]), 0)


def ranked() -> Ranked:
    rows = np.arange(N, dtype=np.int32)
    return Ranked(rows, np.linspace(1, 0, N, dtype=np.float32), rows.astype(np.int64), "test")


THREE_TO_ONE = bought(*[0] * 9, *[6] * 3)  # three quarters tea, a quarter milk


def test_it_follows_its_formula() -> None:
    made = rule(weight=0.5, places=4)
    order, note = made.apply(ranked(), ASKED, THREE_TO_ONE, SHELF, None)

    def adds(share: float, held: int) -> float:
        q = [(1 - TINY) * n / 4 + TINY * share for n in (held, held + 1)]
        return share * float(np.log(q[1] / q[0]))

    places = [*range(6), *range(3), *range(3)]
    shares = [0.75] * 6 + [0.25] * 3 + [0.0] * 3
    gains = [adds(share, held) if share else 0.0 for share, held in zip(shares, places, strict=True)]
    value = 0.5 * np.linspace(1, 0, N) + 0.5 * np.array(gains)
    assert order.rows.tolist() == np.argsort(-value, kind="stable").tolist()
    assert note.endswith("moved towards the shopper's own categories")


def test_no_other_page_of_its_size_is_worth_more() -> None:
    weight, size = 0.4, 4
    page = rule(weight=weight, places=size).apply(ranked(), ASKED, THREE_TO_ONE, SHELF, None)[0].rows[:size]
    relevance, shares = np.linspace(1, 0, N), np.array([0.75, 0.25, 0.0])

    def worth(rows: Any) -> float:
        counts = np.bincount(SHELF.categories[list(rows)], minlength=3)
        return (1 - weight) * float(relevance[list(rows)].sum()) - weight * divergence(shares, counts)

    best = max(combinations(range(N), size), key=worth)
    assert worth(page.tolist()) == pytest.approx(worth(best))


def test_with_all_weight_a_page_holds_the_shoppers_shares() -> None:
    page = rule(weight=1.0, places=4).apply(ranked(), ASKED, THREE_TO_ONE, SHELF, None)[0].rows[:4]
    assert np.bincount(SHELF.categories[page], minlength=3).tolist() == [3, 1, 0]
    assert divergence(np.array([0.75, 0.25, 0]), np.array([3, 1, 0])) == pytest.approx(0.0)


def test_level_says_how_deep_categories_are_told_apart() -> None:
    paths = [("Food", "Tea"), ("Food", "Milk"), ("Soap",)]
    alike = replace(SHELF, category_paths=paths)
    soap_only = bought(*[9] * 12)
    assert rule(weight=1.0).apply(ranked(), ASKED, soap_only, alike, None)[0].rows[:3].tolist() == [9, 10, 11]
    tea_only = rule(weight=1.0, level=2).apply(ranked(), ASKED, bought(*[0] * 12), alike, None)[0]
    assert tea_only.rows.tolist() == ranked().rows.tolist()


def test_it_is_silent_for_strangers_searches_and_sorted_pages() -> None:
    cases = [
        (ASKED, bought(*[9] * 9)),
        (replace(ASKED, scene="search"), THREE_TO_ONE),
        (replace(ASKED, sort="price_asc"), THREE_TO_ONE),
    ]
    for asked, who in cases:
        order, note = rule(weight=1.0).apply(ranked(), asked, who, SHELF, None)
        assert order.rows.tolist() == ranked().rows.tolist() and not note


def test_pages_joined_are_one_long_page() -> None:
    made = rule(weight=0.5, places=4)
    pages = [replace(ASKED, k=k, offset=offset) for k, offset in ((12, 0), (3, 0), (3, 3), (5, 6))]
    orders = [made.apply(ranked(), page, THREE_TO_ONE, SHELF, None)[0].rows.tolist() for page in pages]
    assert all(order == orders[0] for order in orders)
