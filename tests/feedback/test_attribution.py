"""Claims:

1. a choice belongs to the page that it names, else the query that it names, else the visit's latest search.
2. what was chosen on a page without a query follows no search, and neither does its purchase.
3. a purchase at the till belongs to the search that led to the cart, however much was searched since.
4. a search is soon over, and leads to a few products at most that name no page.
5. a forgotten shopper's visit is forgotten; visits without a name are nobody's.
"""

from shopkeeper.feedback.attribution import LATELY_S, NOWHERE, OF_ONE, Attribution
from shopkeeper.types import Action, Event

PAGES = {"page-1": "Green  Tea", "home-1": ""}


def event(action: Action, product_id: str = "", at: float = 0.0, **more: object) -> Event:
    plain = {"event_id": "e", "timestamp": 1e9 + at, "action": action, "product_id": product_id, "session_id": "s"}
    return Event(**{**plain, **more})  # type: ignore[arg-type]


def attribution() -> Attribution:
    return Attribution(PAGES.get)


def test_the_page_then_the_query_then_the_latest_search() -> None:
    own = attribution()
    own.take(event("search", query="Oat MILK"))
    assert own.take(event("click", "a", request_id="page-1", position=3, query="cocoa")) == ("green tea", 3)
    assert own.take(event("click", "b", request_id="unknown", query="Cocoa")) == ("cocoa", -1)
    assert own.take(event("click", "c")) == ("oat milk", -1)
    assert own.take(event("view", "d")) == NOWHERE


def test_what_another_page_led_to_follows_no_search() -> None:
    own = attribution()
    own.take(event("search", query="tea"))
    assert own.take(event("click", "a", request_id="home-1")).query == ""
    assert own.take(event("purchase", "a")).query == ""


def test_a_purchase_belongs_to_the_search_that_led_to_the_cart() -> None:
    own = attribution()
    own.take(event("add_to_cart", "a", request_id="page-1", position=0))
    own.take(event("search", query="mug"))
    own.take(event("add_to_cart", "b", request_id="home-1"))
    assert own.take(event("purchase", "a", at=90_000.0)).query == "green tea"
    assert own.take(event("purchase", "b")).query == ""


def test_a_search_is_soon_over_and_leads_to_a_few() -> None:
    own = attribution()
    own.take(event("search", query="mug"))
    assert own.take(event("purchase", "late", at=LATELY_S + 1)).query == ""
    assert [bool(own.take(event("purchase", f"p{n}")).query) for n in range(OF_ONE + 1)] == [True] * OF_ONE + [False]


def test_a_forgotten_shopper_and_nobody() -> None:
    own = attribution()
    own.take(event("search", query="mug", user_id="ann"))
    own.forget("ann")
    assert own.take(event("click", "a", user_id="ann")).query == ""
    own.take(event("search", query="mug", session_id=""))
    assert own.take(event("click", "a", session_id="")).query == ""
