"""Claims:

1. A page whose products are what was asked for says nothing of how it came about.
2. Where no product has every word, the page says the most words that one shown has, and which none of them has.
3. What is less near in meaning is offered where nothing else is found: to real words, and behind no chosen filter.
4. A page that no word found says that it is by meaning; so does one whose filters gave way.
5. A search that finds nothing has no products and a total of 0; what others buy stands beside it, a page with its own
   id, in the likeliest department where there is one. Further pages, and pages without words, have none; nor has one
   inside filters and rules that leave nothing. What a rule pins is not found.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.instead import answer_or_instead, likely_in
from shopkeeper.flow.relax import is_real, lenient
from shopkeeper.flow.shop import Shop
from shopkeeper.recall.gather import Plan, gather
from shopkeeper.recall.sources.lexical import Lexical
from shopkeeper.recall.sources.semantic import Semantic
from shopkeeper.testing import worlds
from shopkeeper.testing.shops import small_shop
from shopkeeper.types import Filters, FloatArray, Intent, Page, Request
from shopkeeper.understood import Relaxed

TITLES = ("Table lamp", "Floor lamp", "Office chair")
NEAR, FAR = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
BETWEEN = np.array([0.3, np.sqrt(1 - 0.09)], np.float32)  # below the bar of meaning, above the lower one
PIN = '[[rules]]\nname = "first"\npin = [{ product = "DA0A", place = 1 }]\nwhen = { scenes = ["search"] }\n'
HIDDEN = '[[rules]]\nname = "gone"\nhide = [{ categories = [*] }]\n'
SOURCES: dict[str, Any] = {"lexical": Lexical(Lexical.Settings()), "semantic": Semantic(Semantic.Settings())}
for source in SOURCES.values():
    source.fit(worlds.snapshot(worlds.catalog(TITLES), [], 10.0, np.stack([NEAR, -FAR, -NEAR])))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(small_shop(tmp_path_factory.mktemp("relax") / "shop"), patient=True) as opened:
        yield opened


def page_of(shop: Shop, query: str, **asked: object) -> Page:
    # what a test names is what the request takes
    return answer_or_instead(ask(shop, scene="search", query=query, **asked), shop)  # type: ignore[arg-type]


@pytest.mark.parametrize("query", ["butter", "butter croissant", "DA0A", ""])
def test_what_is_all_that_was_asked_for_says_nothing(shop: Shop, query: str) -> None:
    page = page_of(shop, query)
    assert page.items and (page.relaxed, page.instead) == (None, None)


@pytest.mark.parametrize(
    ("query", "shown", "dropped"),
    [
        ("butter shoes", "butter", ("shoes",)),
        ("waterproof butter for shoes", "butter", ("waterproof", "shoes")),
        ("white rye bread", "rye bread", ()),  # or white bread: no product is both
    ],
)
def test_a_page_in_part_says_which_words_it_has(shop: Shop, query: str, shown: str, dropped: tuple[str, ...]) -> None:
    assert page_of(shop, query, k=20).relaxed == Relaxed(("words",), shown, dropped)


def found_by(vector: FloatArray, word: str, filters: Filters | None = None) -> list[int]:
    request = Request(request_id="", scene="search", day=10.0, query=word, filters=filters or Filters())
    batch = worlds.ask(request, None, Intent(query=word, tokens=(word,), vector=vector))
    first = gather(SOURCES, batch, Plan())
    assert not len(first.candidates.rows)
    rows: list[int] = lenient(SOURCES, batch, Plan(), first).candidates.rows.tolist()
    return rows


def test_what_is_less_near_is_offered_where_nothing_else_is_found() -> None:
    assert found_by(BETWEEN, "lantern") == [0]
    assert found_by(BETWEEN, "灯笼") == [0]
    assert found_by(np.array([0.2, np.sqrt(1 - 0.04)], np.float32), "lantern") == []


def test_keys_struck_at_random_and_chosen_filters_find_nothing_less_near() -> None:
    assert found_by(BETWEEN, "xqzkvb") == []
    assert found_by(BETWEEN, "lantern", Filters(brands=("Alder",))) == []


def test_words_are_real_that_are_chinese_or_everyday_english() -> None:
    assert is_real(Intent(tokens=("lantern", "xqzkvb"))) and is_real(Intent(tokens=("灯",)))
    assert not is_real(Intent(tokens=("xqzkvb",))) and not is_real(Intent())
    assert not is_real(Intent(tokens=("灯", "b00x4whp5e"), is_code=True))


def by_meaning(shop: Shop, monkeypatch: pytest.MonkeyPatch, vector: FloatArray) -> None:
    """From now on the shop has a sense of meaning: its first department lies one way, the others another."""
    semantic: Any = Semantic(Semantic.Settings())
    vectors = np.where((shop.catalog.departments == 0)[:, None], NEAR, -NEAR)
    semantic.fit(worlds.snapshot(shop.catalog, [], 10.0, vectors))
    trained = shop.trained
    monkeypatch.setattr(shop, "_trained", replace(trained, sources={**trained.sources, "semantic": semantic}))
    plain = trained.understanding.understand
    monkeypatch.setattr(trained.understanding, "understand", lambda query, *_: replace(plain(query), vector=vector))


def test_a_page_that_no_word_found_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    by_meaning(shop, monkeypatch, BETWEEN)
    page = page_of(shop, "lantern")
    assert page.relaxed == Relaxed(("meaning",))
    assert {int(shop.catalog.departments[item.row]) for item in page.items} == {0}


def test_filters_that_gave_way_are_said(shop: Shop) -> None:
    page = page_of(shop, "butter under 0.01")
    assert page.items and page.relaxed == Relaxed(("filters",))


@pytest.mark.parametrize("query", ["xqzkvb", "?!", "灯笼"])
def test_a_search_that_finds_nothing_says_so_and_what_others_buy_stands_apart(shop: Shop, query: str) -> None:
    page = page_of(shop, query)
    assert (page.items, page.total, page.reachable, page.relaxed) == ((), 0, 0, Relaxed(("popular",)))
    assert page.instead is not None and len(page.instead.items) == 12
    shop.folder.exposures.flush()
    logged = shop.folder.exposures.get(page.instead.request_id)
    assert logged is not None and (logged.scene, logged.query) == ("trending", "")
    assert page.instead.request_id != page.request_id


@pytest.mark.parametrize("query", ["xqzkvb", "灯笼"])
def test_what_is_pinned_is_not_found(shop: Shop, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    monkeypatch.setattr(shop.hand, "now", lambda: shop.hand.checked(PIN))
    page = page_of(shop, query)
    assert [shop.catalog.product_ids[item.row] for item in page.items] == ["DA0A"]
    assert (page.total, page.relaxed) == (0, Relaxed(("popular",))) and page.instead is not None
    found = page_of(shop, "DA0A")
    assert found.total and (found.relaxed, found.instead) == (None, None)
    assert page_of(shop, "butter shoes", k=2).relaxed == Relaxed(("words",), "butter", ("shoes",))
    alone = page_of(shop, "whole shoes bread", k=1)
    assert alone.relaxed is not None and "whole" in alone.relaxed.dropped


def test_where_nobody_bought_anything_nothing_stands_in(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in (page_of(shop, "xqzkvb", filters=Filters(brands=("nobrand",))), _hidden(shop, monkeypatch)):
        assert (page.items, page.total, page.relaxed, page.instead) == ((), 0, None, None)


def test_a_department_where_nobody_bought_anything_gives_way(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    by_meaning(shop, monkeypatch, np.array([0.2, np.sqrt(1 - 0.04)], np.float32))
    monkeypatch.setattr(shop.hand, "now", lambda: shop.hand.checked(HIDDEN.replace("*", '"Dairy"')))
    page = page_of(shop, "lantern")
    assert page.relaxed == Relaxed(("popular",)) and page.instead is not None and page.instead.items


def _hidden(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Page:
    every = ", ".join(f'"{name}"' for name in shop.catalog.department_names)
    monkeypatch.setattr(shop.hand, "now", lambda: shop.hand.checked(HIDDEN.replace("*", every)))
    return page_of(shop, "xqzkvb")


def test_what_others_buy_is_of_the_likeliest_department(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    by_meaning(shop, monkeypatch, np.array([0.2, np.sqrt(1 - 0.04)], np.float32))
    page = page_of(shop, "lantern")
    assert page.relaxed == Relaxed(("popular",), "Dairy") and page.instead is not None
    assert {int(shop.catalog.departments[item.row]) for item in page.instead.items} == {0}
    assert likely_in(shop, Intent(query="xqzkvb", tokens=("xqzkvb",), vector=NEAR)) == ""


def test_further_pages_and_chosen_filters_are_left_as_they_are(shop: Shop) -> None:
    assert page_of(shop, "xqzkvb", offset=12).instead is None
    page = page_of(shop, "butter", filters=Filters(departments=("Drinks",)))
    assert page.total == 0 and page.instead is not None
    assert {shop.catalog.department_names[shop.catalog.departments[item.row]] for item in page.instead.items} == {
        "Drinks"
    }
    plain = answer(ask(shop, scene="search", query="xqzkvb"), shop)
    assert (plain.relaxed, plain.instead) == (None, None)
