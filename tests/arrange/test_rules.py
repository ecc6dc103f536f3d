"""Claims:

1. stock drops what cannot be bought, and deleted products always.
2. a page about a product offers neither it nor its variants.
3. what a shopper dismissed is not recommended, nor its variants and namesakes, but a search finds it.
4. variants and equal titles take one place, the best one: what this shopper buys most stands there, else the first.
5. a sorted page is in the order asked for, unknown values last; of variants the first by the sort stands.
6. diversity places by lambda * relevance - (1 - lambda) * likeness, and leaves a sorted page alone.
   Pages of any length, joined, are one long page. A product without a vector is like nothing.
7. what was just looked at lifts what is like it to fixed places.
8. every rule that did something says so in one line.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.arrange.arrange import arrange
from shopkeeper.portrait import Portrait
from shopkeeper.testing import worlds
from shopkeeper.types import Catalog, Filters, FloatArray, Ranked, Request, Scene, Sort


def ranked(*scores: float) -> Ranked:
    rows = np.arange(len(scores), dtype=np.int32)
    return Ranked(rows, np.array(scores, np.float32), rows.astype(np.int64), "test")


def page(name: str, order: Ranked, shelf: Catalog, **request: Any) -> tuple[list[int], str]:
    asked = Request(request_id="r", day=10.0, **{"scene": "home", **request})
    rule = plugins.load("rule", name)
    moved, note = rule(rule.Settings()).apply(order, asked, nobody(), shelf, None)
    return moved.rows.tolist(), note


def nobody(dismissed: int | None = None) -> Portrait:
    visits = [] if dismissed is None else [(0, dismissed, 9.0, "dismiss")]
    return worlds.portrait(worlds.interactions(visits, n_users=1), 0)


def test_stock_drops_what_cannot_be_bought() -> None:
    shelf = worlds.catalog(["a", "b", "c"], available=np.array([True, False, True]))
    assert page("stock", ranked(3, 2, 1), shelf) == ([0, 2], "1 not in stock")


def test_deleted_products_are_dropped_even_where_everything_is_asked_for() -> None:
    shelf = worlds.catalog(["a", "b"], available=np.zeros(2, bool), deleted=np.array([False, True]))
    assert page("stock", ranked(2, 1), shelf, filters=Filters(in_stock=False)) == ([0], "1 not in stock")


def test_a_page_about_a_product_offers_neither_it_nor_its_variants() -> None:
    shelf = worlds.catalog(["a", "a large", "b"], groups=np.array([7, 7, 8], np.int32))
    assert page("asked_about", ranked(3, 2, 1), shelf, seeds=np.array([0], np.int32)) == ([2], "2 already here")


def test_what_was_dismissed_is_not_recommended_but_a_search_finds_it() -> None:
    shelf, rule = worlds.catalog(["a", "b"]), plugins.load("rule", "dismissed")
    cases: tuple[tuple[Scene, list[int]], ...] = (("home", [1]), ("search", [0, 1]))
    for scene, rows in cases:
        asked = Request(request_id="r", day=10.0, scene=scene)
        kept, _ = rule(rule.Settings()).apply(ranked(2, 1), asked, nobody(dismissed=0), shelf, None)
        assert kept.rows.tolist() == rows


def test_with_what_was_dismissed_its_variants_and_namesakes_go() -> None:
    shelf = worlds.catalog(["Milk, 1 l", "Milk, 2 l", "Bread", "Milk, 1 l"], groups=np.array([5, 5, 6, 7], np.int32))
    rule = plugins.load("rule", "dismissed")
    kept, note = rule(rule.Settings()).apply(ranked(4, 3, 2, 1), ask_home(), nobody(dismissed=0), shelf, None)
    assert (kept.rows.tolist(), note) == ([2], "3 dismissed by the shopper")


def test_a_dismissal_ends() -> None:
    rule = plugins.load("rule", "dismissed")
    asked = Request(request_id="r", day=9.0 + 91, scene="home")
    kept, note = rule(rule.Settings()).apply(ranked(2, 1), asked, nobody(dismissed=0), worlds.catalog(["a", "b"]), None)
    assert (kept.rows.tolist(), note) == ([0, 1], "")


def test_variants_and_equal_titles_take_one_place() -> None:
    shelf = worlds.catalog(["Milk, 1 l", "Milk, 2 l", "Bread", "Bread"], groups=np.array([5, 5, 6, 7], np.int32))
    assert page("variants", ranked(4, 3, 2, 1), shelf) == ([0, 2], "2 variants collapsed")


@pytest.mark.parametrize(("per_group", "rows"), [(1, [2, 1, 5]), (2, [2, 1, 0, 5, 4])])
def test_the_variant_a_shopper_buys_most_takes_the_best_place(per_group: int, rows: list[int]) -> None:
    shelf = worlds.catalog(
        ["Milk", "Bread", "Milk, 1 l", "Milk, 2 l", "Tea", "Tea"], groups=np.array([5, 6, 5, 5, 7, 8], np.int32)
    )
    visits = [(0, 2, day, "purchase") for day in (1.0, 2.0, 3.0)] + [(0, 3, 4.0, "view"), (0, 5, 4.0, "purchase")]
    mine, rule = worlds.portrait(worlds.interactions(visits), 0), plugins.load("rule", "variants")
    made = rule(rule.Settings(per_group=per_group))
    order, _ = made.apply(ranked(6, 5, 4, 3, 2, 1), ask_home(), mine, shelf, None)
    assert order.rows.tolist() == rows
    assert order.scores.tolist() == [6 - row for row in rows] and order.index.tolist() == rows
    by_price = replace(ask_home(), sort="price_asc")
    assert made.apply(ranked(6, 5, 4, 3, 2, 1), by_price, mine, shelf, None)[0].rows.tolist()[0] == 0


def test_of_variants_the_one_that_an_earlier_page_showed_stands_for_all_and_is_not_shown_again() -> None:
    shelf = worlds.catalog(["Milk, 1 l", "Milk, 2 l", "Bread"], groups=np.array([5, 5, 6], np.int32))
    made = {"variants": plugins.load("rule", "variants")(plugins.load("rule", "variants").Settings())}
    asked = replace(ask_home(), shown=np.array([1], np.int32), offset=1)
    bought = worlds.portrait(worlds.interactions([(0, 0, day, "purchase") for day in (1.0, 2.0)]), 0)
    assert arrange(made, ranked(3, 2, 1), asked, bought, shelf, None)[0].rows.tolist() == [2]


def test_a_sorted_page_puts_unknown_prices_last() -> None:
    shelf = worlds.catalog(["a", "b", "c"], prices=np.array([3.0, np.nan, 1.0], np.float64))
    assert page("sort", ranked(3, 2, 1), shelf, sort="price_asc") == ([2, 0, 1], "sorted by price_asc")
    assert page("sort", ranked(3, 2, 1), shelf, sort="price_desc") == ([0, 2, 1], "sorted by price_desc")


def test_of_variants_the_cheapest_stands_where_the_cheapest_are_asked_for() -> None:
    prices = np.array([3.0, 2.0, 1.0])
    shelf = worlds.catalog(["Milk, 2 l", "Bread", "Milk, 1 l"], prices=prices, groups=np.array([5, 6, 5], np.int32))
    rules = {name: plugins.load("rule", name) for name in ("variants", "sort")}
    made = {name: rule(rule.Settings()) for name, rule in rules.items()}
    cases: tuple[tuple[Sort, list[int]], ...] = (("price_asc", [2, 1]), ("price_desc", [0, 1]), ("relevance", [0, 1]))
    for sort, rows in cases:
        asked = Request(request_id="r", day=10.0, scene="search", sort=sort)
        assert arrange(made, ranked(3, 2, 1), asked, nobody(), shelf, None)[0].rows.tolist() == rows


def test_newest_first_by_creation_day() -> None:
    shelf = worlds.catalog(["a", "b", "c"], created=np.array([1.0, np.nan, 5.0]))
    assert page("sort", ranked(3, 2, 1), shelf, sort="newest")[0] == [2, 0, 1]


def test_diversity_follows_its_formula() -> None:
    rule = plugins.load("rule", "diversity")
    vectors: FloatArray = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    asked = Request(request_id="r", day=10.0, scene="home")
    order, note = rule(rule.Settings(relevance=0.5)).apply(
        ranked(1.0, 0.9, 0.2), asked, nobody(), worlds.catalog(["a", "a again", "b"]), vectors
    )
    # after row 0: row 1 is worth .5 * (.7 / .8) - .5 * 1 < 0, row 2 is worth .5 * 0 - .5 * 0
    assert order.rows.tolist() == [0, 2, 1]
    assert note == "2 moved for variety"


@pytest.mark.parametrize("k", [1, 7, 12, 90])
def test_pages_joined_are_one_long_page(k: int) -> None:
    rule, n, draw = plugins.load("rule", "diversity"), 90, np.random.default_rng(5)
    vectors: FloatArray = draw.normal(size=(n, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = ranked(*np.sort(draw.random(n))[::-1])
    shelf, made = worlds.catalog([f"p{row}" for row in range(n)]), rule(rule.Settings(pool=30, relevance=0.3))

    def rows(offset: int, size: int) -> list[int]:
        asked = Request(request_id="r", day=10.0, scene="home", k=size, offset=offset)
        whole: list[int] = made.apply(order, asked, nobody(), shelf, vectors)[0].rows.tolist()
        return whole[offset : offset + size]

    joined = [row for offset in range(0, n, k) for row in rows(offset, k)]
    assert joined == rows(0, n)
    assert sorted(joined[:30]) == list(range(30))
    assert joined[:30] != list(range(30))
    assert joined[30:] == list(range(30, n))


def test_a_product_without_a_vector_is_like_nothing_and_the_others_keep_their_likeness() -> None:
    rule = plugins.load("rule", "diversity")
    vectors: FloatArray = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    asked = Request(request_id="r", day=10.0, scene="home")
    order, _ = rule(rule.Settings(relevance=0.5)).apply(
        ranked(1.0, 0.9, 0.2, 0.1), asked, nobody(), worlds.catalog(["a", "a again", "b", "new"]), vectors
    )
    assert order.rows.tolist() == [0, 2, 3, 1]


def test_a_sorted_page_is_not_diversified() -> None:
    shelf = worlds.catalog(["a", "b", "c"])
    assert page("diversity", ranked(3, 2, 1), shelf, sort="price_asc") == ([0, 1, 2], "")


def test_rules_run_in_their_places_and_say_what_they_did() -> None:
    shelf = worlds.catalog(["a", "a", "b"], available=np.array([False, True, True]))
    rules = {name: plugins.load("rule", name) for name in ("variants", "stock")}
    made = {name: rule(rule.Settings()) for name, rule in rules.items()}
    asked = Request(request_id="r", day=10.0, scene="home")
    order, fired = arrange(made, ranked(3, 2, 1), asked, nobody(), shelf, None)
    # had variants run first, it would have kept the copy that is out of stock
    assert order.rows.tolist() == [1, 2]
    assert fired == ("stock: 1 not in stock",)


def test_what_was_just_looked_at_lifts_what_is_like_it() -> None:
    rule = plugins.load("rule", "lately")
    shelf = worlds.catalog([f"p{row}" for row in range(8)], categories=np.array([0, 1, 1, 1, 1, 1, 0, 0], np.int32))
    shelf = replace(shelf, category_paths=[("A",), ("B",)])
    looking = worlds.portrait(worlds.interactions([], n_users=1), 0, session=[(0, "click", 9.9)])
    order, note = rule(rule.Settings()).apply(ranked(*range(8, 0, -1)), ask_home(), looking, shelf, None)
    # rows 6 and 7 share the category of row 0, which was looked at; they take places 1 and 4
    assert order.rows.tolist() == [0, 6, 1, 2, 7, 3, 4, 5]
    assert note == "2 lifted for the last look"


def test_without_a_look_nothing_is_lifted() -> None:
    assert page("lately", ranked(3, 2, 1), worlds.catalog(["a", "b", "c"])) == ([0, 1, 2], "")


def ask_home() -> Request:
    return Request(request_id="r", day=10.0, scene="home")
