"""Claims, where everybody walks round a ring of products:

1. what comes next on the ring is offered first; the order of a history matters, not only what is in it.
2. the lines that train the transformer in torch serve it in numpy: both give the same numbers.
3. a score is the log of a probability: over all products they add up to one.
4. a product that nobody has chosen stands beside the known one whose text is nearest, also one that came after
   learning; those that are known stay where they are.
5. learning ends when its time is over; the same seed learns the same.
6. without vectors products are known by their ids alone, and a product that nobody has chosen is never offered.
7. the first buyers of a product move it to where they come from, of whom the one who is forgotten moves nothing; what
   was known stays where it was, and a saved version meets them as the one that learnt.
8. what was seldom chosen is drawn to its text, what was chosen often stays.
9. `arrival_odds` multiplies the odds of what nobody had bought, before and after its first buyers, and of nothing else.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.observed import Observed
from shopkeeper.recall.sources.sequence import Sequence, _Text
from shopkeeper.recall.transformer import drawn, taste, unit
from shopkeeper.recall.transformer_training import Course, learnt
from shopkeeper.testing import worlds
from shopkeeper.types import ACTION_CODES, PURCHASE, Catalog, FloatArray, Offer, Request, RowArray, Snapshot

N, WALKS, STEPS = 12, 60, 6
COLD = N
"""The last product is on no walk; its text is that of product 4, nearly."""


def shelf(n: int = N + 1) -> Catalog:
    return worlds.catalog([f"t{row}" for row in range(n)])


def texts() -> FloatArray:
    vectors = np.random.default_rng(3).standard_normal((N + 1, 16)).astype(np.float32)
    vectors[COLD] = vectors[4] + 0.05 * vectors[COLD]
    return np.asarray(unit(vectors), np.float32)


def known(vectors: FloatArray | None) -> Snapshot:
    walks = [(user, (user + step) % N, float(step), "purchase") for user in range(WALKS) for step in range(STEPS)]
    return worlds.snapshot(shelf(), walks, 100.0, vectors)


def source(vectors: FloatArray | None, **settings: float) -> Sequence:
    chosen = {
        "epochs": 200,
        "rate": 0.01,
        "dimensions": 16,
        "negatives": 8,
        "dropout": 0.0,
        "seconds": 60.0,
        **settings,
    }
    made = Sequence(Sequence.Settings.model_validate(chosen))
    made.fit(known(vectors))
    return made


@pytest.fixture(scope="module")
def taught() -> Sequence:
    return source(texts())


def home(made: Sequence, *rows: int) -> Offer:
    """What is offered to a shopper who chose these, one a day."""
    log = worlds.interactions([(0, row, float(day), "purchase") for day, row in enumerate(rows)])
    return made.recall(worlds.ask(Request(request_id="", scene="home", day=100.0), worlds.portrait(log, 0)), 50)[0]


def test_what_comes_next_is_offered_first(taught: Sequence) -> None:
    for last in range(N):
        offer = home(taught, (last - 1) % N, last)
        first = next(row for row in offer.rows.tolist() if row != COLD)
        assert first == (last + 1) % N
    assert home(taught, 1, 2).rows[0] != home(taught, 2, 1).rows[0]


def test_the_same_lines_train_and_serve() -> None:
    weights = drawn(8, 2, 2, 10, np.random.default_rng(0))
    items = np.asarray(unit(np.random.default_rng(1).standard_normal((3, 5, 8))), np.float32)
    served = taste(weights, items, np)
    trained = taste({name: torch.from_numpy(own) for name, own in weights.items()}, torch.from_numpy(items), torch)
    assert np.allclose(served, trained.numpy(), atol=1e-5)
    assert np.allclose(taste(weights, items[:, :3], np), served[:, :3], atol=1e-5), "a place sees what comes after it"


def test_scores_are_logs_of_probabilities(taught: Sequence) -> None:
    offer = home(taught, 3, 4)
    assert len(offer.rows) == N + 1
    assert np.exp(offer.scores.astype(np.float64)).sum() == pytest.approx(1.0, rel=1e-4)


def test_a_product_nobody_has_chosen_is_reached_by_its_text(taught: Sequence) -> None:
    assert COLD in home(taught, 2, 3).rows[:3]
    assert COLD not in home(taught, 8, 9).rows[:3]


def test_a_product_that_came_since_is_reached_by_its_text() -> None:
    made = source(texts())
    row = np.array([N + 1], np.int32)
    made.update(shelf(N + 2), row, texts()[[4]])
    assert N + 1 in home(made, 2, 3).rows[:3]


def test_learning_ends_when_its_time_is_over() -> None:
    walks = [np.arange(5, dtype=np.int32)] * 4
    assert learnt(walks, 5, None, Course(epochs=3)).epochs == 3
    assert learnt(walks, 5, None, Course(epochs=100_000, seconds=0.2)).epochs < 100_000


def test_the_same_seed_learns_the_same() -> None:
    one, other = (source(texts(), epochs=3) for _ in range(2))
    assert home(one, 1, 2).scores.tolist() == home(other, 1, 2).scores.tolist()


def meet(made: Sequence, user: int, *before: int) -> None:
    """A shopper who chose these takes the product that nobody had bought."""
    log = worlds.interactions([(0, row, float(day), "purchase") for day, row in enumerate(before)])
    made.meet(Observed(PURCHASE, 100.0, user, COLD, ""), lambda: worlds.portrait(log, 0))


def score(made: Sequence, row: int, *history: int) -> float:
    offer = home(made, *history)
    return float(offer.scores[offer.rows.tolist().index(row)])


def often(made: Sequence) -> float:
    """The odds of the new product against all others, over all walks: what holding back keeps as it was."""
    walks = [[(user + step) % N for step in range(STEPS)] for user in range(N)]
    chances = np.exp([score(made, COLD, *walk) for walk in walks])
    return float((chances / (1 - chances)).mean())


def test_the_first_buyers_of_a_product_move_it_to_where_they_come_from(tmp_path: Path) -> None:
    made = source(texts())
    usual = often(made)
    before = score(made, COLD, 8, 9), score(made, 10, 8, 9), score(made, COLD, 2, 3)
    for user in range(6):
        meet(made, user, 8, 9)
    assert score(made, COLD, 8, 9) > before[0] + 1
    assert score(made, COLD, 2, 3) < before[2]
    assert often(made) == pytest.approx(usual, rel=1e-3), "shown to others, not more often"
    moved = score(made, COLD, 8, 9)
    meet(made, 5, 2, 3)
    assert score(made, COLD, 8, 9) == moved, "one shopper counts once"
    for user in range(6):
        made.forget(user)
    assert (score(made, COLD, 8, 9), score(made, 10, 8, 9)) == pytest.approx(before[:2], abs=1e-5)
    made.save(tmp_path)
    again = Sequence(made.settings)
    again.load(tmp_path, shelf())
    for one in (made, again):
        meet(one, 1, 8, 9)
    assert score(again, COLD, 8, 9) == pytest.approx(score(made, COLD, 8, 9), abs=1e-5)


def test_the_odds_of_what_nobody_had_bought_are_so_many_times_their_own(taught: Sequence, tmp_path: Path) -> None:
    taught.save(tmp_path)
    plain, raised = (Sequence(Sequence.Settings(enabled=True, arrival_odds=times)) for times in (1.0, 3.0))
    for made in (plain, raised):
        made.load(tmp_path, shelf())
        made.update(shelf(N + 2), np.array([N + 1], np.int32), texts()[[7]])
    for _ in range(2):
        chances = [np.exp([score(made, row, 2, 3) for row in range(N + 2)]) for made in (plain, raised)]
        by_hand = chances[0] * np.where(np.arange(N + 2) < N, 1.0, 3.0)
        assert chances[1] == pytest.approx(by_hand / by_hand.sum(), rel=1e-4)
        for made in (plain, raised):
            meet(made, 0, 2, 3)


def test_what_does_not_count_moves_nothing() -> None:
    made = source(texts(), epochs=5)
    before = home(made, 8, 9).scores.tolist()
    log = worlds.interactions([(0, 8, 0.0, "purchase")])
    made.meet(Observed(PURCHASE, 100.0, 1, 4, ""), lambda: worlds.portrait(log, 0))
    made.meet(Observed(ACTION_CODES["dismiss"], 100.0, 1, COLD, ""), lambda: worlds.portrait(log, 0))
    made.meet(Observed(PURCHASE, 100.0, 1, COLD, ""), lambda: worlds.portrait(log, -1))
    assert home(made, 8, 9).scores.tolist() == before


def test_what_was_seldom_chosen_is_drawn_to_its_text() -> None:
    items, vectors = np.eye(3, dtype=np.float32), np.eye(3, 16, dtype=np.float32)
    vectors[1] = vectors[0]
    text = _Text(np.zeros(16, np.float32), np.arange(3, dtype=np.int32), vectors.astype(np.float16))
    drawn = text.drawn(vectors, items, np.array([1, 99, 7]), 5.0)
    assert drawn[0] == pytest.approx(np.array([1, 5, 0]) / np.sqrt(26), abs=1e-3)
    assert drawn[1] == pytest.approx(np.array([5, 99, 0]) / np.sqrt(99**2 + 25), abs=1e-3)
    assert drawn[2].tolist() == pytest.approx([0, 0, 1]), "no text is near"


def test_without_vectors_products_are_known_by_their_ids_alone() -> None:
    made = source(None)
    offer = home(made, 5, 6)
    assert offer.rows[0] == 7
    assert COLD not in offer.rows
    assert len(home(made, COLD).rows) == 0


def test_a_new_product_stands_beside_the_known_one_of_its_text_and_moves_nobody() -> None:
    made = source(texts())
    before = dict(zip(*(own.tolist() for own in _offered(home(made, 2, 3))), strict=True))
    assert before[COLD] == pytest.approx(before[4], abs=0.1)
    made.update(shelf(N + 2), np.array([N + 1, 4], np.int32), texts()[[7, 9]])
    after = dict(zip(*(own.tolist() for own in _offered(home(made, 2, 3))), strict=True))
    assert after[N + 1] == pytest.approx(after[7], abs=0.1)
    moved = {row: after[row] - before[row] for row in before}
    assert moved == pytest.approx(dict.fromkeys(before, moved[0]), abs=1e-4), "one more to choose from, and no more"


def _offered(offer: Offer) -> tuple[RowArray, FloatArray]:
    return offer.rows, offer.scores
