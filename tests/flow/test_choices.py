"""Claims, in the small shop, where nothing is called "oj":

1. what was put into the cart from a search and bought later at the till is learnt from the log.
2. a purchase after a search counts for the next search at once, and after a restart the page is the same.
3. a version learns it; nothing after the split is in what the held-out days are measured with.
4. an erased shopper's choices no longer count.
5. a choice far down the page counts more where the log says how places are looked at.
6. words that several gave up for others are mined into the next version, with what showed them, and can be refused.
"""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.flow import choices
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.choices import followed
from shopkeeper.flow.click_judgments import CLIP
from shopkeeper.flow.learn import learn
from shopkeeper.flow.observe import observe
from shopkeeper.flow.shop import Shop
from shopkeeper.flow.state import mined_of
from shopkeeper.store.folder import open_folder
from shopkeeper.types import ACTION_CODES, Event, Page
from shopkeeper.understood import Mined

DAY = 86_400.0
JUICE = "DR0A"


def visit(user: str, then: float, query: str = "oj", product_id: str = JUICE) -> list[Event]:
    """A search, what went into the cart, and the till, which knows nothing of searches."""
    steps = (
        {"action": "search", "query": query},
        {"action": "add_to_cart", "product_id": product_id},
        {"action": "purchase", "product_id": product_id},
    )
    return [
        Event(
            event_id=f"{user}-{query}-{then}-{at}",
            timestamp=then + 60.0 * at,
            user_id=user,
            session_id=f"{user}-{then}",
            **step,  # type: ignore[arg-type]
        )
        for at, step in enumerate(steps)
    ]


def search(shop: Shop, query: str = "oj") -> Page:
    return answer(ask(shop, scene="search", query=query, user_id="u30", session_id="z"), shop)


def shown(shop: Shop, query: str = "oj") -> list[str]:
    return [shop.catalog.product_ids[item.row] for item in search(shop, query).items]


def test_carts_and_purchases_belong_to_the_search_that_led_to_them(shop_folder: Path) -> None:
    now = time.time()
    with open_folder(shop_folder, writable=True) as folder:
        folder.events.append(visit("u1", now - 9 * DAY))
        catalog = folder.products.catalog()
        found = followed(folder, folder.events.table(), catalog, now / DAY, now / DAY - 7).choices
    row = catalog.row_of[JUICE]
    told = [(each.query, each.row, each.action, each.weight) for each in found]
    assert told == [("oj", row, ACTION_CODES[action], 1.0) for action in ("add_to_cart", "purchase")]


def test_a_purchase_after_a_search_counts_at_once_and_outlives_a_restart(shop_folder: Path) -> None:
    with open_shop(shop_folder) as shop:
        assert JUICE not in shown(shop)
        observe(visit("u1", time.time() - 300), shop)
        assert JUICE not in shown(shop)  # one shopper alone
        observe(visit("u2", time.time() - 200)[:2], shop)
        page = search(shop)
        assert [shop.catalog.product_ids[item.row] for item in page.items] == [JUICE]
        assert page.relaxed is not None
        assert page.relaxed.how == ("chosen",)
        assert page.items[0].sentence == "Others chose it after such a search."
        before = [(item.row, item.score) for item in page.items]
    with open_shop(shop_folder) as again:
        after = search(again)
        assert [item.row for item in after.items] == [row for row, _ in before]
        assert [item.score for item in after.items] == pytest.approx([score for _, score in before])


def test_a_visit_that_a_restart_interrupts_goes_on(shop_folder: Path) -> None:
    visits = [visit("u1", time.time() - 300), visit("u2", time.time() - 200)]
    with open_shop(shop_folder) as shop:
        observe([events[0] for events in visits], shop)
    with open_shop(shop_folder) as again:
        observe([event for events in visits for event in events[1:]], again)
        assert shown(again) == [JUICE]


def test_what_others_chose_stands_beside_what_has_the_words(shop_folder: Path) -> None:
    with open_shop(shop_folder) as shop:
        assert JUICE not in shown(shop, "bananas")
        observe([*visit("u1", time.time() - 300, "bananas"), *visit("u2", time.time() - 200, "Banana")], shop)
        assert JUICE in shown(shop, "bananas")
        assert {name[:3] for name in shown(shop, "bananas")} == {"PR0", "DR0"}


