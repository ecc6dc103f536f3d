"""Claims:

1. an exposure holds the page in its order, with ids, propensities and each item's own feature row.
2. the outcome of a shown product is its strongest action that names the page.
3. a dismissal counts only where nothing better followed.
4. a purchase that was refunded in whole counts as a click, whether the refund names the page or not.
"""

import numpy as np

from shopkeeper.exposure import Exposure
from shopkeeper.feedback.exposures import Evidence, exposure_of
from shopkeeper.feedback.joins import by_page, outcomes
from shopkeeper.testing import worlds
from shopkeeper.types import Action, Event, Explanation, Intent, Item, Page, Request


def shown() -> Exposure:
    nothing = Explanation("score", 0.0)
    items = tuple(Item(row, place, 1.0 - place, 1.0, nothing) for place, row in enumerate([2, 0]))
    page = Page(
        request_id="r1", scene="home", items=items, total=2, reachable=2, intent=Intent(), facets={}, version="0001"
    )
    evidence = Evidence(("a",), lambda: np.array([[11.0], [12.0]], np.float32))
    request = Request(request_id="r1", scene="home", day=2.0, session="s")
    return exposure_of(page, request, "ann", worlds.catalog(["x", "y", "z"]), evidence, 172_800.0)


def event(action: Action, product_id: str, request_id: str = "r1", who: str = "ann", quantity: float = 1.0) -> Event:
    return Event(
        event_id=f"{action}{product_id}",
        timestamp=0.0,
        action=action,
        user_id=who,
        product_id=product_id,
        request_id=request_id,
        quantity=quantity,
    )


def test_an_exposure_holds_the_page_in_its_order() -> None:
    exposure = shown()
    assert exposure.product_ids == ("p2", "p0")
    assert exposure.propensities == (1.0, 1.0)
    assert exposure.features.tolist() == [[11.0], [12.0]]
    assert exposure.timestamp == 2 * 86_400


def test_the_strongest_action_that_names_the_page_counts() -> None:
    log = [event("click", "p2"), event("purchase", "p2"), event("click", "p2"), event("purchase", "p0", "another page")]
    assert outcomes(shown(), log).tolist() == [3.0, 0.0]


def test_a_dismissal_counts_only_where_nothing_better_followed() -> None:
    log = [event("dismiss", "p2"), event("add_to_cart", "p2"), event("dismiss", "p0")]
    assert outcomes(shown(), log).tolist() == [2.0, -1.0]


def test_a_purchase_that_was_refunded_counts_as_a_click() -> None:
    two = event("purchase", "p2", quantity=2.0)
    for page in ("r1", ""):
        whole, part = (event("refund", "p2", page, quantity=n) for n in (2.0, 1.0))
        assert outcomes(shown(), by_page([two, whole])["r1"]).tolist() == [1.0, 0.0]
        assert outcomes(shown(), by_page([two, part])["r1"]).tolist() == [3.0, 0.0]
    carted = [event("add_to_cart", "p2"), two, event("refund", "p2", "", quantity=2.0)]
    assert outcomes(shown(), by_page(carted)["r1"]).tolist() == [1.0, 0.0]
    assert outcomes(shown(), by_page([event("add_to_cart", "p0"), event("refund", "p0")])["r1"]).tolist() == [0.0, 2.0]


def test_a_refund_is_of_the_shoppers_own_latest_purchase() -> None:
    log = [event("purchase", "p2", "r1"), event("refund", "p2", "", who="bob")]
    assert outcomes(shown(), by_page(log)["r1"]).tolist() == [3.0, 0.0]
    log = [event("purchase", "p2", "r1"), event("purchase", "p2", "r2"), event("refund", "p2", "")]
    assert set(by_page(log)) == {"r1", "r2"} and [each.action for each in by_page(log)["r2"]] == ["purchase", "refund"]
    assert outcomes(shown(), by_page(log)["r1"]).tolist() == [3.0, 0.0]
    assert by_page([event("refund", "p2", ""), event("view", "p2", "")]) == {}
