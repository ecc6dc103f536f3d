"""Claims:

1. an event changes the next page at once, and after a restart the page is the same.
2. an event twice counts once; a bad one is refused with its reason and nothing else is lost.
3. an erased shopper is a stranger, and the receipt counts what went; pages under way meanwhile leave nothing behind;
   nor do those of the guest who they were before, whether an event or a page tells so.
4. products put or deleted are known to the next search.
5. a new version swaps in with the events that came since it was learnt.
6. what meets buyers is told what each had chosen before, at once and after a restart.
"""

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pytest

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.gate import Gate
from shopkeeper.flow.learn import learn
from shopkeeper.flow.observe import observe
from shopkeeper.flow.shop import Shop
from shopkeeper.observed import Observed
from shopkeeper.portrait import Portrait
from shopkeeper.recall.sources.covisit import Covisit
from shopkeeper.types import Action, Event, Product


def event(event_id: str, product_id: str, action: Action = "click", user_id: str = "u7") -> Event:
    return Event(
        event_id=event_id,
        timestamp=time.time(),
        action=action,
        user_id=user_id,
        session_id="now",
        product_id=product_id,
    )


def home(shop: Shop, user_id: str = "u7", session_id: str = "now") -> list[int]:
    return [
        item.row for item in answer(ask(shop, scene="home", user_id=user_id, session_id=session_id, k=12), shop).items
    ]


def test_an_event_changes_the_next_page_and_outlives_a_restart(shop_folder: Path) -> None:
    with open_shop(shop_folder) as shop:
        before = home(shop)
        for number in range(3):
            observe([event(f"e{number}", "HO3C", "add_to_cart")], shop)
        after = home(shop)
        assert shop.catalog.row_of["HO3C"] in after
        assert before != after
    with open_shop(shop_folder) as again:
        assert home(again) == after


def test_a_new_shopper_in_a_new_session_is_answered_from_the_first_click(shop: Shop) -> None:
    before = home(shop, "", "fresh")
    observe([Event(event_id="c1", timestamp=time.time(), action="click", session_id="fresh", product_id="HO3C")], shop)
    assert home(shop, "", "fresh") != before


def test_an_event_twice_counts_once(shop: Shop) -> None:
    first, second = observe([event("same", "HO3C"), event("same", "HO3C")], shop)
    assert (first.status, second.status) == ("accepted", "duplicate")
    assert [receipt.status for receipt in observe([event("same", "HO3C")], shop)] == ["duplicate"]


def test_a_bad_event_is_refused_and_nothing_else_is_lost(shop: Shop) -> None:
    receipts = observe([event("a", "HO3C"), event("b", "nope"), event("c", "")], shop)
    assert [receipt.status for receipt in receipts] == ["accepted", "refused", "refused"]
    assert receipts[1].reason == "product_id: unknown product 'nope'"
    assert receipts[2].reason == "product_id: required for action 'click'"
    assert {e.event_id for e in shop.folder.events.tail(time.time() - 60)} == {"a"}


def test_an_erased_shopper_is_a_stranger(shop: Shop) -> None:
    own, stranger = home(shop, "u7", "x"), home(shop, "nobody", "y")
    assert own != stranger
    receipt = shop.erase("u7")
    assert receipt["events"] == 40 and receipt["users"] == 1 and receipt["exposures"] >= 1
    assert home(shop, "u7", "z") == stranger
    assert shop.erase("u7")["events"] == 0


def test_an_erased_shopper_takes_the_guest_along_where_one_page_or_event_tells_who_it_was(shop: Shop) -> None:
    for session in ("told", "shown", "other"):
        answer(ask(shop, scene="home", session_id=session), shop)
        clicked = replace(event(f"click {session}", "HO3C", user_id=""), session_id=session)
        searched = replace(clicked, event_id=f"search {session}", action="search", product_id="", query="tea")
        observe([clicked, searched], shop)
    observe([replace(event("login", "HO3C", user_id="late"), session_id="told")], shop)
    answer(ask(shop, scene="home", user_id="late", session_id="shown"), shop)
    receipt = shop.erase("late")
    assert (receipt["events"], receipt["exposures"]) == (5, 3)
    left = {found.session_id for found in shop.folder.events.tail(time.time() - 60)}
    assert left == {"other"}
    assert [bool(shop.searches.of("", session)) for session in ("told", "shown", "other")] == [False, False, True]


