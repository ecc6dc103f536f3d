"""Claims:

1. The life table is the hazard of each span, drawn to the category above: (back + prior * above) / (could + prior).
2. Where nothing is known the exponential interval at the top decides.
"""

import numpy as np
import pytest

from shopkeeper.arrange.returning import EDGES, N_SPANS, counted, rests


def test_who_came_back_and_who_could() -> None:
    classes, days = np.array([0, 0, 1]), np.array([1.0, 4.0, 9000.0])
    back, could = counted(classes, days, np.array([1, 0, 0]), np.array([3, 2, 7]), 2)
    assert back[0].tolist()[:4] == [0, 3, 0, 0] and not back[1].any()
    assert could[0].tolist()[:6] == [5, 5, 2, 2, 0, 0]  # day 4 is in the span of days 3 and 4
    assert could[1].tolist() == [7] * N_SPANS  # later than the last edge is in the last span


def test_the_rest_is_where_the_drawn_table_reaches_the_chance() -> None:
    back, could = np.zeros((1, N_SPANS)), np.zeros((1, N_SPANS))
    back[0, 2], could[0, :3] = 30.0, 100.0  # of a hundred buyers thirty come back on the third day
    found = rests([("Food", "Milk")], back, could, (10.0, 180.0), 0.1)
    top = -np.expm1(-np.diff(EDGES) / 180.0)
    hazard = top
    for _ in range(3):  # all, Food, Milk: one below another, each with the same counts
        hazard = (back[0] + 10.0 * hazard) / (could[0] + 10.0)
    before = 1.0 - np.prod(1.0 - hazard[:2])
    after = 1.0 - np.prod(1.0 - hazard[:3])
    assert found["Food", "Milk"] == pytest.approx(2.0 + (0.1 - before) / (after - before), rel=1e-9)


def test_nothing_known_rests_by_the_usual_interval() -> None:
    found = rests([], np.zeros((0, N_SPANS)), np.zeros((0, N_SPANS)), (20.0, 180.0), 0.1)
    # straight between the edges 14 and 21 of 1 - exp(-days / 180)
    low, high = 1 - np.exp(-14 / 180), 1 - np.exp(-21 / 180)
    assert found == {(): pytest.approx(14 + 7 * (0.1 - low) / (high - low))}
