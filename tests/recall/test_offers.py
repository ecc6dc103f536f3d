"""From scored rows to offers.

1. Distinct rows are each of the rows once, of none nothing.
2. The best come first, equal scores by row; a mask takes out what it does not let through, also what lies beyond it.
"""

import numpy as np

from shopkeeper.recall.offers import best, last_places


def test_distinct_rows_are_each_row_once() -> None:
    rows = np.array([7, 2, 7, 90_000, 2, 0], np.int32)
    last, once = last_places(rows)
    assert sorted(rows[once].tolist()) == [0, 2, 7, 90_000]
    assert rows[last].tolist() == rows.tolist()
    assert once.tolist() == sorted(set(last.tolist()))
    assert [part.tolist() for part in last_places(rows[:0])] == [[], []]


def test_the_best_come_first_inside_the_mask() -> None:
    rows, scores = np.array([4, 1, 3, 2], np.int32), np.array([1, 2, 2, 3], np.float32)
    assert best(rows, scores, 3).rows.tolist() == [2, 1, 3]
    assert best(rows, scores, 3, np.array([True, False, True, True])).rows.tolist() == [2, 3]
    assert best(rows, scores, 3, np.ones(5, bool)).rows.tolist() == [2, 1, 3]
