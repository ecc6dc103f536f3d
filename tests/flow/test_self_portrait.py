"""Claims, in the small shop where u7 buys the same staples every week:

1. the portrait says what was bought, its share, where from, how dear, and how often.
2. a category or brand that is taken out is gone from the portrait and from the next page; a search still finds it.
3. put back it is there again; a shop that is opened again knows both; erasure reaches it.
4. a guest's session is in the portrait, and what a guest took out is the shopper's after login.
5. the storefront shows it and takes it out; the route reads and corrects.
6. what no product has cannot be taken out, nor more than so many; who takes everything out still gets a page.
"""

import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from shopkeeper.errors import RequestError
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.observe import observe
from shopkeeper.flow.self_portrait import correct, self_portrait
from shopkeeper.flow.shop import Shop
from shopkeeper.portrait import Refused
from shopkeeper.profile.traits import category_of
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from shopkeeper.types import Event, Scene

WHO = "u7"


def shown(shop: Shop, user_id: str = WHO, session_id: str = "", query: str = "") -> list[tuple[str, str, str]]:
    """Category, department and brand of each product of the page."""
    scene: Scene = "search" if query else "home"
    page = answer(ask(shop, scene=scene, user_id=user_id, session_id=session_id, query=query, k=12), shop)
    catalog = shop.catalog
    departments = [catalog.department_names[catalog.departments[item.row]] for item in page.items]
    return [
        (category_of(catalog, item.row), department, catalog.brands[item.row])
        for item, department in zip(page.items, departments, strict=True)
    ]


def test_the_portrait_says_what_was_bought_and_where_from(shop: Shop) -> None:
    found = self_portrait(shop, WHO)
    portrait = shop.profiles.portrait(shop.folder.users.row(WHO))
    bought = [category_of(shop.catalog, row) for row in portrait.rows.tolist()]
    assert found.categories[0].name in bought and found.categories[0].source == "purchases"
    assert found.categories[0].times == bought.count(found.categories[0].name)
    assert abs(sum(taste.share for taste in found.brands) - 1.0) < 1e-9, "three brands, all told"
    assert found.rhythm is not None and (found.rhythm.visits, found.rhythm.days_between) == (10, 7.0)
    assert found.level in ("low", "middle", "high")
    assert self_portrait(shop, "nobody").categories == ()


def test_what_is_taken_out_is_gone_from_the_next_page(shop: Shop) -> None:
    favourite = self_portrait(shop, WHO).categories[0].name
    assert favourite in [category for category, _, _ in shown(shop)]
    correct(shop, WHO, "", Refused("category", favourite), again=False)
    assert favourite not in [taste.name for taste in self_portrait(shop, WHO).categories]
    assert favourite not in [category for category, _, _ in shown(shop)]
    assert favourite in [category for category, _, _ in shown(shop, query=favourite)]
    correct(shop, WHO, "", Refused("brand", "Alder"), again=False)
    assert "Alder" not in [brand for _, _, brand in shown(shop)]
    correct(shop, WHO, "", Refused("category", favourite), again=True)
    assert favourite in [category for category, _, _ in shown(shop)]


def test_corrections_are_of_what_there_is_and_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match="name: no product of this shop has the brand 'Oak'"):
        correct(shop, WHO, "", Refused("brand", "Oak"), again=False)
    for brand in ("Alder", "Birch", "Cedar"):
        correct(shop, WHO, "", Refused("brand", brand), again=False)
    assert len(shown(shop)) == 12
    monkeypatch.setattr("shopkeeper.flow.self_portrait.MOST_REFUSED", 3)
    with pytest.raises(RequestError, match="at most 3 traits can be taken out"):
        correct(shop, WHO, "", Refused("category", "Green tea"), again=False)
    correct(shop, WHO, "", Refused("brand", "Alder"), again=False)
    correct(shop, WHO, "", Refused("brand", "Alder"), again=True)
    correct(shop, WHO, "", Refused("category", "Green tea"), again=False)
    assert {refused.name for refused in self_portrait(shop, WHO).refused} == {"Birch", "Cedar", "Green tea"}


def test_a_correction_outlives_the_process_and_is_erased(shop_folder: Path) -> None:
    tea = Refused("category", "Green tea")
    with open_shop(shop_folder) as shop:
        correct(shop, WHO, "", tea, again=False)
        correct(shop, WHO, "", Refused("brand", "Birch"), again=False)
        correct(shop, WHO, "", Refused("brand", "Birch"), again=True)
    with open_shop(shop_folder) as shop:
        assert self_portrait(shop, WHO).refused == (tea,)
        shop.erase(WHO)
        assert self_portrait(shop, WHO).refused == ()
    with open_shop(shop_folder) as shop:
        assert self_portrait(shop, WHO).refused == ()


def test_a_guests_session_survives_login(shop: Shop) -> None:
    seen = [
        Event(event_id=f"g{n}", timestamp=time.time(), action="view", session_id="visit", product_id=product_id)
        for n, product_id in enumerate(("DR1A", "DR1B"))
    ]
    observe(seen, shop)
    correct(shop, "", "visit", Refused("brand", "Cedar"), again=False)
    assert self_portrait(shop, "", "visit").now == ("Green tea",)
    entered = Event(event_id="in", timestamp=time.time(), action="search", user_id=WHO, session_id="visit", query="x")
    for _ in range(2):
        observe([entered], shop)
    assert self_portrait(shop, WHO, "visit").now == ("Green tea",)
    assert self_portrait(shop, WHO).refused == (Refused("brand", "Cedar"),)
    assert "Cedar" not in [brand for _, _, brand in shown(shop)]


def test_the_storefront_and_the_route_show_and_correct(shop: Shop) -> None:
    with TestClient(create_app({shop.name: shop}, keys=Keys())) as client:
        client.cookies.set("shopper", WHO, path=f"/{shop.name}")
        page = client.get(f"/{shop.name}/you").text
        favourite = self_portrait(shop, WHO).categories[0].name
        assert "What we think you like" in page and favourite in page
        client.post(f"/{shop.name}/you", data={"trait": "category", "name": favourite})
        page = client.get(f"/{shop.name}/you").text
        assert "Put it back" in page
        assert "我们认为您喜欢" in client.get(f"/{shop.name}/you", headers={"accept-language": "zh"}).text
        shop.folder.users.describe({WHO: {"age": "35-44", "home_ownership": "Homeowner <b>"}})
        page = client.get(f"/{shop.name}/you").text
        assert "What the shop was told of you" in page and "35-44" in page and "home ownership" in page
        assert "Homeowner &lt;b&gt;" in page
        client.post(f"/{shop.name}/you/demographics", data={"name": "age"})
        assert shop.folder.users.demographics(WHO) == {"home_ownership": "Homeowner <b>"}
        client.post(f"/{shop.name}/you/demographics", data={"name": "home_ownership"})
        assert "What the shop was told of you" not in client.get(f"/{shop.name}/you").text
        at = f"/v1/{shop.name}/users/{WHO}/portrait"
        read = client.get(at).json()
        assert read["refused"] == [{"trait": "category", "name": favourite}]
        back = client.post(at, json={"trait": "category", "name": favourite, "again": True}).json()
        assert back["refused"] == [] and back["categories"][0]["name"] == favourite
        assert client.post(at, json={"trait": "colour", "name": "red"}).status_code == 422
