"""Claims:

1. a recall of a group counts what is wanted of it alone, of customers who want any, means over runs; `kept` is its part
   of the warm one.
2. the catalogue says of goods that nobody had bought on the day of asking that they came then, of others nothing.
3. of each new product the first lines in the weeks are met, and nobody wants what they bought there any more.
4. the first of each product are those that come first, in whatever order products are.
"""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from benchmarks.cold_retail import WEEKS, _dated, _first_lines, _goods, _told, _unless_met
from benchmarks.first_buyers import first_of_each
from benchmarks.foretold import Lists
from benchmarks.online_retail import Retail
from benchmarks.time_split import Task
from shopkeeper.testing import worlds

NEW, FEW, WARM, NEVER = range(4)


def test_a_recall_counts_what_is_wanted_of_its_group_alone() -> None:
    wanted = [np.array([NEW, WARM]), np.array([WARM]), np.array([FEW, WARM])]
    task: Any = SimpleNamespace(wanted=wanted, unknown=wanted)
    found = np.full((3, 10), -1)
    found[:, 0], found[2, 1] = WARM, FEW
    again = found.copy()
    again[0, 1], again[2, 1] = NEW, -1
    groups = {name: np.arange(4) == row for name, row in (("new", NEW), ("few", FEW), ("warm", WARM))}
    told = _told(cast(Task, task), [Lists(found, found), Lists(again, again)], groups)
    for kind in ("", "fresh_"):
        assert [told[f"{kind}{name}_customers"] for name in groups] == [1, 1, 3]
        assert [told[f"{kind}{name}_r@10"] for name in groups] == [0.5, 0.5, 1.0]
        assert told[f"{kind}new_kept"] == told[f"{kind}few_kept"] == 0.5


def test_what_nobody_had_bought_came_on_the_day_of_asking() -> None:
    visits = [(0, WARM, 1.0, "purchase"), (1, WARM, 2.0, "purchase"), (1, FEW, 2.0, "purchase")]
    later = worlds.snapshot(worlds.catalog(list("abcd")), [*visits, (0, NEW, 5.0, "purchase")], 9.0)
    dated = _dated(Retail(later, ""), 4.0).whole
    assert np.array_equal(dated.catalog.created, [4.0, np.nan, np.nan, np.nan], equal_nan=True)
    known = replace(dated, day=4.0, log=dated.log.before(4.0))
    assert _goods(known).tolist() == [NEW, FEW, WARM]


def test_the_first_lines_of_new_products_are_met_and_wanted_no_more() -> None:
    after = 4.0 + 7 * WEEKS
    lines = [(0, NEW, 6.0), (1, NEW, 5.0), (1, WARM, 5.0), (2, NEW, 4.0), (2, NEVER, 3.0), (0, FEW, after)]
    log = worlds.interactions([(user, row, day, "purchase") for user, row, day in lines])
    snapshot = worlds.snapshot(worlds.catalog(list("abcd")), [(0, WARM, 1.0, "purchase")], 4.0)
    wanted = [np.array([NEW, WARM]), np.array([NEW]), np.array([NEW, WARM])]
    task = Task(snapshot, np.arange(3, dtype=np.int32), wanted, wanted)
    new = np.arange(4) != WARM
    met = _first_lines(task, log, new, 2)
    told = sorted((int(log.users[line]), int(log.rows[line])) for line in met)
    assert told == [(1, NEW), (2, NEW)], "what was bought before or after the weeks is not met"
    assert [rows.tolist() for rows in _unless_met(task, log, met).wanted] == [[NEW, WARM], [], [WARM]]


def test_the_first_of_each_product_come_first() -> None:
    rows = np.array([2, 0, 2, 2, 0, 1], np.int32)
    assert first_of_each(rows, np.array([3, 5, 2, 0, 4]), 2).tolist() == [2, 3, 4, 5]
    assert first_of_each(rows, np.empty(0, np.int64), 2).tolist() == []
