"""Claims, in a world whose chances are known: what a product attracts times how far down a place is looked at:

1. chances come near the true ones, in every place; a place is an argument, and the first is worth the most.
2. they are calibrated, order nearly as well as the true chances do, and lose less than places or products alone.
3. who asks counts: what pages logged of a product for the shopper moves its chance, a new product has that of its kind.
4. clicks that are too few, or all of one time, teach nothing, and the card says what it takes.
5. clicks that nothing tells give a model that is not kept.
6. what is known of a product is what was known before its page.
7. a saved model tells the same.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.measure.calibration import Quality
from shopkeeper.rank.clicks import LEAST_CLICKS, Shown, _before, _expected, taught
from shopkeeper.types import DayArray, FeatureTable, IntArray

PRODUCTS, WIDTH, PAGES = 30, 6, 6000
LOOKS = np.array([1.0, 0.7, 0.5, 0.35, 0.25, 0.2])
ATTRACTS = np.linspace(0.02, 0.3, PRODUCTS)


def truth(rows: IntArray, likes: DayArray, places: IntArray) -> DayArray:
    """A product is twice as attractive to who likes it, half to who does not."""
    return np.asarray(ATTRACTS[rows] * np.where(likes > 0, 2.0, 0.5) * LOOKS[places])


def world(seed: int = 0, pages: int = PAGES) -> tuple[Shown, DayArray]:
    draw = np.random.default_rng(seed)
    rows = np.concatenate([draw.permutation(PRODUCTS)[:WIDTH] for _ in range(pages)]).astype(np.int64)
    places = np.tile(np.arange(WIDTH), pages)
    likes = draw.choice([-1.0, 1.0], len(rows))
    chances = truth(rows, likes, places)
    table = FeatureTable(("affinity.liking",), likes[:, None].astype(np.float32))
    numbers = np.repeat(np.arange(pages), WIDTH)
    clicked = draw.random(len(rows)) < chances
    return Shown(numbers, rows, places, np.ones(len(rows), np.int64), clicked, table), chances


def test_chances_come_near_the_true_ones() -> None:
    shown, chances = world()
    model, card = taught(shown, PRODUCTS)
    assert model is not None and not card.reason and card.ours is not None
    rows, likes = np.tile(np.arange(PRODUCTS), 2), np.repeat([1.0, -1.0], PRODUCTS)
    table = FeatureTable(("affinity.liking",), likes[:, None].astype(np.float32))
    first = model.chances(rows, table, scene=1)
    for place in (0, 2, 5):
        told = model.chances(rows, table, 1, place)
        true = truth(rows, likes, np.full(len(rows), place))
        assert np.abs(told - true).mean() < 0.15 * true.mean() + 0.01
        assert place == 0 or (told < first).mean() > 0.95
    assert first.mean() == pytest.approx(truth(rows, likes, np.zeros(len(rows), np.int64)).mean(), rel=0.1)
    late = shown.pages >= PAGES * 0.8
    oracle = Quality.of(chances[late], shown.clicked[late])
    assert card.ours.auc > oracle.auc - 0.01 and card.ours.log_loss < oracle.log_loss + 0.003
    assert card.ours.error < 0.015 and card.gain[1] > 0
    assert all(card.ours.log_loss < own.log_loss and card.ours.auc > own.auc for own in card.baselines.values())
    assert sum(n for *_, n in card.bins) == late.sum() and card.tested == PAGES * 0.2


def test_a_new_product_has_the_chance_of_one_that_nothing_is_known_of() -> None:
    shown, _ = world()
    model, _ = taught(shown, PRODUCTS)
    assert model is not None
    table = FeatureTable(("affinity.liking", "other.column"), np.array([[1.0, 7.0], [-1.0, 7.0]], np.float32))
    liked, disliked = model.chances(np.array([999, 999]), table, scene=1).tolist()
    assert 0.0 < disliked < liked < 1.0
    unknown = model.chances(np.array([999]), FeatureTable((), np.empty((1, 0), np.float32)), scene=1)
    assert 0.0 < unknown[0] < 1.0


def test_too_few_clicks_teach_nothing_and_the_card_says_what_it_takes() -> None:
    shown, _ = world(pages=200)
    few = int(shown.clicked.sum())
    assert few < LEAST_CLICKS
    model, card = taught(shown, PRODUCTS)
    assert model is None and card.reason.startswith(f"{few} clicks") and "it takes 200" in card.line
    shown, _ = world()
    early = replace(shown, clicked=shown.clicked & (shown.pages < 1000))
    assert taught(early, PRODUCTS)[1].reason.startswith("the clicks are all of one time")
    nothing = shown.where(np.zeros(len(shown.rows), bool))
    assert taught(nothing, PRODUCTS)[1].reason.startswith("0 clicks")


def test_clicks_that_nothing_tells_give_no_model() -> None:
    shown, _ = world(pages=1500)
    draw = np.random.default_rng(1)
    model, card = taught(replace(shown, clicked=draw.random(len(shown.rows)) < 0.1), PRODUCTS)
    assert model is None and card.ours is not None and card.gain[1] <= 0
    assert card.reason == "it is not beyond doubt better than the shares of places and of products"
    assert "Not kept" in card.line


def test_what_is_known_of_a_product_was_known_before_its_page() -> None:
    groups, values = np.array([1, 0, 1, 1, 0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert _before(groups, values).tolist() == [0.0, 0.0, 1.0, 4.0, 2.0]
    shown, _ = world(pages=50)
    later = shown.pages >= 25
    changed = replace(shown, clicked=np.where(later, ~shown.clicked, shown.clicked))
    first = np.flatnonzero(shown.pages <= 25)  # the page itself does not know its own clicks
    assert _expected(changed)[first].tolist() == _expected(shown)[first].tolist()
    assert _expected(changed)[-1] != _expected(shown)[-1]


def test_a_saved_model_tells_the_same(tmp_path: Path) -> None:
    shown, _ = world(pages=2000)
    model, _ = taught(shown, PRODUCTS)
    assert model is not None
    model.save(tmp_path)
    again = type(model).load(tmp_path)
    own = (shown.rows[:50], shown.table.take(np.arange(50)), shown.scenes[:50], shown.places[:50])
    assert again.chances(*own).tolist() == model.chances(*own).tolist()
