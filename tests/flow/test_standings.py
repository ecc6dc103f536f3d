"""Claims, in the small shop:

1. best-selling: purchases less refunds, each fading by half in thirty days; a purchase counts at once and after a
   restart, a guest's too, and once where the guest logs in later. Who is erased has bought nothing.
2. rating: the mean of a product's stars and ten at the mean of all, so that one five is no proof; unrated comes last; a
   shopper's latest rating of a product counts, what is not between one and five does not. One who is erased rated
   nothing since the version.
3. attributes that say a rating, and by how many, count like ratings.
4. both sort searches and pages without words, also among filters; the command line and the storefront know them.
"""

import time
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.attributes import Attributes
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.observe import observe
from shopkeeper.flow.shop import Shop
from shopkeeper.flow.standings import HALF_LIFE_DAYS, USUAL, Standings
from shopkeeper.ports import Past
from shopkeeper.testing import worlds
from shopkeeper.types import Action, Event, Filters, FloatArray, Sort

NOBODY = Past(
    np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int8), np.empty(0), np.empty(0, np.float32), []
)
MILK = ["DA0A", "DA0B", "DA0C"]


def event(name: str, product_id: str, action: Action, value: float | None = None, user: str = "u1") -> Event:
    return Event(event_id=name, timestamp=time.time(), action=action, user_id=user, product_id=product_id, value=value)


def stars(product_id: str, *values: float, user: str = "v") -> list[Event]:
    return [
        event(f"{product_id}-{user}{n}-{value}", product_id, "rate", value, f"u{n}") for n, value in enumerate(values)
    ]


def sorted_by(shop: Shop, sort: Sort, query: str = "whole milk", brand: str = "") -> list[str]:
    filters = Filters(brands=(brand,)) if brand else Filters()
    page = answer(ask(shop, scene="search", query=query, sort=sort, filters=filters), shop)
    return [shop.catalog.product_ids[item.row] for item in page.items]


def test_sales_fade_and_refunds_are_taken_off() -> None:
    shelf = worlds.catalog(["a", "b", "c", "d"])
    log = worlds.interactions(
        [
            (0, 0, 100 - HALF_LIFE_DAYS, "purchase"),
            (0, 1, 100.0, "purchase"),
            (1, 1, 99.0, "click"),
            (0, 2, 100.0, "purchase"),
            (0, 2, 100.0, "refund"),
        ]
    )
    order = Standings(log, NOBODY, 4).order("best_selling", shelf)
    assert order is not None
    assert order.tolist() == pytest.approx([0.5, 1.0, 0.0, 0.0])
    assert Standings(log, NOBODY, 4).order("newest", shelf) is None


def test_ratings_stand_beside_ten_at_the_mean_and_attributes_count() -> None:
    said = [{"Rating": "4.5", "Reviews": "20"}, {"rating": "5"}, {"rating": "excellent"}, {"rating": "9"}]
    shelf = worlds.catalog(["a", "b", "c", "d"], attributes=Attributes.of(said))
    standings = Standings(worlds.interactions([]), NOBODY, 4)
    standings.know(np.array([0.0, 0.0, 4.0]), np.array([0.0, 0.0, 2.0]), [])
    mean = (4.5 * 20 + 5 + 4) / 23
    order = standings.order("rating", shelf)
    assert order is not None
    expected = [(90 + USUAL * mean) / 30, (5 + USUAL * mean) / 11, (4 + USUAL * mean) / 12]
    assert order[:3].tolist() == pytest.approx(expected)
    assert np.isnan(order[3])
    standings.see(9, event("new", "new", "rate", 5.0))
    again = standings.order("rating", shelf)
    assert again is not None
    assert again[:3].tolist() == pytest.approx(expected)


