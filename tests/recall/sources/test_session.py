"""Claims:

1. One click changes the next page: what reads like it is offered.
2. The latest product counts most, a cart more than a look.
3. What lies in the cart or was turned away is not offered again; what was only looked at may be.
"""

import numpy as np
import pytest

from shopkeeper.recall.sources.session import Session
from shopkeeper.testing import worlds
from shopkeeper.testing.contract_world import unit_vectors
from shopkeeper.types import FloatArray, Offer, Request

BASE = unit_vectors(2)


def near(centre: FloatArray, seed: int) -> FloatArray:
    vectors = centre + 0.3 * unit_vectors(3, seed)
    unit: FloatArray = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


VECTORS = np.concatenate([near(BASE[0], 1), near(BASE[1], 2), unit_vectors(20, 3)])


@pytest.fixture(scope="module")
def source() -> Session:
    made = Session(Session.Settings(near=3))
    made.fit(worlds.snapshot(worlds.catalog([f"t{row}" for row in range(26)]), [], 1.0, VECTORS))
    return made


def home(source: Session, *steps: tuple[int, str]) -> Offer:
    session = [(row, action, float(at)) for at, (row, action) in enumerate(steps)]
    portrait = worlds.portrait(worlds.interactions([]), -1, session)
    return source.recall(worlds.ask(Request(request_id="", scene="home", day=9.0), portrait), 20)[0]


def test_one_click_changes_the_page(source: Session) -> None:
    assert home(source).rows.tolist() == []
    assert home(source, (0, "click")).rows.tolist()[0] == 0
    assert set(home(source, (0, "click")).rows.tolist()) == {0, 1, 2}
    assert set(home(source, (4, "click")).rows.tolist()) == {3, 4, 5}


def test_the_latest_counts_most_and_a_cart_more_than_a_look(source: Session) -> None:
    assert home(source, (0, "click"), (4, "click")).rows.tolist()[0] == 4
    both = home(source, (0, "add_to_cart"), (4, "view"))
    assert both.rows.tolist()[0] in (1, 2)


def test_what_is_settled_is_not_offered_again(source: Session) -> None:
    for action in ("add_to_cart", "purchase", "dismiss"):
        assert 0 not in home(source, (1, "click"), (0, action)).rows
    assert {1, 2} <= set(home(source, (1, "view"), (0, "view")).rows.tolist())


def test_a_dismissal_leads_nowhere(source: Session) -> None:
    assert home(source, (0, "dismiss")).rows.tolist() == []
