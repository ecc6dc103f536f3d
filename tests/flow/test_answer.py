"""Claims:

1. a page comes for every scene, its items in the order of their positions, and its parts add up to the scores.
2. a search finds the words, also mistyped; a page about a product does not offer it.
3. filters hold on every item; a facet shows what could be chosen beside what is chosen in it.
4. a search counts all matches and says how many of them can be paged to; past these a page is empty.
5. a page is logged with ids, propensities and feature values; a shop open for reading only logs nothing.
6. a shop that has not learnt says so.
7. the taught ranker orders the home page of a shopper with a history; somebody it cannot know gets what many buy.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.errors import NoVersion, UnknownProduct
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.shop import Shop
from shopkeeper.testing.shops import small_shop
from shopkeeper.types import SCENES, Filters, Page, Scene


def titles(page: Page, shop: Shop) -> list[str]:
    return [shop.catalog.titles[item.row] for item in page.items]


@pytest.mark.parametrize("scene", SCENES)
def test_a_page_comes_for_every_scene_and_its_parts_add_up(shop: Shop, scene: Scene) -> None:
    seeds = ("DA0A",) if scene in {"similar", "together", "cart"} else ()
    page = answer(ask(shop, scene=scene, user_id="u7", query="butter", product_ids=seeds, k=5), shop)
    assert page.items and page.late == ()
    assert [item.position for item in page.items] == list(range(len(page.items)))
    for item in page.items:
        assert sum(child.value for child in item.explanation.children) == pytest.approx(item.score, abs=1e-4)
        assert item.sentence


def test_the_taught_ranker_orders_the_page_of_a_shopper_with_a_history_alone(shop: Shop) -> None:
    assert answer(ask(shop, scene="home", user_id="u7"), shop).ranker == "lambdarank"
    stranger = answer(ask(shop, scene="home"), shop)
    assert stranger.ranker == "fused" and {item.sentence for item in stranger.items} == {
        "Many people are buying it now."
    }


def test_a_search_finds_the_words_also_mistyped(shop: Shop) -> None:
    right = titles(answer(ask(shop, scene="search", query="green tea"), shop), shop)
    wrong = answer(ask(shop, scene="search", query="gren tea"), shop)
    assert right[0].endswith("green tea, 20 ct")
    assert (wrong.intent.correction, titles(wrong, shop)) == ("green tea", right)


@pytest.mark.parametrize("query", ["", "  "])
def test_a_search_without_words_says_nothing_of_words(shop: Shop, query: str) -> None:
    plain = answer(ask(shop, scene="search", query=query), shop)
    assert plain.items and {item.sentence for item in plain.items} <= {
        "It is bought often in this shop.",
        "It is on the shelf of this shop.",
    }
    assert plain.items[0].sentence == "It is bought often in this shop."
    filters = Filters(departments=("Dairy",))
    narrowed = answer(ask(shop, scene="search", query=query, filters=filters, sort="price_asc", language="zh"), shop)
    assert {item.sentence for item in narrowed.items} <= {"它在本店经常有人买。", "它符合您选的筛选条件。"}


def test_a_page_about_a_product_does_not_offer_it(shop: Shop) -> None:
    page = answer(ask(shop, scene="similar", product_ids=["DA0A"], k=50), shop)
    assert shop.catalog.row_of["DA0A"] not in {item.row for item in page.items}


def test_filters_hold_on_every_item(shop: Shop) -> None:
    filters = Filters(departments=("Dairy",), brands=("Birch",), price_max=3.0)
    page = answer(ask(shop, scene="search", query="organic milk", filters=filters), shop)
    assert page.items
    for item in page.items:
        product = shop.folder.products.get_row(item.row)
        assert (product.category[0], product.brand) == ("Dairy", "Birch")
        assert product.price is not None and product.price <= 3.0


def test_a_brand_can_be_added_or_changed_once_one_is_chosen(shop: Shop) -> None:
    every = answer(ask(shop, scene="search", query="milk"), shop).facets
    chosen = Filters(brands=("Birch",), departments=("Dairy",))
    page = answer(ask(shop, scene="search", query="milk", filters=chosen), shop)
    assert page.facets["brand"] == every["brand"] == {"Alder": 1, "Birch": 1, "Cedar": 1}
    assert page.facets["department"] == {"Dairy": 1}  # of the brand alone


def test_the_second_page_goes_on_where_the_first_ended(shop: Shop) -> None:
    both = answer(ask(shop, scene="search", query="butter", k=4), shop)
    second = answer(ask(shop, scene="search", query="butter", k=2, offset=2), shop)
    assert [item.row for item in both.items[2:]] == [item.row for item in second.items]
    assert second.items[0].position == 2


def test_a_search_counts_all_matches_and_ends_where_the_candidates_do(shop: Shop) -> None:
    shop.plan = replace(shop.plan, keep=10)
    asked = [answer(ask(shop, scene="search", query="birch", offset=offset, k=4), shop) for offset in (0, 8, 12, 5000)]
    assert [(page.total, page.reachable) for page in asked] == [(20, 10)] * 4
    assert sum(asked[0].facets["brand"].values()) == 20
    assert [len(page.items) for page in asked] == [4, 2, 0, 0]
    narrowed = answer(ask(shop, scene="search", query="birch", filters=Filters(departments=("Dairy",))), shop)
    assert narrowed.total == 4 <= narrowed.reachable
    home = answer(ask(shop, scene="home", user_id="u7", k=4), shop)
    assert home.total == home.reachable > 4


def test_a_page_is_logged_with_what_decided_it(shop: Shop) -> None:
    page = answer(ask(shop, scene="home", user_id="u3", session_id="s1", k=3), shop)
    exposure = shop.folder.exposures.get(page.request_id)
    assert exposure is not None
    assert (exposure.user_id, exposure.session_id, exposure.propensities) == ("u3", "s1", (1.0, 1.0, 1.0))
    assert exposure.product_ids == tuple(shop.catalog.product_ids[item.row] for item in page.items)
    assert exposure.features.shape == (3, len(exposure.feature_names))
    assert np.isfinite(exposure.features).any()


def test_a_shop_open_for_reading_logs_nothing(shop_folder: Path) -> None:
    with open_shop(shop_folder, writable=False) as shop:
        page = answer(ask(shop, scene="home", user_id="u3"), shop)
        assert page.items and shop.folder.exposures.get(page.request_id) is None


def test_a_shop_that_has_not_learnt_says_so(tmp_path: Path) -> None:
    with (
        open_shop(small_shop(tmp_path / "young", learnt=False)) as shop,
        pytest.raises(NoVersion, match=r"young has not learnt yet\. Run: shopkeeper learn .*young"),
    ):
        answer(ask(shop, scene="home"), shop)


def test_an_unknown_seed_is_named(shop: Shop) -> None:
    with pytest.raises(UnknownProduct, match="no product 'nope' in shop 'small'"):
        ask(shop, scene="similar", product_ids=["nope"])
