"""Lines met with candidates.

1. Sums, sizes, the first and the last are those of the lines with the candidate's key, however large the keys are.
2. A candidate without lines gets 0, 0, NaN and NaN; no lines at all are fine.
3. Of each group one line is marked, and the order lays lines group by group as they came.
4. A product counts once a basket, also where basket numbers are too large to be packed into one key.
5. What lies beyond a column's end is missing; columns stand side by side in float32.
"""

import numpy as np
import pytest

from shopkeeper.rank.pairs import Groups, Lines, side_by_side, taken

# the keys themselves, a table by key, a sort
WIDTHS = (1, 1000, 1 << 40)
LINE_KEYS = np.array([7, 2, 7, 5, 2, 7])
VALUES = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
CANDIDATE_KEYS = np.array([2, 7, 3, 9, 5, 2])


@pytest.mark.parametrize("width", WIDTHS)
def test_each_candidate_gets_what_the_lines_of_its_key_say(width: int) -> None:
    groups = Groups(LINE_KEYS * width, CANDIDATE_KEYS * width)
    assert groups.sums(VALUES).tolist() == [2 + 16, 1 + 4 + 32, 0, 0, 8, 2 + 16]
    assert groups.sizes().tolist() == [2, 3, 0, 0, 1, 2]
    np.testing.assert_array_equal(groups.first(VALUES), [2, 1, np.nan, np.nan, 8, 2])
    np.testing.assert_array_equal(groups.last(VALUES), [16, 32, np.nan, np.nan, 8, 16])


@pytest.mark.parametrize("width", WIDTHS)
def test_no_lines_give_nothing_to_any_candidate(width: int) -> None:
    groups = Groups(np.empty(0, np.int64), CANDIDATE_KEYS * width)
    assert groups.sums(np.empty(0)).tolist() == groups.sizes().tolist() == [0] * 6
    assert np.isnan(groups.last(np.empty(0))).all()
    assert Groups(LINE_KEYS * width, np.empty(0, np.int64)).first(VALUES).shape == (0,)


@pytest.mark.parametrize("width", WIDTHS)
def test_each_group_ends_with_its_last_line(width: int) -> None:
    groups = Groups(LINE_KEYS * width, CANDIDATE_KEYS * width)
    assert groups.ends.tolist() == sorted(np.flatnonzero(key == LINE_KEYS).max() for key in (2, 5, 7))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_order_lays_lines_group_by_group_as_they_came(width: int) -> None:
    order = Groups(LINE_KEYS * width, CANDIDATE_KEYS * width).order
    runs = [order[LINE_KEYS[order] == key].tolist() for key in (2, 5, 7)]
    assert runs == [[1, 4], [3], [0, 2, 5]]
    assert np.count_nonzero(np.diff(LINE_KEYS[order])) == 2


@pytest.mark.parametrize(("baskets", "rows"), [(1, 1), (1 << 30, 1 << 40)])
def test_a_product_counts_once_a_basket_however_large_the_numbers(baskets: int, rows: int) -> None:
    request, row = np.array([0, 0, 0, 1, 1]), np.array([3, 3, 3, 3, 3]) * rows
    basket = (np.array([1, 1, 0, 1, 1]) * baskets).astype(np.int32)
    lines = Lines(request, row, np.zeros(5), np.ones(5, np.float32), basket)
    assert lines.once_a_basket().tolist() == [True, False, True, True, False]
    assert len(lines.where(np.zeros(5, bool))) == 0


def test_what_lies_beyond_a_columns_end_is_missing() -> None:
    column = np.array([5.0, 6.0])
    np.testing.assert_array_equal(taken(column, np.array([1, 2, 0]), np.nan), [6, np.nan, 5])
    assert taken(column, np.array([1, 0]), np.nan).tolist() == [6, 5]


def test_columns_stand_side_by_side() -> None:
    table = side_by_side([np.array([1, 2]), np.array([0.5, np.nan])])
    assert table.dtype == np.float32
    np.testing.assert_array_equal(table, [[1, 0.5], [2, np.nan]])
