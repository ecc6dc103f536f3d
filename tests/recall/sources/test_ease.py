"""Claims:

1. the weights are -P / diag(P) of P = (X'X + ridge I)^-1, computed here by a plain inverse; those above zero are kept.
2. with more products than `most_products` that anybody chose it offers nothing, and says so once in the log.
3. products that nobody chose take no part: they neither count against the limit nor are offered.
"""

import logging

import numpy as np
import pytest

from shopkeeper.recall.sources.ease import Ease
from shopkeeper.testing import worlds
from shopkeeper.types import Offer, Request

N_USERS, N_CHOSEN, N_ROWS = 30, 6, 9
CHOSEN = np.random.default_rng(5).random((N_USERS, N_CHOSEN)) < 0.4
VISITS = [(int(user), int(row) + 1, float(row), "purchase") for user, row in zip(*np.nonzero(CHOSEN), strict=True)]
"""Rows 1 to 6 of nine are chosen."""


def source(**settings: float) -> Ease:
    made = Ease(Ease.Settings.model_validate({"ridge": 2.0, **settings}))
    made.fit(worlds.snapshot(worlds.catalog([f"t{row}" for row in range(N_ROWS)]), VISITS, 100.0))
    return made


def beside(made: Ease, row: int) -> dict[int, float]:
    request = Request(request_id="", scene="together", day=100.0, seeds=np.array([row], np.int32))
    offer: Offer = made.recall(worlds.ask(request), 20)[0]
    return dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))


def test_the_weights_are_the_closed_form() -> None:
    x = CHOSEN.astype(float)
    inverse = np.linalg.inv(x.T @ x + 2.0 * np.eye(N_CHOSEN))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    made = source()
    for row in range(N_CHOSEN):
        own = {other + 1: weight for other, weight in enumerate(weights[row]) if weight > 0}
        assert beside(made, row + 1) == pytest.approx(own, rel=1e-4)


def test_only_the_largest_entries_are_kept() -> None:
    whole, some = beside(source(), 1), beside(source(neighbours=2), 1)
    assert len(whole) > 2
    assert list(some) == list(whole)[:2]


def test_too_many_products_are_refused_and_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert beside(source(most_products=N_CHOSEN - 1), 1) == {}
    assert caplog.messages == [
        "source=ease products=6 most=5 learns nothing and offers nothing: raise recall.ease.most_products, or leave "
        "the source off"
    ]


def test_products_that_nobody_chose_take_no_part() -> None:
    made = source(most_products=N_CHOSEN)
    assert beside(made, 1)
    assert beside(made, 0) == {}
    assert all(1 <= row <= N_CHOSEN for seed in range(N_ROWS) for row in beside(made, seed))
