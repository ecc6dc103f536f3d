"""Labels and teaching.

1. Labels are what came after the cut, graded purchase 3, cart 2, click 1; the best grade of a product counts.
2. The first basket alone counts unless all are asked for; of two at one moment the lower number is the first.
3. Grades meet candidates by shopper and product, and count what was wanted but not found.
4. Features learn only from before the cut; the table holds no value from after it.
5. Wanted candidates are all taught, with so many of the others; a request without a wanted one is left out.
6. With nothing to learn from the ranker is not taught.
7. A table's columns are named feature.column; what is infinite is unknown.
"""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.rank import train as teaching
from shopkeeper.rank.assemble import assemble
from shopkeeper.rank.labels import Labels, labels_between
from shopkeeper.rank.train import Window, batch_at, grades_of, train
from shopkeeper.store.snapshot import interactions_table
from shopkeeper.testing.worlds import Visit, catalog, interactions, snapshot
from shopkeeper.types import Batch, Candidates, FeatureTable, FloatArray, IntArray, Snapshot
from tests.rank.worlds import batch, candidates, feature

VISITS: list[Visit] = [
    (0, 1, 1.0, "purchase"),
    (0, 2, 5.0, "purchase"),
    (0, 3, 5.0, "click"),
    (0, 3, 5.0, "add_to_cart"),
    (0, 4, 6.0, "purchase"),
    (1, 1, 2.0, "purchase"),
    (1, 5, 5.5, "view"),
    (2, 2, 5.2, "click"),
]
LOG = interactions(VISITS)
TABLE = interactions_table(LOG)
SHELF = catalog([str(row) for row in range(6)])


class Taken:
    """A ranker that keeps what it is taught."""

    def __init__(self) -> None:
        self.lessons: list[tuple[FeatureTable, FloatArray, IntArray]] = []

    def learn(self, table: FeatureTable, labels: FloatArray, offsets: IntArray) -> None:
        self.lessons.append((table, labels, offsets))


def everything(snapshot_: Snapshot, asked: Batch) -> Candidates:
    return candidates([list(range(6))] * len(asked))


def window(start: float, end: float) -> Window:
    return Window(snapshot(SHELF, VISITS, start), labels_between(TABLE, start, end))


def test_labels_are_the_first_basket_after_the_cut_with_the_best_grade() -> None:
    labels = labels_between(TABLE, 4.0, 9.0)
    assert labels.users.tolist() == [0, 2]
    assert labels.offsets.tolist() == [0, 2, 3]
    assert (labels.rows.tolist(), labels.grades.tolist()) == ([2, 3, 2], [3, 2, 1])


def test_all_baskets_count_when_asked_for() -> None:
    labels = labels_between(TABLE, 4.0, 9.0, first_basket=False)
    assert labels.rows.tolist() == [2, 3, 4, 2]


def test_of_two_baskets_at_one_moment_the_lower_number_is_the_first() -> None:
    both = replace(interactions([(0, 2, 5.0, "purchase"), (0, 1, 5.0, "click")]), baskets=np.array([9, 4], np.int32))
    labels = labels_between(interactions_table(both), 4.0, 9.0)
    assert (labels.rows.tolist(), labels.grades.tolist()) == ([1], [1])


def test_labels_are_arrays_of_the_declared_types() -> None:
    for labels in (labels_between(TABLE, 4.0, 9.0), labels_between(TABLE, 7.0, 9.0)):
        kinds = [str(array.dtype) for array in (labels.users, labels.offsets, labels.rows, labels.grades)]
        assert kinds == ["int32", "int64", "int32", "float32"]
        assert len(labels.offsets) == len(labels.users) + 1


def test_the_start_is_inside_and_the_end_is_not() -> None:
    assert labels_between(TABLE, 1.0, 5.0).rows.tolist() == [1, 1]
    assert labels_between(TABLE, 7.0, 9.0).users.tolist() == []


