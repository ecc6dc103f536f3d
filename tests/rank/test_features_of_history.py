"""Features that come from the portrait.

The world: shopper 0 bought 1 and 2 on day 0, 1 on day 10, 1 and 3 on day 20; shopper 1 bought 1 on day 19.
All ask on day 24.

1. counts: baskets, their share, and faded counts 2^(-age / half-life), also as a share of all.
2. recency: days and baskets since the last purchase, since the first, and share of the baskets since then.
3. interval: the mean gap, its spread, and the time since the last purchase in gaps; one repeat leans on everybody's.
4. affinity: the class's share of faded purchases and the product's part of its class.
5. shopper: the same for all candidates of a request.
6. price: the log price beside the mean log price of what was bought; no noise tells one moment from the next.
7. interest: faded looks by kind, the last of them, and what speaks against.
8. session: this session's events with the product and around it; nothing without a session.
9. A request of a batch gets what it would get alone.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.testing.worlds import Visit, ask, catalog, interactions, portrait, snapshot
from shopkeeper.types import Request
from tests.rank.worlds import batch, candidates, column, feature

DAY = 24.0
BASKETS: list[Visit] = [
    (0, 1, 0.0, "purchase"),
    (0, 2, 0.0, "purchase"),
    (0, 1, 10.0, "purchase"),
    (0, 1, 20.0, "purchase"),
    (0, 3, 20.0, "purchase"),
    (1, 1, 19.0, "purchase"),
]
LOG = interactions(BASKETS)
SHELF = catalog(["a", "b", "c", "d", "e"])
ASKED = batch(LOG, [0], DAY)
FOUND = candidates([[1, 2, 3, 4]])


def equal(values: list[float], expected: Sequence[float | None]) -> None:
    """Equal to five places; None stands for NaN."""
    wanted = [float("nan") if value is None else value for value in expected]
    assert values == pytest.approx(wanted, abs=1e-4, nan_ok=True)


def test_counts_are_of_baskets_and_their_share() -> None:
    made = feature("counts")
    equal(column("baskets", ASKED, FOUND, made), [3, 1, 1, 0])
    equal(column("basket_share", ASKED, FOUND, made), [3 / 3, 1 / 3, 1 / 3, 0])


def test_counts_fade_by_half_life() -> None:
    made = feature("counts", half_lives_days=(10.0,))
    one, two, three = 2**-2.4 + 2**-1.4 + 2**-0.4, 2**-2.4, 2**-0.4
    equal(column("faded_10d", ASKED, FOUND, made), [one, two, three, 0])
    equal(column("faded_share_10d", ASKED, FOUND, made), [part / (one + two + three) for part in (one, two, three, 0)])


def test_a_product_counts_once_a_basket_whatever_its_lines() -> None:
    twice = interactions([(0, 1, 3.0, "purchase"), (0, 1, 3.0, "purchase"), (0, 1, 4.0, "view")])
    equal(column("baskets", batch(twice, [0], DAY), candidates([[1]]), feature("counts")), [1])


def test_baskets_that_interleave_are_counted_by_their_newest_line() -> None:
    lines = interactions([(0, 1, 1.0, "purchase"), (0, 1, 2.0, "purchase"), (0, 2, 3.0, "purchase")])
    phone, laptop = 0, 1  # the phone's basket is the newer one: its bread came last
    mixed = batch(dataclasses.replace(lines, baskets=np.array([phone, laptop, phone], np.int32)), [0], DAY)
    found = candidates([[1, 2, 3]])
    equal(column("baskets_since", mixed, found, feature("recency")), [0, 0, None])
    equal(column("baskets_gap", mixed, found, feature("interval")), [1, None, None])


def test_recency_is_in_days_and_in_baskets() -> None:
    made = feature("recency")
    equal(column("days_since", ASKED, FOUND, made), [4, 24, 4, None])
    equal(column("baskets_since", ASKED, FOUND, made), [0, 2, 0, None])
    equal(column("days_known", ASKED, FOUND, made), [24, 24, 4, None])
    equal(column("share_since_known", ASKED, FOUND, made), [3 / 3, 1 / 3, 1 / 1, None])
    equal(column("in_last_5", ASKED, FOUND, made), [3 / 3, 1 / 3, 1 / 3, 0])


def test_the_rhythm_is_the_mean_gap_and_due_counts_in_gaps() -> None:
    made = feature("interval", prior=2.0)
    made.fit(snapshot(SHELF, BASKETS, DAY))
    equal(column("own_gap", ASKED, FOUND, made), [10, None, None, None])
    equal(column("own_due", ASKED, FOUND, made), [0.4, None, None, None])
    equal(column("baskets_gap", ASKED, FOUND, made), [1, None, None, None])
    # everybody's gap is 10 too: (20 + 2 * 10) / (2 + 2) = 10; row 2 has only everybody's: 24 / 10
    equal(column("due", ASKED, FOUND, made), [0.4, 2.4, 0.4, None])


def test_an_uneven_rhythm_has_a_spread() -> None:
    uneven = interactions([(0, 1, 0.0, "purchase"), (0, 1, 4.0, "purchase"), (0, 1, 16.0, "purchase")])
    made = feature("interval")
    made.fit(snapshot(SHELF, BASKETS, DAY))
    # gaps 4 and 12: mean 8, standard deviation 4, spread 4 / 8
    equal(column("own_spread", batch(uneven, [0], DAY), candidates([[1]]), made), [sqrt((16 + 144) / 2 - 64) / 8])


def test_the_gap_of_a_product_is_drawn_towards_that_of_all() -> None:
    visits: list[Visit] = [
        (0, 1, 0.0, "purchase"),
        (0, 1, 4.0, "purchase"),
        (0, 2, 0.0, "purchase"),
        (0, 2, 8.0, "purchase"),
    ]
    made = feature("interval", prior=3.0)
    made.fit(snapshot(SHELF, visits, DAY))
    # all gaps: (4 + 8) / 2 = 6
    expected = [(4 + 3 * 6) / (1 + 3), (8 + 3 * 6) / (1 + 3), 6]
    equal(column("product_gap", ASKED, candidates([[1, 2, 9]]), made), expected)


def test_affinity_is_the_share_of_the_class_and_the_part_of_the_product() -> None:
    classes = np.array([0, 0, 1, 1, 0], np.int32)
    made = feature("affinity", half_life_days=1e9)
    made.fit(snapshot(replace(SHELF, departments=classes), BASKETS, DAY))
    # five purchases: three of class 0 (row 1), two of class 1 (rows 2 and 3)
    equal(column("department_share", ASKED, FOUND, made), [3 / 5, 2 / 5, 2 / 5, 3 / 5])
    equal(column("department_part", ASKED, FOUND, made), [3 / 3, 1 / 2, 1 / 2, 0])
    equal(column("department_products", ASKED, FOUND, made), [1, 2, 2, 1])
    equal(column("department_days_since", ASKED, FOUND, made), [4, 4, 4, 4])


def test_the_shelf_is_the_first_two_steps_of_the_category() -> None:
    paths = [("food", "fruit", "apples"), ("food", "fruit", "pears"), ("food", "bread")]
    shelf = replace(SHELF, categories=np.array([2, 0, 1, 2, 2], np.int32), category_paths=paths)
    made = feature("affinity", half_life_days=1e9)
    made.fit(snapshot(shelf, BASKETS, DAY))
    equal(column("shelf_share", ASKED, FOUND, made), [4 / 5, 4 / 5, 1 / 5, 1 / 5])


def test_the_shopper_is_the_same_for_all_candidates() -> None:
    made = feature("shopper")
    equal(column("baskets", ASKED, FOUND, made), [3] * 4)
    equal(column("days_since", ASKED, FOUND, made), [4] * 4)
    equal(column("days_between", ASKED, FOUND, made), [10] * 4)
    equal(column("basket_size", ASKED, FOUND, made), [5 / 3] * 4)
    equal(column("repeat_share", ASKED, FOUND, made), [2 / 5] * 4)


def test_price_is_seen_beside_what_the_shopper_usually_takes() -> None:
    prices = np.array([1, 2, 4, np.nan, 8])
    made = feature("price", half_life_days=1e9)
    made.fit(snapshot(replace(SHELF, prices=prices), BASKETS, DAY))
    usual = (3 * log(2) + log(4)) / 4
    equal(column("log", ASKED, FOUND, made), [log(2), log(4), None, log(8)])
    equal(column("beside_usual", ASKED, FOUND, made), [log(2) - usual, log(4) - usual, None, log(8) - usual])


def test_the_price_beside_the_usual_is_the_same_a_moment_later() -> None:
    prices = np.array([1, 2.99, 7.77, 3.33, 2.99])
    bought: list[Visit] = [(0, 1, day, "purchase") for day in (0.0, 7.3, 11.9)]
    made, log_of_all = feature("price", half_life_days=7.0), interactions(bought)
    made.fit(snapshot(replace(SHELF, prices=prices), bought, DAY))
    moments = np.linspace(DAY, DAY + 1, 50)
    seen = {tuple(made.values(batch(log_of_all, [0], day), FOUND)[:, 1].tolist()) for day in moments}
    # all cost the same, so only the rounding of the fading weights could tell moments apart
    assert len(seen) == 1


def test_interest_fades_by_kind_and_remembers_what_speaks_against() -> None:
    looks = interactions(
        [
            (0, 1, 10.0, "view"),
            (0, 1, 17.0, "view"),
            (0, 1, 24.0, "click"),
            (0, 2, 23.0, "refund"),
            (0, 3, 1.0, "purchase"),
        ]
    )
    asked, made = batch(looks, [0], DAY), feature("interest", half_life_days=7.0)
    equal(column("view", asked, FOUND, made), [1 / 4 + 1 / 2, 0, 0, 0])
    equal(column("click", asked, FOUND, made), [1, 0, 0, 0])
    equal(column("days_since", asked, FOUND, made), [0, 1, None, None])
    equal(column("against", asked, FOUND, made), [0, 1, 0, 0])


def test_the_session_counts_events_with_the_product_and_around_it() -> None:
    shelf = replace(SHELF, departments=np.array([0, 0, 1, 1, 0], np.int32))
    made = feature("session")
    made.fit(snapshot(shelf, BASKETS, DAY))
    inside = [(1, "view", 23.9), (2, "add_to_cart", 23.95), (3, "add_to_cart", 23.96), (3, "remove_from_cart", 23.97)]
    asked = ask(Request(request_id="r", scene="home", day=DAY, user=0), portrait(LOG, 0, inside))
    equal(column("events", asked, FOUND, made), [4] * 4)
    equal(column("product_events", asked, FOUND, made), [1, 1, 2, 0])
    equal(column("in_cart", asked, FOUND, made), [0, 1, 0, 0])
    equal(column("department_share", asked, FOUND, made), [1 / 4, 3 / 4, 3 / 4, 1 / 4])
    equal(column("events", ASKED, FOUND, made), [0] * 4)


@pytest.mark.parametrize("name", plugins.names("feature"))
def test_a_request_of_a_batch_gets_what_it_would_get_alone(name: str) -> None:
    made = feature(name)
    vectors = np.eye(5, dtype=np.float32)
    made.fit(snapshot(SHELF, BASKETS, DAY, vectors))
    together = made.values(batch(LOG, [0, -1, 1], DAY), candidates([[1, 2, 3, 4], [1], [2, 1]]))
    alone = [
        made.values(batch(LOG, [user], DAY), candidates([rows]))
        for user, rows in ((0, [1, 2, 3, 4]), (-1, [1]), (1, [2, 1]))
    ]
    assert together.shape == (7, len(made.names)) and together.dtype == np.float32
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=1e-6)


def test_variants_share_their_groups_affinity() -> None:
    made = feature("affinity", half_life_days=1e9)
    made.fit(snapshot(replace(SHELF, groups=np.array([0, 1, 2, 2, 4], np.int32)), BASKETS, DAY))
    equal(column("group_share", ASKED, FOUND, made), [3 / 5, 2 / 5, 2 / 5, 0])
    made.fit(snapshot(SHELF, BASKETS, DAY))
    equal(column("group_share", ASKED, FOUND, made), [3 / 5, 1 / 5, 1 / 5, 0])
