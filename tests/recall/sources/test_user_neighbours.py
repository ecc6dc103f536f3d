"""Claims, in a shop of six products and five shoppers:

1. what the nearest shoppers chose is offered, each by how often and how near they are, never by oneself.
2. near are those who chose what few others did; what everybody chose says nothing.
3. what was chosen longer ago counts less.
4. only so many neighbours are asked, the nearest.
5. who was erased is nobody's neighbour from that moment on.
6. somebody without an account, or a history of unknown products, is asked about like anybody else.
"""

import numpy as np
import pytest

from shopkeeper.recall.sources.user_neighbours import UserNeighbours
from shopkeeper.testing import worlds
from shopkeeper.types import NEW_USER, Request

TODAY = 100.0
# product 5 is everybody's; 0 and 1 both like 0 and 1; 2 and 3 like 2; 4 alone likes 4
CHOSEN = {
    0: [(0, 99.0), (1, 99.0), (5, 99.0)],
    1: [(0, 99.0), (3, 98.0), (5, 99.0)],
    2: [(2, 99.0), (5, 99.0), (4, 50.0)],
    3: [(2, 99.0), (5, 99.0), (1, 99.0)],
    4: [(4, 99.0), (5, 99.0)],
}
VISITS = [(user, row, day, "purchase") for user, lines in CHOSEN.items() for row, day in lines]


def source(**settings: float) -> UserNeighbours:
    made = UserNeighbours(UserNeighbours.Settings.model_validate({"enabled": True, **settings}))
    made.fit(worlds.snapshot(worlds.catalog([f"t{row}" for row in range(6)]), VISITS, TODAY))
    return made


def home(made: UserNeighbours, user: int, *rows: int) -> dict[int, float]:
    """What is offered to this shopper, who chose these a day ago."""
    log = worlds.interactions([(0, row, 99.0, "purchase") for row in rows])
    request = Request(request_id="", scene="home", day=TODAY, user=user)
    (offer,) = made.recall(worlds.ask(request, worlds.portrait(log, 0)), 9)
    return dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))


def test_what_the_nearest_chose_is_offered_by_how_near_they_are() -> None:
    found = home(source(), NEW_USER, 0)
    assert set(found) == {0, 1, 3, 5}  # what shoppers 0 and 1 chose
    # rarity of a product of m of 5 shoppers: log(5 / m); both others chose 0 and one more that two and one chose
    one, two = np.log(5 / 1) * np.log(1 + 2 ** (-2 / 60)) ** 2, np.log(5 / 2) * np.log(1 + 2 ** (-1 / 60)) ** 2
    counts = np.log1p(np.exp2(-np.array([1, 2]) / 60))
    assert found[1] == pytest.approx(counts[0] * (two / (two + two)) ** 0.5, rel=1e-4)
    assert found[3] == pytest.approx(counts[1] * (two / (two + one)) ** 0.5, rel=1e-4)
    assert found[5] == pytest.approx(found[1] + found[3] * counts[0] / counts[1], rel=1e-4)


def test_nobody_is_their_own_neighbour() -> None:
    assert set(home(source(), 4, 4)) == {2, 4, 5}  # of shopper 2, who once chose 4
    assert home(source(), 2, 4)[4] > home(source(), 4, 4)[4]  # of shopper 4 and not of oneself


def test_what_everybody_chose_says_nothing() -> None:
    assert home(source(), NEW_USER, 5) == {}


def test_what_was_chosen_longer_ago_counts_less() -> None:
    found = home(source(half_life_days=7.0), NEW_USER, 2)
    assert 0 < found[4] < 0.02 * found[1]  # shopper 2 chose it seven half-lives before shopper 3 chose the other


def test_only_the_nearest_are_asked() -> None:
    assert set(home(source(neighbours=1), NEW_USER, 0, 3)) == {0, 3, 5}


def test_who_was_erased_is_nobodys_neighbour() -> None:
    made = source()
    made.forget(1)
    assert set(home(made, NEW_USER, 0)) == {0, 1, 5}


def test_unknown_products_find_nothing() -> None:
    assert home(source(), NEW_USER, 77) == {}