def test_grades_meet_candidates_by_shopper_and_product() -> None:
    labels = labels_between(TABLE, 4.0, 9.0)
    grades, n_wanted = grades_of(candidates([[3, 5], [2, 3]]), labels, slice(0, 2))
    assert (grades.tolist(), n_wanted) == ([2, 0, 1, 0], 3)
    grades, n_wanted = grades_of(candidates([[2, 3]]), labels, slice(1, 2))
    assert (grades.tolist(), n_wanted) == ([1, 0], 1)


def test_the_table_knows_nothing_from_after_the_cut() -> None:
    ranker, features = Taken(), {name: feature(name) for name in ("popularity", "counts", "repeat", "interval")}
    learnt = train(ranker, features, [window(4.0, 9.0)], everything)  # type: ignore[arg-type]
    ((table, labels, offsets),) = ranker.lessons
    assert (learnt.n_requests, learnt.n_wanted, learnt.n_wanted_found) == (2, 3, 3)
    assert offsets.tolist() == [0, 6, 12]
    assert labels.tolist() == [0, 0, 3, 2, 0, 0, 0, 0, 1, 0, 0, 0]
    before = snapshot(SHELF, [visit for visit in VISITS if visit[2] < 4.0], 4.0)
    for made in features.values():
        made.fit(before)
    asked = batch(interactions([visit for visit in VISITS if visit[2] < 4.0], 3), [0, 2], 4.0)
    np.testing.assert_array_equal(table.values, assemble(features, asked, everything(before, asked)).values)


def test_wanted_candidates_are_taught_with_so_many_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "NEGATIVES", 2)
    ranker = Taken()

    def two_products(snapshot_: Snapshot, asked: Batch) -> Candidates:
        return candidates([[0, 1, 2, 3, 4, 5], [0, 1, 3]])

    learnt = train(ranker, {"counts": feature("counts")}, [window(4.0, 9.0)], two_products)  # type: ignore[arg-type]
    ((_, labels, offsets),) = ranker.lessons
    assert offsets.tolist() == [0, 4]
    assert sorted(labels.tolist()) == [0, 0, 2, 3]
    assert (learnt.n_requests, learnt.n_candidates, learnt.n_wanted, learnt.n_wanted_found) == (1, 4, 3, 2)


def test_several_windows_are_one_lesson() -> None:
    ranker = Taken()
    learnt = train(ranker, {"counts": feature("counts")}, [window(1.0, 3.0), window(4.0, 9.0)], everything)  # type: ignore[arg-type]
    assert learnt.n_requests == 4
    assert [len(offsets) for _, _, offsets in ranker.lessons] == [5]


def test_with_nothing_to_learn_from_the_ranker_is_not_taught() -> None:
    ranker = Taken()
    assert train(ranker, {"counts": feature("counts")}, [window(8.0, 9.0)], everything).n_requests == 0  # type: ignore[arg-type]
    assert ranker.lessons == []


def test_a_batch_at_a_moment_holds_the_snapshots_own_portraits() -> None:
    at = snapshot(SHELF, VISITS, 5.5)
    asked = batch_at(at, np.array([0, 7], np.int32))
    assert [len(portrait.rows) for portrait in asked.portraits] == [4, 0]
    assert {request.day for request in asked.requests} == {5.5}


class Wild:
    """A feature that divides by nothing."""

    names = ("ratio",)

    def values(self, asked: Batch, found: Candidates) -> FloatArray:
        return np.full((len(found.rows), 1), np.inf, np.float32)


def test_columns_carry_their_features_name_and_infinity_is_unknown() -> None:
    found = candidates([[1, 2]])
    table = assemble({"wild": Wild(), "counts": feature("counts")}, batch(LOG, [0], 9.0), found)  # type: ignore[dict-item]
    assert table.names[:2] == ("wild.ratio", "counts.baskets")
    assert np.isnan(table.values[:, 0]).all() and table.values[:, 1].tolist() == [1, 1]


def test_labels_of_nobody_are_empty() -> None:
    labels = Labels(np.empty(0, np.int32), np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    grades, n_wanted = grades_of(candidates([]), labels, slice(0, 0))
    assert (grades.tolist(), n_wanted) == ([], 0)
