"""Claims:

1. Rows of groups come group after group, most wanted first, inside the mask, with their place within the group.
2. A group is open where one of its rows is inside the mask; a mask that can change is looked at every time.
3. Rows move between groups, and new ones join, without touching what was there before; a few that move or many, the
   groups are those that would be made anew.
"""

import numpy as np
import pytest

from shopkeeper.recall import groups as module
from shopkeeper.recall.groups import NO_GROUP, Groups

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


@pytest.mark.parametrize("few", [0, 1000])
def test_moved_groups_are_those_that_would_be_made_anew(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW", few)
    random = np.random.default_rng(0)
    made = Groups(random.integers(-1, 20, 100).astype(np.int32), 20, random.integers(0, 4, 100).astype(np.float32))
    for n_groups in range(21, 60):
        n = len(made.group_of) + int(random.integers(2))
        rows = np.append(random.permutation(n - 1)[: int(random.integers(0, 9))], n - 1).astype(np.int32)
        to = random.integers(-1, n_groups, len(rows)).astype(np.int32)
        made = made.moved(rows, to, n_groups)
        anew = Groups(made.group_of, n_groups, made.priority)
        assert made.group_of[rows].tolist() == to.tolist()
        every = np.arange(n_groups, dtype=np.int32)
        assert [own.tolist() for own in made.rows_of(every, None)] == [
            own.tolist() for own in anew.rows_of(every, None)
        ]
        assert made.all_rows(None).tolist() == anew.all_rows(None).tolist()
        assert (made.group_of == NO_GROUP).sum() == n - len(made.all_rows(None))
