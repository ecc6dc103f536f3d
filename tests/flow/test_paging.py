"""Claims:

1. a page that names the earlier ones goes on after them: with nothing between, as by the offset alone; else without
   anything that they showed.
2. a page that the log does not know showed nothing, nor one that was shown to another.
"""

import time
from typing import Any

import pytest

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.observe import observe
from shopkeeper.flow.shop import Shop
from shopkeeper.types import Event, Page, Scene


def rows_of(page: Page) -> list[int]:
    return [item.row for item in page.items]


@pytest.mark.parametrize("scene", ["home", "search", "similar"])
def test_no_page_repeats_an_earlier_one_whatever_came_between(shop: Shop, scene: Scene) -> None:
    asked: dict[str, Any] = {"user_id": "u9", "session_id": "visit", "k": 5}
    if scene != "home":
        asked |= {"query": "birch"} if scene == "search" else {"product_ids": ["DA0A"]}
    first = answer(ask(shop, scene=scene, **asked), shop)
    by_offset = answer(ask(shop, scene=scene, **asked, offset=5), shop)
    calm = answer(ask(shop, scene=scene, **asked, after=[first.request_id]), shop)
    assert rows_of(calm) == rows_of(by_offset)
    assert [item.position for item in calm.items] == [5, 6, 7, 8, 9]
    assert (calm.reachable, calm.total) == (first.reachable, first.total)
    pages, disturbed = [first], 0
    for number in range(3):
        for at, row in enumerate(rows_of(pages[-1])[:2]):
            event_id, product_id = f"{scene}-{number}-{at}", shop.catalog.product_ids[row]
            observe([Event(event_id=event_id, timestamp=time.time(), action="add_to_cart", user_id="u9",
                           session_id="visit", product_id=product_id)], shop)  # fmt: skip
        plain = answer(ask(shop, scene=scene, **asked, offset=5 * (number + 1)), shop)
        disturbed += len(set(rows_of(plain)) & {row for page in pages for row in rows_of(page)})
        pages.append(answer(ask(shop, scene=scene, **asked, after=[page.request_id for page in pages]), shop))
    rows = [row for page in pages for row in rows_of(page)]
    assert len(rows) == len(set(rows)) >= 15
    assert [item.position for page in pages for item in page.items] == list(range(len(rows)))
    if scene == "home":
        assert disturbed, "the events moved nothing: this proves nothing"


def test_a_page_nobody_knows_showed_nothing(shop: Shop) -> None:
    plain = answer(ask(shop, scene="home", user_id="u3", k=4), shop)
    assert rows_of(answer(ask(shop, scene="home", user_id="u3", k=4, after=["gone"]), shop)) == rows_of(plain)


@pytest.mark.parametrize(
    ("one", "other", "theirs"),
    [
        ({"user_id": "u3"}, {"user_id": "u4"}, False),
        ({"user_id": "u3"}, {}, False),
        ({"session_id": "a"}, {"session_id": "b"}, False),
        ({"session_id": "a"}, {}, False),
        ({"session_id": "a"}, {"user_id": "u3", "session_id": "a"}, True),
        ({"user_id": "u3", "session_id": "a"}, {"user_id": "u3", "session_id": "b"}, True),
        ({}, {}, True),
    ],
)
def test_a_page_of_another_showed_nothing(shop: Shop, one: dict[str, Any], other: dict[str, Any], theirs: bool) -> None:
    first = answer(ask(shop, scene="search", query="birch", k=4, **one), shop)
    found = ask(shop, scene="search", query="birch", k=4, after=[first.request_id], **other)
    assert (found.shown.tolist() == rows_of(first)) == theirs and (found.offset == 4) == theirs
