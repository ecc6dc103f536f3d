"""Claims, in a shop of tea drinkers and of those who drink coffee:

1. who chose one tea is offered the other teas and no coffee; what nobody chose is not offered.
2. the factors solve the equation of the source: shoppers and products no longer change.
3. somebody who was never learnt is folded in from the lines of now, the latest counting most.
"""

import numpy as np
import pytest

from shopkeeper.recall.sources.als import Als
from shopkeeper.testing import worlds
from shopkeeper.types import Offer, Request

TEAS, COFFEES, NEVER = (0, 1, 2), (3, 4, 5), 6
CHOSEN = [(user, row) for user in range(9) for row in (TEAS if user % 2 else COFFEES) if row != user]


def source(**settings: float) -> Als:
    made = Als(Als.Settings.model_validate({"factors": 2, "rounds": 60, "ridge": 0.1, **settings}))
    visits = [(user, row, float(row), "purchase") for user, row in CHOSEN]
    made.fit(worlds.snapshot(worlds.catalog([f"t{row}" for row in range(7)]), visits, 100.0))
    return made


def home(made: Als, *rows: int) -> Offer:
    log = worlds.interactions([(0, row, float(day), "purchase") for day, row in enumerate(rows)])
    return made.recall(worlds.ask(Request(request_id="", scene="home", day=100.0), worlds.portrait(log, 0)), 9)[0]


def test_who_chose_a_tea_is_offered_teas() -> None:
    assert set(home(source(), 0).rows.tolist()[:3]) == set(TEAS)
    assert set(home(source(), 4).rows.tolist()[:3]) == set(COFFEES)
    assert NEVER not in home(source(), 0).rows


def test_the_factors_solve_the_equation() -> None:
    made = source(rounds=1000)
    items, c, ridge = made._items.astype(np.float64), made.settings.confidence, made.settings.ridge
    shoppers = []
    for user in range(9):
        own = items[[row for who, row in CHOSEN if who == user]]
        left = items.T @ items + c * own.T @ own + ridge * np.eye(2)
        shoppers.append(np.linalg.inv(left) @ ((1 + c) * own.sum(axis=0)))
    x = np.array(shoppers)
    for row in range(6):
        own = x[[who for who, what in CHOSEN if what == row]]
        left = x.T @ x + c * own.T @ own + ridge * np.eye(2)
        assert items[row] == pytest.approx(np.linalg.inv(left) @ ((1 + c) * own.sum(axis=0)), abs=1e-3)


def test_the_latest_line_counts_most() -> None:
    made = source(decay=0.1)
    assert home(made, 0, 3).rows[0] in COFFEES
    assert home(made, 3, 0).rows[0] in TEAS