def test_pages_under_way_bring_no_erased_shopper_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before, exposures, erase = ask(shop, scene="home", user_id="u7"), shop.folder.exposures, shop.folder.events.erase
    between, after = ask(shop, scene="trending", user_id="u7"), ask(shop, scene="home", user_id="u7")
    answer(before, shop)
    held = exposures.get(before.request_id)
    assert held is not None

    def erase_while_pages_are_asked(user_id: str, others: Collection[str]) -> int:
        answer(between, shop)
        return erase(user_id, others)

    monkeypatch.setattr(shop.folder.events, "erase", erase_while_pages_are_asked)
    assert shop.erase("u7")["exposures"] == 2
    answer(after, shop)
    shop.remember(held)
    exposures.flush()
    assert all(exposures.get(request.request_id) is None for request in (before, between, after))


def test_a_product_put_is_found_and_a_product_deleted_is_not(shop: Shop) -> None:
    new = Product(product_id="new1", title="Dragonfruit marmalade", category=("Produce", "Jam"), price=4.0)
    shop.put([new])
    found = answer(ask(shop, scene="search", query="dragonfruit"), shop)
    assert [shop.catalog.product_ids[item.row] for item in found.items] == ["new1"]
    shop.delete(["new1"])
    assert answer(ask(shop, scene="search", query="dragonfruit"), shop).items == ()


def test_a_new_version_swaps_in_with_what_happened_since(shop_folder: Path) -> None:
    with open_shop(shop_folder) as shop:
        observe([event("e1", "HO3C", "add_to_cart")], shop)
        old = shop.version
        learn(shop_folder)
        assert shop.reload() and shop.version != old
        assert not shop.reload()
        observe([event("e2", "HO3C", "add_to_cart")], shop)
        page = answer(ask(shop, scene="home", user_id="u7", session_id="now", k=40), shop)
        assert shop.catalog.row_of["HO3C"] in {item.row for item in page.items}


def test_who_meets_buyers_is_told_what_they_had_chosen_before(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[tuple[int, list[int]]] = []

    def meet(self: Covisit, event: Observed, before: Callable[[], Portrait]) -> None:
        met.append((event.row, before().rows.tolist()))

    monkeypatch.setattr(Covisit, "meet", meet, raising=False)
    with open_shop(shop_folder) as shop:
        for row in (3, 5):
            observe([event(f"e{row}", shop.catalog.product_ids[row], user_id="new")], shop)
        told = [(3, []), (5, [3])]
        assert met == told
        met.clear()
    with open_shop(shop_folder):
        assert met == told


def test_an_event_that_came_late_outlives_a_restart(shop_folder: Path) -> None:
    def trending(shop: Shop) -> list[int]:
        return [item.row for item in answer(ask(shop, scene="trending", k=5), shop).items]

    late = time.time() - 7200  # before the version's last event, received after it
    events = [
        Event(event_id=f"late{n}", timestamp=late, action="purchase", user_id=f"new{n}", product_id="HO3C")
        for n in range(200)
    ]
    with open_shop(shop_folder) as shop:
        observe(events, shop)
        before = trending(shop)
        assert before[0] == shop.catalog.row_of["HO3C"]
    with open_shop(shop_folder) as again:
        assert trending(again) == before


def test_a_gate_closes_although_others_keep_coming() -> None:
    gate, stop, seen = Gate(), threading.Event(), []

    def come_and_go() -> None:
        while not stop.is_set():
            with gate.passing():
                seen.append(1)

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        with gate.closed():
            inside = len(seen)
            assert len(seen) == inside
    stop.set()
    for thread in threads:
        thread.join()


def test_the_same_question_has_the_same_answer(shop: Shop) -> None:
    first = [(item.row, item.score) for item in answer(ask(shop, scene="home", user_id="u5"), shop).items]
    assert first == [(item.row, item.score) for item in answer(ask(shop, scene="home", user_id="u5"), shop).items]


def test_pages_joined_are_one_long_page(shop: Shop) -> None:
    long = [item.row for item in answer(ask(shop, scene="home", user_id="u5", k=60), shop).items]
    pages = [answer(ask(shop, scene="home", user_id="u5", k=12, offset=12 * n), shop) for n in range(5)]
    assert [item.row for page in pages for item in page.items] == long


def test_an_erased_shopper_is_in_no_file_of_the_folder(shop_folder: Path) -> None:
    with open_shop(shop_folder) as shop:
        name = "somebody-with-a-name"
        observe([event("e1", "HO3C", "purchase", name)], shop)
        answer(ask(shop, scene="home", user_id=name), shop)
        shop.erase(name)
    holding = [path for path in shop_folder.rglob("*") if path.is_file() and name.encode() in path.read_bytes()]
    assert holding == []
