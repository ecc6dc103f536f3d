"""Claims, in a shop where half of the shoppers drink tea and half coffee, each with their own things besides:

1. after five answers for tea the home page of a guest shows tea, after five for coffee coffee; never the same page.
2. every question can be skipped, and after five there is nothing left to ask.
3. answers are in the log: a shop that is opened again knows them, and who is erased is asked from the start.
4. a guest's answers are the shopper's after the first event with a name, also in a shop that is opened again: they are
   erased with the shopper, and what was taken back by name stays taken back.
5. the route takes answers and asks on; an unknown product is told. The storefront offers, asks, and goes by it.
6. nobody is asked about what was not for sale when the shop learnt.
7. a card is called by a category that all it shows is of, and not all that the other card shows.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.interview import Asked, Card, _called, give, interview
from shopkeeper.flow.learn import learn
from shopkeeper.flow.observe import observe
from shopkeeper.flow.self_portrait import correct
from shopkeeper.flow.shop import Shop
from shopkeeper.portrait import Refused
from shopkeeper.recall.tastes_learning import learnt
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from shopkeeper.store.folder import create, open_folder
from shopkeeper.store.snapshot import snapshot
from shopkeeper.tastes import Choice
from shopkeeper.testing.shops import SETTINGS
from shopkeeper.types import Event, Product

KINDS = ("Tea", "Coffee", "Soap", "Bread")
N, SHOPPERS, DAY = 10, 80, 86_400.0
NOW = 1_780_000_000.0


def products() -> list[Product]:
    return [
        Product(product_id=f"{kind}{n}", title=f"{kind} number {n}", category=("Shop", kind), price=2.0 + n)
        for kind in KINDS
        for n in range(N)
    ]


def purchases() -> Iterator[Event]:
    """Every shopper buys of one kind of drink, and of soap or bread."""
    draw = np.random.default_rng(5)
    for user in range(SHOPPERS):
        drink, other = KINDS[user % 2], KINDS[2 + user // 2 % 2]
        for line in range(12):
            kind = other if line % 4 == 3 else drink
            yield Event(
                event_id=f"{user}-{line}",
                timestamp=NOW - (12 - line) * 3 * DAY - user,
                action="purchase",
                user_id=f"u{user}",
                product_id=f"{kind}{int(draw.integers(N))}",
            )


@pytest.fixture(scope="module")
def drinks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("interview") / "shop"
    create(path, SETTINGS.replace("margin = 0.1", "margin = 1.0"))
    with open_folder(path, writable=True) as folder:
        folder.products.upsert(products())
        folder.events.append(list(purchases()))
    learn(path)
    return path


@pytest.fixture
def folder(drinks: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drinks, tmp_path / "shop"))


@pytest.fixture
def shop(folder: Path) -> Iterator[Shop]:
    with open_shop(folder, patient=True) as opened:
        yield opened


def choose(shop: Shop, asked: Asked, kind: str) -> Choice:
    """What somebody says who wants this kind alone."""
    assert asked.cards is not None
    shares = [share(shop, card, kind) for card in asked.cards]
    if max(shares) < 0.5:
        return "neither"
    return "both" if min(shares) >= 0.5 else ("first" if shares[0] > shares[1] else "second")


def share(shop: Shop, card: Card, kind: str) -> float:
    return sum(shop.catalog.titles[row].startswith(kind) for row in card.rows) / len(card.rows)


def interviewed(shop: Shop, kind: str, user_id: str = "", session_id: str = "") -> int:
    """How many questions were answered for this kind."""
    n = 0
    while (asked := interview(shop, user_id, session_id)).cards is not None:
        give(shop, user_id, session_id, [card.rows for card in asked.cards], choose(shop, asked, kind))
        n += 1
    return n


def home(shop: Shop, user_id: str = "", session_id: str = "") -> list[str]:
    page = answer(ask(shop, scene="home", user_id=user_id, session_id=session_id, k=8), shop)
    return [shop.catalog.titles[item.row] for item in page.items]


def about(kind: str, titles: list[str]) -> int:
    return sum(title.startswith(kind) for title in titles)


def test_after_five_answers_for_tea_the_home_page_shows_tea(shop: Shop) -> None:
    assert 3 <= interviewed(shop, "Tea", session_id="tea-guest") <= 5
    interviewed(shop, "Coffee", session_id="coffee-guest")
    tea, coffee = home(shop, session_id="tea-guest"), home(shop, session_id="coffee-guest")
    # diversity keeps a place or two for other shelves
    assert about("Tea", tea) >= 6 and about("Coffee", tea) <= 1, tea
    assert about("Coffee", coffee) >= 6 and about("Tea", coffee) <= 1, coffee
    told = answer(ask(shop, scene="home", session_id="tea-guest", k=4), shop)
    assert told.items[0].sentence == "It fits what you told us you like."


def test_every_question_can_be_skipped(shop: Shop) -> None:
    before = home(shop)
    seen = []
    for number in range(1, 6):
        asked = interview(shop, "", "skipper")
        assert asked.cards is not None and (asked.number, asked.of) == (number, 5)
        seen.append(tuple(card.rows for card in asked.cards))
        give(shop, "", "skipper", [card.rows for card in asked.cards], None)
    assert len(set(seen)) == 5, "no question comes twice"
    assert interview(shop, "", "skipper").cards is None
    assert home(shop, session_id="skipper") == before


def test_answers_outlive_the_process_and_erasure_reaches_them(folder: Path) -> None:
    with open_shop(folder, patient=True) as shop:
        observe([Event(event_id="s", timestamp=NOW, action="search", user_id="new", query="tea")], shop)
        given = interviewed(shop, "Tea", user_id="new")
        page = home(shop, "new")
    with open_shop(folder, patient=True) as shop:
        assert home(shop, "new") == page
        assert interview(shop, "new", "").cards is None
        assert shop.erase("new")["events"] == given + 1
        assert interview(shop, "new", "").number == 1
    with open_shop(folder, patient=True) as shop:
        assert interview(shop, "new", "").number == 1


def test_a_guests_answers_survive_login(folder: Path) -> None:
    with open_shop(folder, patient=True) as shop:
        interviewed(shop, "Tea", session_id="visit")
        for n in range(2):
            event = Event(
                event_id=f"in{n}", timestamp=NOW, action="search", user_id="new", session_id="visit", query="x"
            )
            observe([event], shop)
        assert about("Tea", home(shop, "new")) >= 6, "without the session too"
        told = shop.profiles.told(shop.folder.users.row("new"), "")
    with open_shop(folder, patient=True) as shop:
        assert shop.profiles.told(shop.folder.users.row("new"), "") == told
        assert about("Tea", home(shop, "new")) >= 6


def logged_in(shop: Shop) -> None:
    """A guest refuses tea and answers, and is then known as a shopper."""
    interviewed(shop, "Coffee", session_id="visit")
    correct(shop, "", "visit", Refused("category", "Tea"), again=False)
    event = Event(event_id="in", timestamp=NOW, action="search", user_id="new", session_id="visit", query="x")
    observe([event], shop)


@pytest.mark.parametrize("opened_again", [False, True])
@pytest.mark.parametrize("in_lake", [False, True])
def test_what_a_guest_said_is_erased_with_the_shopper(folder: Path, opened_again: bool, in_lake: bool) -> None:
    with open_shop(folder, patient=True) as shop:
        give(shop, "", "other", ([0], [1]), "first")
        logged_in(shop)
        if in_lake:
            shop.folder.events.compact(4e9)
        if not opened_again:
            shop.erase("new")
            assert interview(shop, "", "visit").number == 1
    if opened_again:
        with open_shop(folder, patient=True) as shop:
            shop.erase("new")
            assert interview(shop, "", "visit").number == 1
    with open_shop(folder, patient=True) as shop:
        assert interview(shop, "", "visit").number == 1
        assert [event.session_id for event in shop.folder.events.of_action("answer")] == ["other"], (
            "another guest's stay"
        )


def test_what_is_taken_back_after_login_stays_so_in_a_shop_opened_again(folder: Path) -> None:
    with open_shop(folder, patient=True) as shop:
        logged_in(shop)
        correct(shop, "new", "", Refused("category", "Tea"), again=True)
    with open_shop(folder, patient=True) as shop:
        assert shop.profiles.told(shop.folder.users.row("new"), "visit").refused == frozenset()


def test_the_route_asks_on(shop: Shop) -> None:
    client = TestClient(create_app({"small": shop}, keys=Keys()))
    first = client.post("/v1/small/interview", json={"session_id": "web"}).json()
    assert (first["number"], first["of"]) == (1, 5)
    cards = {side: first["question"][side]["product_ids"] for side in ("first", "second")}
    said = {"session_id": "web", "answer": {**cards, "choice": "first"}}
    second = client.post("/v1/small/interview", json=said).json()
    assert second["number"] == 2
    assert second["question"] != first["question"]
    wrong = {"session_id": "web", "answer": {"first": ["nothing"], "second": ["Tea1"], "choice": "both"}}
    refused = client.post("/v1/small/interview", json=wrong)
    assert refused.status_code == 404 and "no product 'nothing'" in refused.json()["error"]["message"]
    nobody = client.post("/v1/small/interview", json={})
    assert nobody.status_code == 422 and "user_id" in nobody.json()["error"]["message"]


def test_the_storefront_asks_and_goes_by_it(shop: Shop) -> None:
    with TestClient(create_app({"small": shop}, keys=Keys())) as client:
        assert "Tell us what you like" in client.get("/small/").text
        for number in range(1, 6):
            page = client.get("/small/interview").text
            if f"Question {number} of 5" not in page:
                break
            found = [re.findall(rf'name="{side}" value="([^"]+)"', page) for side in ("first", "second")]
            tea = [sum(each.startswith("Tea") for each in card) / len(card) for card in found]
            choice = "neither" if max(tea) < 0.5 else "first" if tea[0] > tea[1] else "second"
            client.post("/small/interview", data={"first": found[0], "second": found[1], "choice": choice})
        assert number > 3
        assert "Thank you." in client.get("/small/interview").text
        home_page = client.get("/small/").text
        assert "Tell us what you like" not in home_page and "It fits what you told us you like." in home_page
        assert "from what you told us" in client.get("/small/you").text
        assert "Tastes that were learnt" in client.get("/small/console").text
    with TestClient(create_app({"small": shop}, keys=Keys())) as client:
        client.post("/small/interview", data={"choice": "off"})
        assert "Tell us what you like" not in client.get("/small/").text


def test_a_card_shows_what_is_left_and_the_question_stays_the_same(shop: Shop) -> None:
    asked = interview(shop, "", "visit")
    assert asked.cards is not None
    first, second = asked.cards
    ids = shop.catalog.product_ids
    shop.delete([ids[first.rows[0]]])
    with TestClient(create_app({"small": shop}, keys=Keys())) as client:
        told = client.post("/v1/small/interview", json={"session_id": "visit"}).json()["question"]
        shown = [told[side]["product_ids"] for side in ("first", "second")]
        assert shown == [[ids[row] for row in first.rows[1:]], [ids[row] for row in second.rows]]
        answer = {"first": shown[0], "second": shown[1], "choice": "first"}
        found = client.post("/v1/small/interview", json={"session_id": "visit", "answer": answer}).json()
        assert found["number"] == 2 and found["question"] is not None
        following = [found["question"][side]["product_ids"] for side in ("first", "second")]
        assert following != shown
    shop.delete([ids[second.rows[0]], ids[first.rows[1]]])  # the question that was answered shows less by now
    again = interview(shop, "", "visit")
    assert again.number == 2 and again.cards is not None
    assert [ids[row] for row in again.cards[0].rows] == [each for each in following[0] if each in shop.catalog.row_of]


def test_a_question_of_which_a_card_has_nothing_left_is_not_asked(shop: Shop) -> None:
    asked = interview(shop, "", "visit")
    assert asked.cards is not None
    shop.delete([shop.catalog.product_ids[row] for row in asked.cards[0].rows])
    after = interview(shop, "", "visit")
    assert after.cards is None or set(after.cards[0].rows + after.cards[1].rows).isdisjoint(asked.cards[0].rows)
    assert after.cards is None or all(card.rows for card in after.cards)


def test_nobody_is_asked_about_what_is_not_for_sale(drinks: Path) -> None:
    with open_folder(drinks, writable=False) as folder:
        whole = snapshot(folder)
    soap = np.array([title.startswith("Soap") for title in whole.catalog.titles])
    shown = learnt(whole).tastes.cards
    assert np.isin(shown, np.flatnonzero(soap)).any()
    without = replace(whole, catalog=replace(whole.catalog, available=~soap))
    shown = learnt(without).tastes.cards
    assert len(shown) and not np.isin(shown, np.flatnonzero(soap)).any()


def test_a_card_is_called_what_all_that_it_shows_is_of_and_the_other_is_not(shop: Shop) -> None:
    def called(*shown: tuple[str, ...]) -> list[str]:
        rows = [tuple(map(shop.row, side)) for side in shown]
        return [card.name for card in _called(shop.catalog, ["Tea", "Coffee"], rows)]

    assert called(("Tea0", "Tea1"), ("Coffee0",)) == ["Tea", "Coffee"]
    assert called(("Tea0",), ("Soap0", "Soap1")) == ["Tea", "Soap"], "most of a card may be what it does not show"
    assert called(("Tea0", "Soap1"), ("Coffee0",)) == ["", "Coffee"], "all of the shop is no choice"
    assert called(("Tea0",), ("Tea1",)) == ["", ""]