def test_a_version_learns_it_and_the_held_out_days_do_not_know_it(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    with open_shop(shop_folder) as shop:
        observe([*visit("u1", now - 20 * DAY), *visit("u2", now - 19 * DAY), *visit("u3", now - 2 * DAY, "cola")], shop)
        observe(visit("u4", now - 2 * DAY, "cola"), shop)
    seen: list[tuple[float, set[str]]] = []
    from shopkeeper.recall.sources.query_log import QueryLog

    fit = QueryLog.fit

    def watched(self: QueryLog, snapshot: object) -> None:
        seen.append((snapshot.day, {each.query for each in snapshot.choices}))  # type: ignore[attr-defined]
        fit(self, snapshot)  # type: ignore[arg-type]

    monkeypatch.setattr(QueryLog, "fit", watched)
    learn(shop_folder)
    assert {frozenset(queries) for _, queries in seen} == {frozenset({"oj"}), frozenset({"oj", "cola"})}
    assert max(day for day, queries in seen if "cola" not in queries) == pytest.approx(seen[-1][0] - 7)
    with open_shop(shop_folder) as shop:
        assert shown(shop) == shown(shop, "cola") == [JUICE]
        shop.erase("u1")
        assert (
            shop.trained.version.path / "sources" / "query_log" / "queries.json"
        ).read_bytes() == b'[["cola"],["oj"]]'
    learn(shop_folder)
    with open_shop(shop_folder) as shop:
        assert shown(shop, "cola") == [JUICE]
        assert JUICE not in shown(shop)


def test_an_erased_shoppers_choices_no_longer_count(shop_folder: Path) -> None:
    with open_shop(shop_folder) as shop:
        observe([*visit("u1", time.time() - 300), *visit("u2", time.time() - 200)], shop)
        assert shown(shop) == [JUICE]
        shop.erase("u2")
        assert JUICE not in shown(shop)


def test_a_choice_far_down_counts_more_where_places_are_known(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choices, "examination", lambda pages: (np.array([1.0, 0.5, 0.01]), ""))
    now = time.time()
    with open_folder(shop_folder, writable=True) as folder:
        for place in range(4):
            at = {"timestamp": now - DAY, "user_id": "u1", "product_id": JUICE, "position": place, "query": "oj"}
            folder.events.append([Event(event_id=f"c{place}", action="click", **at)])  # type: ignore[arg-type]
        found = followed(folder, folder.events.table(), folder.products.catalog(), now / DAY, now / DAY).choices
    assert [each.weight for each in found] == [1.0, 2.0, CLIP, 1.0]


def rewritten(user: str, then: float) -> list[Event]:
    """Nothing is chosen after "oj", then juice after its name."""
    return [visit(user, then)[0], *visit(user, then + 30.0, "orange juice")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of typer, about click
def test_words_given_up_for_others_are_mined_into_the_version(
    shop_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from shopkeeper.cli.rules import synonyms

    now = time.time()
    with open_folder(shop_folder, writable=True) as folder:
        for user in ("u1", "u2", "u3"):
            events = [replace(event, session_id=user) for event in rewritten(user, now - 9 * DAY)]
            folder.events.append(events)
    learn(shop_folder)
    with open_shop(shop_folder) as shop:
        assert mined_of(shop.trained.version) == [
            Mined("oj", "orange juice", False, "reformulations", 3, "oj > orange juice")
        ]
        page = search(shop)
        assert {shop.catalog.product_ids[item.row] for item in page.items} >= {"DR0A", "DR0B", "DR0C"}
        assert [change._asdict() for change in page.intent.changes] == [
            {"by": "mined synonym", "said": "oj", "meant": "orange juice"}
        ]
    synonyms(shop_folder, as_json=True)
    told = capsys.readouterr().out
    used = {"said": "oj", "meant": "orange juice", "both": False, "by": "reformulations", "support": 3}
    assert json.loads(told)["synonyms"] == [{**used, "example": "oj > orange juice", "used": True}]
    settings = shop_folder / "settings.toml"
    settings.write_text(settings.read_text() + '\n[understand.synonyms]\nrefused = [["oj", "orange juice"]]\n')
    with open_shop(shop_folder) as shop:
        assert search(shop).intent.changes == ()
    synonyms(shop_folder, as_json=False)
    assert capsys.readouterr().out.split("│")[-2].strip() == "no"
