"""Claims:

1. what a shopper searched, then what they bought, stands before other completions, the latest first, for them alone.
2. a session of nobody in particular has its own searches.
3. the setting switches it off, and an erased shopper leaves nothing behind.
4. what is gone from the shelf is not suggested for having been bought.
5. of many shoppers the last are remembered, of each the latest searches, each once.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.flow import searches
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.completing import complete
from shopkeeper.flow.observe import observe
from shopkeeper.flow.searches import Searches
from shopkeeper.flow.shop import Shop
from shopkeeper.testing.shops import SETTINGS, small_shop
from shopkeeper.types import Event


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_shop(tmp_path_factory.mktemp("completing") / "shop")


@pytest.fixture(scope="module")
def shop(learnt: Path) -> Iterator[Shop]:
    with open_shop(learnt, patient=True) as opened:
        yield opened


def does(shop: Shop, action: str, at: int, **what: str) -> None:
    told = Event(event_id=f"{what}-{at}", timestamp=time.time() - 60 + at, action=action, **what)  # type: ignore[arg-type]  # the test's own word
    assert observe([told], shop)[0].status == "accepted"


def own(shop: Shop, typed: str, user_id: str = "", session_id: str = "") -> list[str]:
    return [each.text for each in complete(shop, typed, 8, user_id, session_id) if each.own]


def test_a_shoppers_own_searches_and_purchases_come_first(shop: Shop) -> None:
    does(shop, "search", 1, user_id="u90", query="butter without salt")
    does(shop, "purchase", 2, user_id="u90", product_id="DA1C")
    does(shop, "search", 3, user_id="u90", query="Butter dish")
    bought = shop.catalog.titles[shop.row("DA1C")]
    assert own(shop, "butt", "u90") == ["Butter dish", "butter without salt", bought]
    kinds = [each.kind for each in complete(shop, "butt", 3, "u90")]
    assert kinds == ["query", "query", "product"]
    assert own(shop, "butter d", "u91") == own(shop, "butter d") == []
    assert len(complete(shop, "butt", 8)) > 3


def test_a_session_has_its_own_searches(shop: Shop) -> None:
    does(shop, "search", 4, session_id="s1", query="butterscotch")
    assert own(shop, "butters", session_id="s1") == ["butterscotch"]
    assert own(shop, "butters", session_id="s2") == []


def test_what_differs_in_spaces_and_capitals_is_one_search(shop: Shop) -> None:
    for at, query in enumerate(("Butter", "butter", "  BUTTER "), start=10):
        does(shop, "search", at, user_id="u94", query=query)
    assert own(shop, "but", "u94") == ["BUTTER"] and shop.searches.of("u94", "") == ("BUTTER",)
    told = [each.text.casefold() for each in complete(shop, "but", 8, "u94")]
    assert len(set(told)) == len(told) > 1


def test_what_was_bought_and_is_gone_is_not_suggested(shop: Shop) -> None:
    does(shop, "purchase", 5, user_id="u92", product_id="PR0A")
    title = shop.catalog.titles[shop.row("PR0A")]
    assert own(shop, title[:7], "u92") == [title]
    shop.delete(["PR0A"])
    assert own(shop, title[:7], "u92") == []


def test_an_erased_shopper_leaves_no_search_behind(shop: Shop) -> None:
    does(shop, "search", 6, user_id="u93", query="butter lamp")
    assert own(shop, "butter l", "u93") == ["butter lamp"]
    shop.erase("u93")
    assert own(shop, "butter l", "u93") == [] and shop.searches.of("u93", "") == ()


def test_the_setting_switches_it_off(tmp_path: Path) -> None:
    off = SETTINGS + "\n[understand]\npersonal_suggestions = false\n"
    with open_shop(small_shop(tmp_path / "shop", settings=off), patient=True) as opened:
        does(opened, "search", 1, user_id="u7", query="butter lamp")
        assert own(opened, "butter", "u7") == []
        assert complete(opened, "butter", 8, "u7") == complete(opened, "butter", 8)


def test_the_last_shoppers_and_their_latest_searches_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "SHOPPERS", 2)
    kept = Searches()
    for user in ("a", "b", "a", "c"):
        kept.note(user, "s", f"tea {user}")
    assert (kept.of("a", ""), kept.of("b", ""), kept.of("c", "s")) == (("tea a",), (), ("tea c",))
    for number in range(30):
        kept.note("a", "", f"tea {number}")
    kept.note("a", "", "tea 28")
    assert kept.of("a", "")[:3] == ("tea 28", "tea 29", "tea 27") and len(kept.of("a", "")) == searches.EACH
    kept.note("", "", "tea")
    kept.note("d", "", "  ")
    assert kept.of("", "") == kept.of("d", "") == ()
