"""Texts that belong together. Claims:

1. what is bought together is a pair of texts in both directions: products of one text count as one, and never pair with
   each other; the weight is that of `offline.cooccurrence`.
2. a search pairs with what was clicked or bought from its page, by depth and by how far down it stood; pages without
   words, events of no grade and products without a text pair with nothing.
3. nothing of the given day or later counts, neither a purchase, nor a page, nor an event about an earlier page.
4. a title pairs with what is said beside it, once; with nothing, and with itself, it does not.
5. pairs with a held-out text go; pairs are drawn by their weights, and smoothing evens them out; shares say how often a
   text is the right one.
"""

from collections.abc import Sequence
from math import log2

import numpy as np
import pytest

from shopkeeper.encode.pairs import Pairs, asked, described, together
from shopkeeper.exposure import Exposure
from shopkeeper.feedback.joins import outcomes
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.store.snapshot import interactions_table
from shopkeeper.testing import worlds
from shopkeeper.types import NO_ROWS, Action, Event, FloatArray

TEXTS = ["tea", "milk", "tea", "jam"]
TEXT_OF = {"p0": "tea", "p1": "milk"}


def named(pairs: Pairs) -> dict[tuple[str, str], float]:
    places = zip(pairs.lefts.tolist(), pairs.rights.tolist(), pairs.weights.tolist(), strict=True)
    return {(pairs.texts[left], pairs.texts[right]): weight for left, right, weight in places}


def bought(lines: Sequence[tuple[int, int, float]], before: float) -> dict[tuple[str, str], float]:
    log = worlds.interactions([(user, row, day, "purchase") for user, row, day in lines])
    return named(together(interactions_table(log), TEXTS, before))


def page(query: str = "hot tea", at: float = 1.0, products: Sequence[str] = ("p1", "p0")) -> Exposure:
    n = len(products)
    return Exposure(
        request_id="r", timestamp=at * SECONDS_A_DAY, scene="search", user_id="", session_id="", query=query,
        version="", variant="", product_ids=tuple(products), positions=tuple(range(2, 2 + n)), scores=(0.0,) * n,
        propensities=(1.0,) * n, feature_names=(), rows=_no_features,
    )  # fmt: skip


def _no_features() -> FloatArray:
    return np.empty((0, 0), np.float32)


def event(product: str, action: Action, at: float = 1.5) -> Event:
    return Event(
        event_id=f"{product}{action}", timestamp=at * SECONDS_A_DAY, action=action, product_id=product, request_id="r"
    )


def test_products_of_one_text_count_as_one_and_pair_with_others_in_both_directions() -> None:
    found = bought([(0, 0, 1.0), (0, 1, 1.0), (0, 2, 1.0)], before=9.0)
    # two different texts in one basket stand beside each other: 1 / distance, half in each order
    assert found == pytest.approx({("tea", "milk"): 0.5, ("milk", "tea"): 0.5})


def test_what_is_bought_on_the_day_or_later_is_not_known() -> None:
    lines = [(0, 0, 1.0), (0, 1, 1.0), (1, 0, 2.0), (1, 3, 2.0)]
    assert set(bought(lines, before=2.0)) == {("tea", "milk"), ("milk", "tea")}
    assert ("tea", "jam") in bought(lines, before=2.1)


def test_a_search_pairs_with_what_was_taken_by_depth_and_position() -> None:
    events = [event("p1", "click"), event("p0", "purchase"), event("p9", "click"), event("p0", "dismiss")]
    found = named(asked([(page(), events)], outcomes, TEXT_OF, before=9.0))
    assert found == pytest.approx({("hot tea", "milk"): 1 * log2(4), ("hot tea", "tea"): 3 * log2(5)})
    unnamed = [(page(products=("p9",)), [event("p9", "click")]), (page(" "), [event("p0", "click")])]
    assert not len(asked([*unnamed, (page(), [event("p0", "view")])], outcomes, TEXT_OF, before=9.0))


def test_pages_and_events_of_the_day_or_later_are_not_known() -> None:
    pages = [(page(), [event("p1", "click"), event("p0", "click", at=2.0)]), (page("jam", 2.0), [event("p0", "click")])]
    assert set(named(asked(pages, outcomes, TEXT_OF, before=2.0))) == {("hot tea", "milk")}
    assert asked(pages, outcomes, TEXT_OF, before=2.0).kind == "query"


def test_a_title_pairs_once_with_what_is_said_beside_it() -> None:
    found = described(["tea", "tea", "jam", "milk"], ["green", "green", " ", "milk"])
    assert (named(found), found.kind) == ({("tea", "green"): 1.0}, "passage")


def test_held_out_texts_go_and_draws_follow_the_weights() -> None:
    ends, weights = np.array([[0, 1], [1, 2], [2, 0]], np.int32), np.array([8.0, 1.0, 1.0], np.float32)
    pairs = Pairs(["a", "b", "c"], ends[:, 0], ends[:, 1], weights)
    assert named(pairs.without(np.array([False, False, True]))) == {("a", "b"): 8.0}
    assert pairs.shares.tolist() == pytest.approx([0.1, 0.8, 0.1])
    assert pairs.smoothed(0.0).shares.tolist() == pytest.approx([1 / 3] * 3)
    counts = np.bincount(pairs.drawn(2000, np.random.default_rng(0)), minlength=3)
    assert (counts / 2000).tolist() == pytest.approx([0.8, 0.1, 0.1], abs=0.03)
    nobody = Pairs([], NO_ROWS, NO_ROWS, np.empty(0, np.float32))
    assert len(nobody) == 0
