"""Claims: a product came when it says so; else when somebody first did anything with it; else, where it was not there
when the shop learnt, since then. What nobody knows, what is deleted and what is yet to come is of no age. What the
first days of a log know may have been there before it; and so may all that does not say in a shop that learnt nothing.
"""

from dataclasses import replace

import numpy as np

from shopkeeper.births import ages, born, witnessed
from shopkeeper.testing import worlds

SHELF = replace(
    worlds.catalog(["said", "bought", "unknown", "deleted", "since", "tomorrow"]),
    created=np.array([95.0, np.nan, np.nan, 99.0, np.nan, 101.0]),
    deleted=np.array([False, False, False, True, False, False]),
)
FIRST = np.array([50.0, 90.0, np.nan, 99.0])


def test_what_is_said_counts_then_what_was_done_then_what_was_there() -> None:
    assert np.array_equal(born(SHELF, FIRST), [95.0, 90.0, np.nan, np.nan, np.inf, 101.0], equal_nan=True)
    assert np.array_equal(born(SHELF, FIRST, np.array([4, 1])), [np.inf, 90.0])


def test_what_came_since_is_of_age_nought_and_what_is_to_come_of_none() -> None:
    assert np.array_equal(ages(born(SHELF, FIRST), 100.0), [5.0, 10.0, np.nan, np.nan, 0.0, np.nan], equal_nan=True)


def test_where_nothing_was_learnt_only_what_says_so_came() -> None:
    assert np.array_equal(born(SHELF, None), [95.0, np.nan, np.nan, np.nan, np.nan, 101.0], equal_nan=True)


def test_what_the_first_days_of_a_log_know_may_have_been_there_before() -> None:
    first = np.array([50.0, 79.0, 81.0, np.nan])
    assert np.array_equal(witnessed(first, 30.0), [np.nan, np.nan, 81.0, np.nan], equal_nan=True)
    assert np.array_equal(witnessed(np.full(2, np.nan), 30.0), [np.nan, np.nan], equal_nan=True)
