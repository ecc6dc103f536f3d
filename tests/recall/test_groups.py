"""Claims:

1. Rows of groups come group after group, most wanted first, inside the mask, with their place within the group.
2. A group is open where one of its rows is inside the mask; a mask that can change is looked at every time.
3. Rows move between groups, and new ones join, without touching what was there before.
"""

import numpy as np

from shopkeeper.recall.groups import Groups

GROUPS = Groups(np.array([1, 0, 1, -1, 1], np.int32), 3, np.array([0, 0, 5, 9, 2], np.float32))
ALL = np.ones(5, bool)


def test_rows_come_group_after_group_most_wanted_first() -> None:
    rows, position, place = GROUPS.rows_of(np.array([1, 2, 0], np.int32), None)
    assert rows.tolist() == [2, 4, 0, 1]
    assert position.tolist() == [0, 0, 0, 2]
    assert place.tolist() == [0, 1, 2, 0]


def test_places_count_only_what_is_inside_the_mask() -> None:
    rows, _, place = GROUPS.rows_of(np.array([1], np.int32), np.array([1, 1, 0, 1, 1], bool))
    assert rows.tolist() == [4, 0]
    assert place.tolist() == [0, 1]


def test_a_group_is_open_where_one_of_its_rows_is() -> None:
    mask = np.array([0, 1, 0, 1, 0], bool)
    assert GROUPS.open(mask).tolist() == [True, False, False]
    mask[1], mask[4] = False, True
    assert GROUPS.open(mask).tolist() == [False, True, False]
    fixed = ALL.copy()
    fixed.flags.writeable = False
    assert GROUPS.open(fixed).tolist() == [True, True, False]
    assert GROUPS.open(fixed) is GROUPS.open(fixed)


def test_rows_move_and_join_without_touching_what_was() -> None:
    moved = GROUPS.moved(np.array([2, 6], np.int32), np.array([0, 3], np.int32), 4)
    assert moved.rows_of(np.array([0, 1, 3], np.int32), None)[0].tolist() == [2, 1, 4, 0, 6]
    assert GROUPS.rows_of(np.array([0], np.int32), None)[0].tolist() == [1]
