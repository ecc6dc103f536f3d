"""Sentiment as a task of the encoder, on a tiny model. Claims:

1. reviews learn to be told apart; the head starts from the untouched model's vectors and learns beside the model.
2. labels are drawn as often as one another; held-out reviews are never drawn, and the score is balanced.
3. with a spread below 1 the reviews of a step are of like length; in the long run all are drawn.
4. it is learnt together with another task.
5. too few reviews, or reviews of one label, are refused with what is needed.
6. reviews go along where a corpus is cut.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode.corpus import Corpus, Reviews, held_out
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.tasks.sentiment import Sentiment
from shopkeeper.encode.training import Schedule, train
from shopkeeper.errors import TrainingError
from tests.encode.bodies import load, method, write_body
from tests.encode.turning import Sided

pytestmark = pytest.mark.weights


def reviews(n: int = 400) -> Reviews:
    """Good ones begin with ab, bad ones with b; of four, three are good."""
    draw = np.random.default_rng(5)
    rests = [" ".join(draw.choice(["a", "b", "ab"], draw.integers(4, 9)).tolist()) for _ in range(3 * n)]
    texts = list(dict.fromkeys(f"{'b b' if at % 4 == 0 else 'ab ab'} {rest}" for at, rest in enumerate(rests)))[:n]
    return Reviews(texts, ["bad" if text.startswith("b") else "good" for text in texts])


REVIEWS = reviews()
CORPUS = Corpus([], [], [], reviews=REVIEWS)
QUICK = Schedule(steps=30, every=10, head_rate=1e-2)


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return load(write_body(tmp_path / "tiny", "bert"))


def task(**settings: object) -> Sentiment:
    return Sentiment(Sentiment.Settings(**{"first": 4, "batch": 16, **settings}))


def test_reviews_learn_to_be_told_apart_from_a_head_that_knows_something(model: TextModel) -> None:
    asked = task()
    history = train(model, method("full"), asked, CORPUS, QUICK)
    assert 0.5 < history.points[0].score < history.best.score
    assert history.best.score > 0.9
    assert asked.score(model) == history.best.score
    more = task(first=100)
    more.prepare(model, CORPUS, 0)
    assert more.score(model) > 0.9
    assert [tuple(numbers.shape) for numbers in more.parameters()] == [(2, 32), (2,)]
    said = asked.head.predicted(model.vectors(asked._asked, "query"))
    right = [label == asked.head.labels[at] for label, at in zip(said, asked._wanted, strict=True)]
    assert np.mean(right) > 0.9


def test_labels_are_drawn_alike_and_held_out_reviews_never(model: TextModel) -> None:
    asked = task(batch=2000)
    asked.prepare(model, CORPUS, 0)
    aside = held_out(REVIEWS.texts)
    assert 0 < aside.sum() < len(REVIEWS) / 3
    known = np.array(REVIEWS.labels)[~aside]
    drawn = asked.drawn(np.random.default_rng(0))
    assert drawn.max() < len(known)
    assert np.mean(known[drawn] == "bad") == pytest.approx(0.5, abs=0.05)
    assert np.mean(known == "bad") < 0.3
    assert set(asked._asked) == {text for text, out in zip(REVIEWS.texts, aside, strict=True) if out}
    weights, biases = asked.parameters()
    weights.data.zero_()
    biases.data.copy_(biases.data.new_tensor([0.0, 1.0]))  # everything is good
    assert asked.score(model) == 0.5


def test_reviews_of_a_step_are_of_like_length(model: TextModel) -> None:
    asked = task(batch=60, spread=0.1)
    asked.prepare(model, CORPUS, 0)
    lengths = np.array([len(row) for row in asked._texts.ids])
    draw = np.random.default_rng(0)
    steps = [asked.drawn(draw) for _ in range(200)]
    own = np.mean([lengths[step].std() for step in steps])
    assert own < 0.5 * lengths.std()
    assert len(np.unique(np.concatenate(steps))) > 0.98 * len(lengths)
    assert np.mean(asked._labels.numpy()[np.concatenate(steps)]) == pytest.approx(0.5, abs=0.02)


def test_it_is_learnt_together_with_another_task(model: TextModel) -> None:
    history = train(model, method("full"), [task(), Sided()], CORPUS, QUICK)
    first, best = history.points[0].scores, history.best.scores
    assert best["sentiment"] > first["sentiment"]
    assert best["sided"] >= first["sided"]


@pytest.mark.parametrize(
    ("few", "told"),
    [
        (reviews(40), "40 reviews with 2 different labels; at least 200 with 2 labels are needed"),
        (Reviews(REVIEWS.texts, ["good"] * len(REVIEWS)), "400 reviews with 1 different labels"),
        (Reviews(REVIEWS.texts, ["bad", *["good"] * (len(REVIEWS) - 1)]), "often enough that some can be held out"),
        (Reviews(), r"0 reviews with 0 different labels; .* learn from few with encode\.few_shot"),
    ],
)
def test_too_few_reviews_are_refused(few: Reviews, told: str, model: TextModel) -> None:
    with pytest.raises(TrainingError, match=told):
        task().prepare(model, Corpus([], [], [], reviews=few), 0)


def test_reviews_go_along() -> None:
    own = Reviews(["b a"], ["good"])
    goods = Corpus(["a", "b"], [("a",), ("b",)], ["", ""], reviews=own)
    assert goods.some(1, np.random.default_rng(0)).reviews == own
