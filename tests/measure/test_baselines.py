"""Claims:

1. popularity counts baskets of the window, not lines, and pads with -1.
2. personal frequency weighs a basket by decay^weeks ago, and fills up with what is popular.
"""

import numpy as np

from shopkeeper.measure.baselines import personal_frequency, popularity
from shopkeeper.testing import worlds

USERS = np.array([0, 1, 2], np.int32)


def test_popularity_counts_baskets_of_its_window() -> None:
    visits = [(0, 5, 99.0, "purchase"), (0, 5, 99.0, "purchase"), (0, 6, 99.0, "purchase"), (1, 6, 98.0, "purchase")]
    old = [(user, 7, 1.0, "purchase") for user in range(5)]
    best = popularity(worlds.interactions(visits + old), day=100.0, n_users=2, k=3)
    assert best.tolist() == [[6, 5, -1]] * 2


def test_personal_frequency_decays_by_whole_weeks() -> None:
    visits = [(0, 5, 99.0, "purchase"), (0, 6, 80.0, "purchase"), (0, 6, 70.0, "purchase"), (1, 7, 99.0, "view")]
    best = personal_frequency(worlds.interactions(visits, 3), 100.0, USERS, k=2, weekly_decay=0.5)
    # row 5: .5^0 = 1; row 6: .5^2 + .5^4 = .3125
    assert best[0].tolist() == [5, 6]
    slow = personal_frequency(worlds.interactions(visits, 3), 100.0, USERS, k=2, weekly_decay=0.9)
    # row 5: 1; row 6: .9^2 + .9^4 = 1.4661
    assert slow[0].tolist() == [6, 5]


def test_short_lists_are_filled_with_what_is_popular() -> None:
    visits = [(0, 5, 99.0, "purchase"), (1, 6, 99.0, "purchase"), (1, 6, 98.0, "purchase")]
    best = personal_frequency(worlds.interactions(visits, 3), 100.0, USERS, k=2)
    assert best.tolist() == [[5, 6], [6, 5], [6, 5]]
