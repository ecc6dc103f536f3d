"""Claims, on a checker-board: even shoppers take even products one after another, odd shoppers odd ones.

1. A product leads only to products of its own colour; the nearest in the sequence comes first.
2. T is 1 / distance forward and 0.3 of that backward, damped by (popularity + prior)^-damping on both sides.
3. Home adds up what the latest lines lead to, each basket back counting `decay` times less.
4. A live event leads at once where nobody went before, weighed like a learnt one; forgetting takes it back.
5. Only so many neighbours are kept, the heaviest, and only so many live pairs, the latest.
6. Beside given seeds a score is held back by n / (n + support), and less than `least` is not offered; home is not.
7. Actions that say nothing of liking teach nothing.
"""

import numpy as np
import pytest

from shopkeeper.observed import Observed
from shopkeeper.recall.neighbours import LivePairs, Neighbours
from shopkeeper.recall.sources.covisit import Covisit
from shopkeeper.testing import worlds
from shopkeeper.types import ACTION_CODES, Interactions, Offer, Request, RowArray, Scene

N = 8
BOARD = [
    (user, row, float(row), "purchase") for user in range(4) for row in range(N) if row % 2 == user % 2
]  # one product a day


def board(**settings: float) -> Covisit:
    source = Covisit(Covisit.Settings.model_validate({"support": 0.0, "least": 0.0, **settings}))
    source.fit(worlds.snapshot(worlds.catalog([f"t{row}" for row in range(N)]), BOARD, 100.0))
    return source


def rows(*of: int) -> RowArray:
    return np.array(of, np.int32)


def offered(source: Covisit, scene: Scene, seeds: RowArray) -> Offer:
    return source.recall(worlds.ask(Request(request_id="", scene=scene, day=100.0, seeds=seeds)), 20)[0]


def test_a_product_leads_to_its_own_colour_nearest_first() -> None:
    offer = offered(board(), "similar", rows(0))
    assert offer.rows.tolist() == [2, 4, 6]


def test_a_score_is_the_formula() -> None:
    # Each product was bought by the two shoppers of its colour; T[2, 4] is 1 each, T[2, 0] is 0.3 each.
    offer = offered(board(damping=0.5, prior=2.0), "similar", rows(2))
    scores = dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))
    damped = 1 / (2 + 2) ** 0.5 / (2 + 2) ** 0.5
    assert scores == pytest.approx({4: 2 * 1.0 * damped, 6: 2 * 0.5 * damped, 0: 2 * 0.3 * damped}, rel=1e-6)


def test_beside_a_product_thin_evidence_is_held_back_and_the_thinnest_left_out() -> None:
    # T[2, 4] is 2, T[2, 6] is 1 and T[2, 0] is 0.6, each damped alike
    plain, held = (offered(board(support=n, damping=0.5), "together", rows(2)) for n in (0.0, 3.0))
    before, after = (dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True)) for offer in (plain, held))
    for row, times in ((4, 2.0), (6, 1.0), (0, 0.6)):
        assert after[row] == pytest.approx(before[row] * times / (times + 3.0), rel=1e-6)
    assert offered(board(least=0.9), "together", rows(2)).rows.tolist() == [4, 6]
    assert offered(board(least=9.0), "together", rows(2)).rows.tolist() == []


def test_home_is_not_held_back() -> None:
    log: Interactions = worlds.interactions([(0, 2, 10.0, "purchase")])
    batch = worlds.ask(Request(request_id="", scene="home", day=100.0, user=0), worlds.portrait(log, 0))
    plain, strict = (board(support=n, least=n).recall(batch, 20)[0] for n in (0.0, 9.0))
    np.testing.assert_array_equal(plain.rows, strict.rows)
    np.testing.assert_array_equal(plain.scores, strict.scores)


def test_home_adds_up_the_latest_baskets_each_counting_less_than_the_next() -> None:
    log: Interactions = worlds.interactions([(0, 4, 10.0, "purchase"), (0, 1, 11.0, "purchase")])
    batch = worlds.ask(Request(request_id="", scene="home", day=100.0, user=0), worlds.portrait(log, 0))
    source = board(decay=0.5, damping=0.0)
    offer = source.recall(batch, 20)[0]
    scores = dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))
    assert scores[3] == pytest.approx(2 * 1.0)
    assert scores[6] == pytest.approx(2 * 1.0 * 0.5)


