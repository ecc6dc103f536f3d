"""Claims, of searches that no product is all of, and of what is not typed to its end:

1. a page in part says in the reader's language what it shows of what was asked for.
2. a search that finds nothing says so, and what others buy stands below it under its own heading.
3. a completion says what it is, and that it is the reader's own.
"""

import pytest
from starlette.testclient import TestClient

from shopkeeper.console import search as page


def test_a_page_in_part_says_what_it_shows(client: TestClient) -> None:
    english = client.get("/grocer/search?q=green tea lantern").text
    chinese = client.get("/grocer/search?q=green tea lantern", headers={"Accept-Language": "zh"}).text
    assert "No product has all of green tea lantern; showing green tea" in english
    assert "没有商品同时符合“green tea lantern”，为您显示：green tea" in chinese
    assert "No product has all of" not in client.get("/grocer/search?q=green tea").text


def test_a_search_that_finds_nothing_shows_what_others_buy(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    english = client.get("/grocer/search?q=xqzkvb").text
    assert "Nothing on the shelf for xqzkvb" in english and "What others are buying" in english
    monkeypatch.setattr(page, "likely_in", lambda shop, intent: "Drinks")
    for language, says in (("en", "Popular in Drinks"), ("zh", "Drinks里大家都在买")):
        text = client.get("/grocer/search?q=xqzkvb", headers={"Accept-Language": language}).text
        shelf = text.split(says)[1]
        assert "Green tea" in shelf and "Rye bread" not in shelf


def test_what_is_being_typed_is_completed_with_what_it_is_and_whose(client: TestClient) -> None:
    client.get("/grocer/search?q=drinkable lamp")
    english = client.get("/grocer/suggest?q=drink").text
    chinese = client.get("/grocer/suggest?q=drink", headers={"Accept-Language": "zh"}).text
    assert '<span>drinkable lamp</span><span class="quiet">Yours</span>' in english
    assert '<span>Drinks</span><span class="quiet">Category</span>' in english
    assert '<span class="quiet">您的</span>' in chinese and '<span class="quiet">分类</span>' in chinese