def test_a_purchase_changes_the_order_at_once_and_after_a_restart(shop_folder: Path) -> None:
    with open_shop(shop_folder) as shop:
        first = sorted_by(shop, "best_selling")
        assert set(first) == set(MILK)
        many = [event(f"p{n}", first[-1], "purchase", user=f"u{n % 9}") for n in range(200)]
        observe(many, shop)
        assert sorted_by(shop, "best_selling")[0] == first[-1]
        assert sorted_by(shop, "best_selling", brand="Alder") == ["DA0A"]
        assert sorted_by(shop, "best_selling", query="")[0] == first[-1]
        after = sorted_by(shop, "best_selling", query="")
    with open_shop(shop_folder) as again:
        assert sorted_by(again, "best_selling", query="") == after


def test_what_guests_bought_counts_and_what_the_erased_bought_does_not(shop_folder: Path) -> None:
    def sold(shop: Shop) -> FloatArray:
        order = shop.standings.order("best_selling", shop.catalog)
        assert order is not None
        return order

    now = time.time() - 60.0
    guests = [
        Event(event_id=f"g{n}", timestamp=now, action="purchase", session_id=f"s{n}", product_id="DA0B")
        for n in range(200)
    ]
    theirs = [event(f"n{n}", "DA0C", "purchase", user="new") for n in range(300)]
    back = [event(f"r{n}", "DA0A", "refund", user="u1") for n in range(400)]
    login = Event(event_id="in", timestamp=now + 1, action="view", user_id="new", session_id="s7", product_id="DA0A")
    with open_shop(shop_folder) as shop:
        observe([*guests, *back, login], shop)
        before = sold(shop)
        assert before[shop.row("DA0B")] == 1.0 and before[shop.row("DA0A")] == 0.0
        observe(theirs, shop)
        assert sold(shop)[shop.row("DA0C")] == 1.0
        everybody = sold(shop)
    with open_shop(shop_folder) as again:
        np.testing.assert_allclose(sold(again), everybody, rtol=1e-6)
        again.erase("new")
        assert sold(again)[again.row("DA0C")] < 0.5
        erased = sold(again)
    with open_shop(shop_folder) as later:
        np.testing.assert_allclose(sold(later), erased, rtol=1e-6)


def test_ratings_sort_at_once_after_a_restart_and_from_the_next_version(shop_folder: Path) -> None:
    given = [*stars("DA0A", 2.0, 2.0), *stars("DA0C", *[4.0] * 9), *stars("DA0B", 5.0, 99.0)]
    with open_shop(shop_folder) as shop:
        observe(given, shop)
        assert sorted_by(shop, "rating") == ["DA0C", "DA0B", "DA0A"]
        assert sorted_by(shop, "rating", query="")[:3] == ["DA0C", "DA0B", "DA0A"]
    with open_shop(shop_folder) as again:
        assert sorted_by(again, "rating") == ["DA0C", "DA0B", "DA0A"]
        observe(stars("DA0C", *[1.0] * 9, user="again"), again)
    learn(shop_folder)
    with open_shop(shop_folder) as newer:
        assert sorted_by(newer, "rating") == ["DA0B", "DA0A", "DA0C"]


def test_a_shopper_rates_a_product_once_and_an_erased_one_not_at_all(shop_folder: Path) -> None:
    many = [event(f"again{n}", "DA0A", "rate", 5.0, "fond") for n in range(50)]
    with open_shop(shop_folder) as shop:
        observe([*stars("DA0C", *[4.0] * 9), *stars("DA0B", *[2.0] * 9)], shop)
        before = shop.standings.order("rating", shop.catalog)
        observe(many, shop)
        rated = shop.standings.order("rating", shop.catalog)
        mean = (4 * 9 + 2 * 9 + 5) / 19
        assert rated is not None
        assert rated[shop.row("DA0A")] == pytest.approx((5 + USUAL * mean) / (1 + USUAL))
        assert sorted_by(shop, "rating")[0] == "DA0C"
    with open_shop(shop_folder) as again:
        np.testing.assert_array_equal(again.standings.order("rating", again.catalog), rated)
        again.erase("fond")
        np.testing.assert_array_equal(again.standings.order("rating", again.catalog), before)
