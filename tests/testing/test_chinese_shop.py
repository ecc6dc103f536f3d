"""Claims:

1. The invented Chinese shop has a few thousand products of many kinds, the same for the same seed.
2. Every product says its brand and its kind in Chinese, has a path of three, a price of its shelf and attributes.
3. Its purchases are of its own products, and some are bought far more often than others.
4. A page of zero results counts as what it is: whole, in part, popular things alone, or empty.
"""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.zero_results import ending, queries_of
from shopkeeper.store.folder import open_folder
from shopkeeper.testing.chinese_shop import SETTINGS, chinese_shop, products, purchases
from shopkeeper.text import has_han
from shopkeeper.types import Explanation as Part
from shopkeeper.types import Intent, Item, Page
from shopkeeper.understood import Relaxed

SHELF = products()


def test_a_few_thousand_products_of_many_kinds_are_the_same_for_the_same_seed() -> None:
    assert 3000 < len(SHELF) < 6000
    assert products() == SHELF and products(1) != SHELF
    assert len({product.category for product in SHELF}) > 1500
    assert len({product.product_id for product in SHELF}) == len(SHELF)


def test_every_product_says_what_it_is() -> None:
    for product in SHELF:
        department, _, kind = product.category
        assert has_han(department) and product.title.startswith(product.brand) and kind in product.title
        assert product.price is not None and 1 <= product.price <= 10_000
        assert product.attributes and all(value in product.title for value in product.attributes.values())


def test_some_are_bought_far_more_often_than_others() -> None:
    bought = Counter(event.product_id for event in purchases(SHELF, 1e9))
    assert set(bought) <= {product.product_id for product in SHELF}
    assert bought.most_common(1)[0][1] > 10 * sorted(bought.values())[len(bought) // 2]


def test_the_shop_opens(tmp_path: Path) -> None:
    with open_folder(chinese_shop(tmp_path / "shop", settings=SETTINGS), writable=False) as folder:
        assert len(folder.products.catalog()) == len(SHELF)
        assert folder.settings.shop.currency == "CNY"


@pytest.mark.parametrize(
    ("shows", "relaxed", "beside", "said"),
    [
        (True, None, False, "whole"),
        (True, Relaxed(("words",)), False, "in_part"),
        (False, Relaxed(("popular",)), True, "only_popular"),
        (False, Relaxed(("popular",)), False, "empty"),
        (False, None, False, "empty"),
    ],
)
def test_a_search_is_counted_as_what_it_ended_in(shows: bool, relaxed: Relaxed | None, beside: bool, said: str) -> None:
    items = (Item(0, 0, 1.0, 1.0, Part("score", 1.0)),)
    other = page(items if beside else (), None, None)
    assert ending(page(items if shows else (), relaxed, other)) == said


def page(items: tuple[Item, ...], relaxed: Relaxed | None, instead: Page | None) -> Page:
    return Page(
        request_id="r",
        scene="search",
        items=items,
        total=len(items),
        reachable=len(items),
        intent=Intent(),
        facets={},
        relaxed=relaxed,
        instead=instead,
    )


def test_each_query_of_the_ratings_is_asked_once() -> None:
    assert queries_of(["query,product_id,rating", "tv,1,3", "tv,2,0", "radio,1,0"]) == ["tv", "radio"]
