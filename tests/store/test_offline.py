"""Offline tables over worlds made by hand.

1. Popularity halves every half-life, leaves out other actions and what is not yet past.
2. Single views one after another count 1 / distance, up to the window, in the order seen.
3. Products of one basket count the mean of 1 / distance over every order of the basket, the same both ways.
4. Baskets count from the earlier to the later by the mean distance of their lines, up to the gap.
5. Large baskets, pairs below the weight and a product with itself are left out.
6. Repeat intervals count a moment once and add up over shoppers; who came back for a good did so on a later day.
7. A buyer came back who took the product in two baskets; what was in one basket may be in the very next.
8. Baskets stand in the order of their first lines, also where they overlap or start at one moment.
9. A label is the best that a shopper did inside the window, or in its first basket there.
10. Counts are of lines, by action; a product's first day is the earliest of anybody's; a row without a line gets what
    stands for missing.
11. Every expression compiles for other engines, unchanged.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from math import isclose

import ibis
import numpy as np
import pyarrow as pa
import pytest

from shopkeeper.store import offline
from shopkeeper.store.offline import Nearness
from shopkeeper.store.snapshot import interactions_table
from shopkeeper.testing import worlds

ANN, BOB = 0, 1
TEA, MUG, JAM, HAM = 0, 1, 2, 3


def interactions(*visits: worlds.Visit) -> ibis.Table:
    return interactions_table(worlds.interactions(visits))


def pairs(table: ibis.Table, **nearness: float) -> dict[tuple[int, int], float]:
    found = offline.cooccurrence(table, Nearness(**{"min_weight": 0.0, **nearness})).to_pyarrow().to_pylist()  # type: ignore[arg-type]
    return {(line["row"], line["other"]): line["weight"] for line in found if line["weight"] > 0}


def in_baskets(visits: Sequence[worlds.Visit], baskets: Sequence[int]) -> ibis.Table:
    return interactions_table(replace(worlds.interactions(visits), baskets=np.array(baskets, np.int32)))


def lines_of(table: ibis.Table) -> list[dict[str, float]]:
    lines: list[dict[str, float]] = table.order_by("row").to_pyarrow().to_pylist()
    return lines


def close(found: dict[tuple[int, int], float], expected: dict[tuple[int, int], float]) -> bool:
    return found.keys() == expected.keys() and all(isclose(found[pair], expected[pair]) for pair in expected)


@pytest.mark.parametrize("half_life", [1.0, 7.0, 60.0])
def test_popularity_halves_every_half_life(half_life: float) -> None:
    table = interactions(
        (ANN, TEA, 0.0, "purchase"),
        (BOB, TEA, 7.0, "purchase"),
        (BOB, MUG, 13.0, "purchase"),
        (BOB, MUG, 14.0, "purchase"),
        (ANN, JAM, 13.0, "view"),
    )
    found = offline.popularity(table, 14.0, half_life).to_pyarrow().to_pylist()
    weights = {line["row"]: line["weight"] for line in found}
    assert weights == pytest.approx({TEA: 2 ** (-14 / half_life) + 2 ** (-7 / half_life), MUG: 2 ** (-1 / half_life)})
    views = offline.popularity(table, 14.0, half_life, {"view": 1.0}).to_pyarrow().to_pylist()
    assert views == [{"row": JAM, "weight": pytest.approx(2 ** (-1 / half_life))}]


def test_a_sequence_counts_one_over_the_distance() -> None:
    table = interactions(
        (ANN, TEA, 1.0, "click"),
        (ANN, MUG, 2.0, "click"),
        (ANN, JAM, 3.0, "add_to_cart"),
        (ANN, HAM, 4.0, "purchase"),
        (BOB, TEA, 1.0, "click"),
        (BOB, MUG, 2.0, "click"),
        (BOB, HAM, 3.0, "dismiss"),
    )
    assert close(
        pairs(table, window=2),
        {
            (TEA, MUG): 1 / 1 + 1 / 1,
            (TEA, JAM): 1 / 2,
            (MUG, JAM): 1 / 1,
            (MUG, HAM): 1 / 2,
            (JAM, HAM): 1 / 1,
        },
    )
    assert pairs(table, window=3)[TEA, HAM] == pytest.approx(1 / 3)


def test_coming_back_counts_in_the_order_seen() -> None:
    table = interactions((ANN, TEA, 1.0, "click"), (ANN, MUG, 2.0, "click"), (ANN, TEA, 3.0, "click"))
    assert close(pairs(table), {(TEA, MUG): 1.0, (MUG, TEA): 1.0})


@pytest.mark.parametrize(("n", "window"), [(2, 8), (3, 8), (5, 8), (5, 2)])
def test_a_basket_counts_the_mean_over_its_orders(n: int, window: int) -> None:
    table = interactions(*((ANN, row, 5.0, "purchase") for row in range(n)), (ANN, 0, 5.0, "purchase"))
    orders = list(permutations(range(n)))
    ahead = [order.index(1) - order.index(0) for order in orders]
    mean = sum(1 / distance for distance in ahead if 0 < distance <= window) / len(orders)
    expected = {(row, other): mean for row in range(n) for other in range(n) if row != other}
    assert close(pairs(table, window=window), expected)


def test_baskets_count_by_the_mean_distance_of_their_lines() -> None:
    table = interactions(
        (ANN, TEA, 1.0, "purchase"),
        (ANN, MUG, 1.0, "purchase"),
        (ANN, JAM, 4.0, "purchase"),
        (ANN, HAM, 9.0, "purchase"),
        (ANN, TEA, 9.0, "purchase"),
    )
    two, next_one, over_one = 1 / 2, 1 / ((2 + 1) / 2), 1 / ((2 + 2) / 2 + 1)
    expected = {
        (TEA, MUG): two,
        (MUG, TEA): two + over_one,
        (TEA, JAM): next_one,
        (MUG, JAM): next_one,
        (JAM, HAM): next_one,
        (JAM, TEA): next_one,
        (TEA, HAM): over_one + two,
        (HAM, TEA): two,
        (MUG, HAM): over_one,
    }
    assert close(pairs(table), expected)
    near = pairs(table, gap_days=4.0)
    assert (TEA, JAM) in near and (JAM, HAM) not in near
    assert (MUG, HAM) not in pairs(table, window=2)


def test_large_baskets_and_light_pairs_are_left_out() -> None:
    table = interactions(
        *((ANN, row, 5.0, "purchase") for row in range(3)), (BOB, TEA, 1.0, "purchase"), (BOB, MUG, 1.0, "purchase")
    )
    assert close(pairs(table, basket_lines=2), {(TEA, MUG): 1 / 2, (MUG, TEA): 1 / 2})
    three = (1 / 1 * 2 + 1 / 2 * 1) / (3 * 2)
    assert pairs(table)[TEA, JAM] == pytest.approx(three)
    assert set(pairs(table, min_weight=three + 0.01)) == {(TEA, MUG), (MUG, TEA)}


def test_repeat_intervals_count_a_moment_once_and_add_up() -> None:
    table = interactions(
        (ANN, TEA, 10.25, "purchase"),
        (ANN, TEA, 10.25, "purchase"),
        (ANN, TEA, 10.75, "purchase"),
        (ANN, TEA, 20.0, "purchase"),
        (ANN, MUG, 11.0, "purchase"),
        (ANN, MUG, 12.0, "click"),
        (BOB, TEA, 10.0, "purchase"),
        (BOB, TEA, 12.0, "purchase"),
    )
    assert lines_of(offline.repeat_intervals(table)) == [
        {"row": TEA, "n_intervals": 2 + 1, "days": (20.0 - 10.25) + 2.0},
        {"row": MUG, "n_intervals": 0, "days": 0.0},
    ]
    clicks = offline.repeat_intervals(table, ("click", "purchase"))
    assert lines_of(clicks)[1] == {"row": MUG, "n_intervals": 1, "days": 1.0}


def test_returns_wait_for_the_same_good_until_the_shopper_was_last_seen() -> None:
    table = interactions(
        (ANN, TEA, 10.25, "purchase"),
        (ANN, TEA, 10.75, "purchase"),  # the same day is no return
        (ANN, MUG, 14.5, "purchase"),  # the mug is a variant of the tea here
        (ANN, TEA, 30.0, "purchase"),  # a third time says nothing of the first
        (BOB, TEA, 10.0, "purchase"),
        (BOB, JAM, 22.0, "purchase"),
        (BOB, TEA, 40.0, "view"),
    )
    rows = {"row": [TEA, MUG, JAM], "good": [7, 7, 8], "klass": [1, 1, 2]}
    found = offline.returns(table, ibis.memtable(pa.table(rows))).to_pyarrow().to_pylist()
    assert sorted(tuple(line.values()) for line in found) == [(1, 4.0, 1, 1), (1, 12.0, 0, 1), (2, 0.0, 0, 1)]


def test_a_buyer_came_back_in_another_basket() -> None:
    table = interactions(
        (ANN, TEA, 1.0, "purchase"),
        (ANN, TEA, 1.5, "purchase"),
        (ANN, TEA, 3.0, "purchase"),
        (BOB, TEA, 2.0, "purchase"),
        (BOB, TEA, 2.0, "purchase"),
        (BOB, MUG, 2.0, "purchase"),
        (BOB, MUG, 5.0, "view"),
    )
    assert lines_of(offline.buyers(table)) == [
        {"row": TEA, "buyers": 2, "back": 1},
        {"row": MUG, "buyers": 1, "back": 0},
    ]


def test_what_is_in_one_basket_may_be_in_the_very_next() -> None:
    table = interactions(
        (ANN, TEA, 1.0, "purchase"),
        (ANN, TEA, 1.5, "purchase"),
        (ANN, MUG, 1.0, "purchase"),
        (ANN, JAM, 2.0, "view"),
        (ANN, TEA, 3.0, "purchase"),
        (ANN, MUG, 9.0, "purchase"),
        (BOB, TEA, 2.0, "purchase"),
    )
    # Ann's baskets: tea and mug, tea, mug; what she only looked at fills none, and nothing follows Bob's
    assert lines_of(offline.next_baskets(table)) == [
        {"row": TEA, "followed": 2, "again": 1},
        {"row": MUG, "followed": 1, "again": 0},
    ]


def test_overlapping_baskets_stand_in_the_order_of_their_first_lines() -> None:
    visits = [(ANN, TEA, 1.0, "purchase"), (ANN, MUG, 1.1, "purchase"), (ANN, JAM, 1.2, "purchase")]
    table = in_baskets([*visits, (ANN, JAM, 9.0, "purchase")], [4, 5, 4, 6])
    # jam came into basket 4 after 5 was begun, yet 5 is the one that follows 4
    assert lines_of(offline.next_baskets(table)) == [{"row": row, "followed": 1, "again": 0} for row in (TEA, MUG, JAM)]


def test_of_baskets_at_one_moment_the_lower_number_is_the_first() -> None:
    table = in_baskets([(ANN, TEA, 1.0, "purchase"), (ANN, MUG, 1.0, "click"), (ANN, TEA, 2.0, "purchase")], [9, 4, 12])
    followed = offline.next_baskets(table, ("click", "purchase"))
    assert lines_of(followed) == [{"row": TEA, "followed": 1, "again": 1}, {"row": MUG, "followed": 1, "again": 0}]
    assert lines_of(offline.labels(table, 0.0, 7.0, first_basket=True)) == [{"user": ANN, "row": MUG, "label": 1}]


def test_a_label_is_the_best_inside_the_window() -> None:
    table = interactions(
        (ANN, TEA, 6.9, "purchase"),
        (ANN, TEA, 7.0, "click"),
        (ANN, MUG, 8.0, "click"),
        (ANN, MUG, 9.0, "purchase"),
        (ANN, MUG, 10.0, "add_to_cart"),
        (BOB, JAM, 13.9, "add_to_cart"),
        (BOB, JAM, 14.0, "purchase"),
        (BOB, HAM, 8.0, "view"),
    )
    found = offline.labels(table, 7.0, 14.0).to_pyarrow().to_pylist()
    assert {(line["user"], line["row"]): line["label"] for line in found} == {
        (ANN, TEA): 1,
        (ANN, MUG): 3,
        (BOB, JAM): 2,
    }


def test_the_first_basket_is_the_first_with_something_wanted() -> None:
    table = interactions(
        (ANN, TEA, 7.0, "view"),
        (ANN, TEA, 8.2, "click"),
        (ANN, MUG, 8.9, "purchase"),
        (ANN, JAM, 9.0, "purchase"),
        (BOB, TEA, 6.0, "purchase"),
        (BOB, HAM, 13.0, "add_to_cart"),
    )
    found = offline.labels(table, 7.0, 14.0, first_basket=True).to_pyarrow().to_pylist()
    assert {(line["user"], line["row"]): line["label"] for line in found} == {
        (ANN, TEA): 1,
        (ANN, MUG): 3,
        (BOB, HAM): 2,
    }


def test_counts_are_of_lines_with_these_actions() -> None:
    table = interactions(*[(ANN, TEA, 3.0, "purchase")] * 2, (BOB, TEA, 2.0, "purchase"), (BOB, JAM, 5.0, "click"))
    assert lines_of(offline.counts(table)) == [{"row": TEA, "n": 3}]
    assert lines_of(offline.counts(table, ("click", "purchase"))) == [{"row": TEA, "n": 3}, {"row": JAM, "n": 1}]


def test_a_row_without_a_line_gets_what_stands_for_missing() -> None:
    table = interactions((ANN, MUG, 3.0, "view"), (BOB, MUG, 2.0, "purchase"), (BOB, JAM, 5.0, "dismiss"))
    first = offline.by_row(offline.first_days(table), "day", 4, np.nan)
    np.testing.assert_array_equal(first, [np.nan, 2.0, 5.0, np.nan])
    counts = offline.columns_by_row(offline.buyers(table), ("back", "buyers"), 4)
    assert [own.tolist() for own in counts] == [[0, 0, 0, 0], [0, 1, 0, 0]]
    assert all(own.dtype == np.float64 for own in counts)


@pytest.mark.parametrize("engine", ["postgres", "snowflake", "bigquery", "trino", "clickhouse"])
def test_every_expression_compiles_for_another_engine(engine: str) -> None:
    schema = {
        "user": "int32",
        "row": "int32",
        "day": "float64",
        "action": "int8",
        "quantity": "float32",
        "basket": "int32",
    }
    table = ibis.table(schema, name="interactions")
    expressions = [
        offline.popularity(table, 10.0, 7.0),
        offline.cooccurrence(table),
        offline.repeat_intervals(table),
        offline.returns(table, ibis.table({"row": "int32", "good": "int32", "klass": "int32"}, name="classes")),
        offline.hours(table, ibis.table({"row": "int32", "klass": "int32"}, name="classes"), 8.0),
        offline.buyers(table),
        offline.next_baskets(table),
        offline.counts(table),
        offline.first_days(table),
        offline.labels(table, 0.0, 7.0),
        offline.labels(table, 0.0, 7.0, first_basket=True),
    ]
    for expression in expressions:
        assert "interactions" in ibis.to_sql(expression, dialect=engine)
