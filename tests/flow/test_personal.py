"""Claims, in a shop where a tea drinker and a coffee drinker ask for a mug:

1. the same query leans towards what each usually chooses, and to a stranger it is the same as ever.
2. what is more relevant by more than the bound stays above, however much the other is liked.
3. the explanation names the part, and its parts still add up to the score.
4. a request, a visitor on the storefront, and the shop's settings each switch it off; sorts, codes and pages without
   words never lean.
5. a liking is the formula: bought before, and the category, each of what the shopper did, fading.
"""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.observe import observe
from shopkeeper.flow.shop import Shop
from shopkeeper.rank.personal import BOUGHT, CATEGORY, HALF_LIFE_DAYS, liking
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from shopkeeper.store.folder import open_folder
from shopkeeper.testing import worlds
from shopkeeper.testing.shops import SETTINGS, small_shop
from shopkeeper.types import Event, Page, Product

LEANS = SETTINGS.replace("[rank]\n", "[rank]\npersonal = 0.6\n")
MUGS = [
    Product(product_id=f"{kind}{n}", title=f"Mug {n} for {kind}", category=("Kitchen", kind.title()), price=5.0 + n)
    for n in range(6)
    for kind in ("tea", "coffee")
]
TEN = [
    *(
        Product(product_id=f"{kind}-drink", title=f"Loose {kind}", category=("Kitchen", kind.title()), price=3.0)
        for kind in ("tea", "coffee")
    ),
]


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = small_shop(tmp_path_factory.mktemp("personal") / "shop", settings=LEANS, learnt=False)
    with open_folder(path, writable=True) as folder:
        folder.products.upsert([*MUGS, *TEN])
        start = folder.events.last_timestamp() - 100_000.0
        folder.events.append(
            [
                Event(
                    event_id=f"{kind}{n}",
                    timestamp=start + n,
                    action="purchase",
                    user_id=kind,
                    product_id=f"{kind}-drink",
                )
                for kind in ("tea", "coffee")
                for n in range(5)
            ]
        )
    learn(path)
    return path


@pytest.fixture
def shop(kitchen: Path, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(Path(shutil.copytree(kitchen, tmp_path / "shop"))) as opened:
        yield opened


def page(shop: Shop, user: str, query: str = "mug", **asked: Any) -> Page:
    return answer(ask(shop, scene="search", query=query, user_id=user, **asked), shop)


def found(shop: Shop, user: str, query: str = "mug", **asked: Any) -> list[str]:
    return [shop.catalog.product_ids[item.row] for item in page(shop, user, query, **asked).items]


def test_the_same_query_leans_towards_who_asks(shop: Shop) -> None:
    stranger, tea, coffee = (found(shop, user) for user in ("", "tea", "coffee"))
    assert set(stranger) == set(tea) == set(coffee)
    assert tea[0].startswith("tea")
    assert coffee[0].startswith("coffee")
    places = [np.mean([at for at, name in enumerate(names) if name[:3] == "tea"]) for names in (tea, stranger, coffee)]
    assert places[0] < places[1] < places[2]
    assert found(shop, "") == stranger


def test_what_is_more_relevant_stays_above(shop: Shop) -> None:
    assert found(shop, "tea", "mug for coffee")[0].startswith("coffee")
    assert found(shop, "tea", "mug 3 for coffee")[0] == "coffee3"


def test_the_explanation_names_it_and_adds_up(shop: Shop) -> None:
    first = page(shop, "tea").items[0]
    parts = {part.name: part.value for part in first.explanation.children}
    assert parts["personal"] > 0
    assert sum(parts.values()) == pytest.approx(first.score, rel=1e-5)
    assert "personal" not in {part.name for part in page(shop, "").items[0].explanation.children}


def test_a_request_switches_it_off_and_sorts_codes_and_home_never_lean(shop: Shop) -> None:
    stranger = found(shop, "")
    assert found(shop, "tea", personal=False) == stranger
    assert found(shop, "tea", sort="price_asc") == found(shop, "", sort="price_asc")
    for asked in ({"query": "tea3"}, {"query": ""}):
        names = {part.name for item in page(shop, "tea", **asked).items for part in item.explanation.children}
        assert "personal" not in names


def test_the_shop_switches_it_off(kitchen: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(kitchen, tmp_path / "off"))
    (path / "settings.toml").write_text(LEANS.replace("personal = 0.6", "personal = 0.0"))
    with open_shop(path) as shop:
        assert found(shop, "tea") == found(shop, "coffee") == found(shop, "")
        with TestClient(create_app({shop.name: shop}, keys=Keys())) as client:
            assert "Same order for everybody" not in client.get("/small/search?q=mug").text


def test_a_visitor_switches_it_off_and_http_too(shop: Shop) -> None:
    with TestClient(create_app({shop.name: shop}, keys=Keys())) as client:
        client.cookies.set("shopper", "tea")

        def first() -> str:
            text = client.get("/small/search?q=mug").text
            return text[text.index('id="found"') :].split("data-product=")[1][:5]

        assert first().startswith('"tea')
        text = client.get("/small/personal/off?to=/small/search?q=mug").text
        assert "The order is the same for everybody." in text
        plain = found(shop, "", k=24)[0]
        assert first()[1:4] == plain[:3]
        assert (
            "What you chose or looked at before stands a little higher."
            in client.get("/small/personal/on?to=/small/search?q=mug").text
        )
        asked = {"query": "mug", "user_id": "coffee"}
        lists = [
            [item["product_id"] for item in client.post("/v1/small/search", json=asked | more).json()["items"]]
            for more in ({}, {"personal": False})
        ]
        assert lists == [found(shop, "coffee"), found(shop, "")]


def test_the_session_counts_at_once(shop: Shop) -> None:
    before = found(shop, "", session_id="s")
    now = time.time()
    events = [
        Event(event_id=f"e{n}", timestamp=now, action="click", session_id="s", product_id=f"coffee{n}")
        for n in range(3)
    ]
    observe(events, shop)
    after = found(shop, "", session_id="s")
    assert before != after
    assert after[0].startswith("coffee")


def test_a_liking_is_the_formula() -> None:
    shelf = worlds.catalog(["a", "b", "c"], categories=np.array([0, 0, 1], np.int32), category_paths=[("X",), ("Y",)])
    log = worlds.interactions([(0, 0, 100 - HALF_LIFE_DAYS, "purchase"), (0, 2, 100.0, "click")])
    own = liking(worlds.portrait(log, 0), 100.0, shelf)(np.array([0, 1, 2], np.int32))
    assert own.tolist() == pytest.approx(
        [BOUGHT * np.log1p(0.5) / np.log1p(3.0) + CATEGORY, CATEGORY, CATEGORY * 0.3 / 0.5]
    )