def test_a_live_event_leads_where_nobody_went_before_and_forgetting_takes_it_back() -> None:
    source = board(damping=0.5, prior=2.0)
    before = offered(source, "together", rows(0))
    for step, row in enumerate((0, 5)):
        source.observe(Observed(ACTION_CODES["click"], 100.0 + step, 2, row, "s"))
    scores = dict(zip(*(column.tolist() for column in _columns(offered(source, "together", rows(0)))), strict=True))
    assert scores[5] == pytest.approx(1.0 / 4.0)
    assert dict(zip(*(c.tolist() for c in _columns(offered(source, "together", rows(5)))), strict=True))[
        0
    ] == pytest.approx(0.3 / 4.0)
    source.forget(2)
    np.testing.assert_array_equal(offered(source, "together", rows(0)).rows, before.rows)


def test_a_product_nobody_learnt_is_found_by_live_events() -> None:
    source = board()
    for row in (0, N + 3):
        source.observe(Observed(ACTION_CODES["purchase"], 100.0, 2, row, "s"))
    assert N + 3 in offered(source, "together", rows(0)).rows
    assert offered(source, "together", rows(N + 3)).rows.tolist() == [0]


def test_a_dismissal_teaches_nothing() -> None:
    source = board()
    for action in ("click", "dismiss"):
        source.observe(Observed(ACTION_CODES[action], 100.0, 2, 0 if action == "click" else 5, "s"))
    assert 5 not in offered(source, "together", rows(0)).rows


def test_the_heaviest_neighbours_are_kept_each_with_the_backward_part() -> None:
    kept = Neighbours.of(
        np.array([0, 0, 0, 2]), np.array([1, 2, 3, 0]), np.array([1.0, 3.0, 2.0, 10.0], np.float32), 4, 2
    )
    others, weights = kept.of_all(rows(0), np.ones(1))
    assert dict(zip(others.tolist(), weights.tolist(), strict=True)) == pytest.approx({2: 3.0 + 0.3 * 10.0, 3: 2.0})


def test_live_pairs_are_bounded_and_the_oldest_go_first() -> None:
    live = LivePairs(window=1, most_sessions=10, most_pairs=2)
    for row in (1, 2, 3):
        live.see(0, "s", row)
    assert live.of_all(rows(1, 2), np.ones(2)) == [(2, 3, 1.0)]
    assert live.of_all(rows(3), np.ones(1)) == [(3, 2, 0.3)]


def test_only_so_many_sessions_are_remembered() -> None:
    live = LivePairs(window=5, most_sessions=1, most_pairs=100)
    live.see(0, "a", 1)
    live.see(1, "b", 2)
    live.see(0, "a", 3)
    assert live.of_all(rows(1), np.ones(1)) == []


@pytest.mark.parametrize(("most_sessions", "most_pairs"), [(1000, 100_000), (7, 100_000), (1000, 60)])
def test_many_visits_at_once_are_as_one_after_another(most_sessions: int, most_pairs: int) -> None:
    draw, n = np.random.default_rng(4), 400
    n_users = n if most_pairs == 60 else 12  # a pair that is pushed out does not come again
    users = np.sort(draw.integers(0, n_users, n)) if most_sessions == 7 else draw.integers(0, n_users, n)
    visited, names = draw.integers(0, 9, n), draw.integers(0, 2, n)
    names = np.zeros(n, int) if most_sessions == 7 else names
    one, many = (LivePairs(window=3, most_sessions=most_sessions, most_pairs=most_pairs) for _ in range(2))
    for user, name, row in zip(users.tolist(), names.tolist(), visited.tolist(), strict=True):
        one.see(user - 1, f"s{name}", row)
    many.see_all((users - 1).astype(np.int32), [f"s{name}" for name in names.tolist()], visited.astype(np.int32))
    for live in (one, many):
        live.see(3, "s0", 5)  # sessions go on where they were
        live.forget(4)
    assert list(many._pairs) == list(one._pairs) and list(many._sessions.items()) == list(one._sessions.items())
    assert list(many._pairs.values()) == pytest.approx(list(one._pairs.values()))
    for row in range(9):
        assert dict(many._beside.get(row, {})) == pytest.approx(one._beside.get(row, {}))


def _columns(offer: Offer) -> tuple[np.ndarray, np.ndarray]:
    return offer.rows, offer.scores
