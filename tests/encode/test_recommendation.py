"""Texts of products bought together, on a tiny model. Claims:

1. the loss is the cross-entropy of the right text among those of the batch, less the logarithm of how often each is
   drawn; texts equal to the right one, or to the asked one, are no negatives.
2. a training brings texts of one basket nearer than those of different ones.
3. with a matrix on top the transformer is not run again, and what is learnt is what the model then answers.
4. in chunks the gradients are the same.
5. without pairs enough, or none of later days, the message says how many are needed.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.pairs import Pairs
from shopkeeper.encode.tasks.recommendation import Recommendation
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from shopkeeper.types import FloatArray
from tests.encode.tiny import write_e5
from tests.encode.turning import method

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]

TEXTS = ["a", "a a", "a ab", "a a a", "b", "b b", "b ab", "b b b"]
BASKETS = ((0, 1, 2, 3), (4, 5, 6, 7))


def pairs(weight: float = 1.0) -> Pairs:
    """Every two texts of one basket, in both directions, many times."""
    ends = [(one, other) for basket in BASKETS for one in basket for other in basket if one != other] * 10
    lefts, rights = np.array(ends, np.int32).T
    return Pairs(TEXTS, lefts, rights, np.full(len(ends), weight, np.float32))


def corpus(vectors: FloatArray | None = None) -> Corpus:
    return Corpus(TEXTS, [(text,) for text in TEXTS], [""] * len(TEXTS), vectors, pairs=pairs(), later=pairs())


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))


def prepared(model: TextModel, **settings: object) -> Recommendation:
    task = Recommendation(Recommendation.Settings.model_validate({"batch": 6, **settings}))
    task.prepare(model, corpus(), seed=0)
    return task


def gap(model: TextModel) -> float:
    """How much nearer texts of one basket are than those of two."""
    vectors = model.vectors(TEXTS, "passage")
    basket = np.array([text in BASKETS[0] for text in range(len(TEXTS))])
    same = basket[:, None] == basket
    other = ~np.eye(len(TEXTS), dtype=bool)
    cosines = vectors @ vectors.T
    return float(cosines[same & other].mean() - cosines[~same].mean())


def test_the_loss_is_a_corrected_softmax_over_the_batch(model: TextModel) -> None:
    task = prepared(model, temperature=0.5, smoothing=1.0)
    loss = float(task.loss(model, np.random.default_rng(3)).detach())
    own, vectors = pairs(), model.vectors(TEXTS, "passage")
    chosen = own.drawn(6, np.random.default_rng(3))
    lefts, rights = own.lefts[chosen], own.rights[chosen]
    assert len(set(rights.tolist())) < 6  # equal ones are there to be left out
    parts = []
    for left, right in zip(lefts, rights, strict=True):
        logits = [
            float(vectors[left] @ vectors[text]) / 0.5 - np.log(own.shares[text])
            for text in rights
            if text not in (left, right)
        ]
        wanted = float(vectors[left] @ vectors[right]) / 0.5 - np.log(own.shares[right])
        parts.append(np.log(np.exp([*logits, wanted]).sum()) - wanted)
    assert loss == pytest.approx(np.mean(parts), abs=0.02)


@pytest.mark.parametrize(("by", "rate"), [("full", 1e-3), ("linear", 5e-3)])
def test_texts_of_one_basket_come_near(by: str, rate: float, model: TextModel) -> None:
    before = gap(model)
    task = Recommendation(Recommendation.Settings(batch=16, temperature=0.1))
    task.score = gap  # type: ignore[method-assign]  # what is held out is too easy in eight texts
    train(model, method(by, learning_rate=rate), task, corpus(), Schedule(steps=60, every=20))
    assert gap(model) > before + 0.04


def test_a_matrix_on_top_learns_without_running_the_transformer(
    model: TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    goods = corpus(model.vectors(TEXTS, "passage"))
    task, by = Recommendation(Recommendation.Settings(batch=6)), method("linear")
    task.prepare(model, goods, 0)
    by.prepare(model)
    ran: list[int] = []
    monkeypatch.setattr(model.body, "forward", lambda **given: ran.append(1))
    loss = task.loss(model, np.random.default_rng(0))
    torch.autograd.backward(loss)
    assert not ran
    assert model.part is not None
    assert all(number.grad is not None and bool(number.grad.any()) for number in model.part.parameters())


def test_what_the_matrix_gives_is_what_the_model_answers(model: TextModel) -> None:
    task, by = prepared(model), method("linear")
    (matrix,) = by.prepare(model)
    with torch.no_grad():
        matrix.copy_(torch.eye(model.dimensions).roll(1, 0) * 0.7)
        read = task._read(model, np.arange(len(TEXTS), dtype=np.int32), "passage").numpy()
    np.testing.assert_allclose(read, model.vectors(TEXTS, "passage"), atol=0.02)


def test_in_chunks_the_gradients_are_the_same(model: TextModel) -> None:
    found = []
    for chunk in (128, 2):
        task = prepared(model)
        task.chunk = chunk
        model.zero_grad()
        torch.autograd.backward(task.loss(model, np.random.default_rng(1)))
        found.append(torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None]))
    torch.testing.assert_close(found[0], found[1], rtol=1e-3, atol=1e-5)


def test_too_few_pairs_say_how_many_are_needed(model: TextModel) -> None:
    task = Recommendation(Recommendation.Settings())
    with pytest.raises(TrainingError, match=r"recommendation: 0 pairs .* and 0 of later days .* at least 200 and 1"):
        task.prepare(model, Corpus(TEXTS, [(text,) for text in TEXTS], [""] * len(TEXTS)), 0)
    some = pairs().where(np.arange(len(pairs())) < 50)
    with pytest.raises(TrainingError, match=r"recommendation: 50 pairs .* A shop needs more purchases .* or leave"):
        task.prepare(model, Corpus([], [], [], pairs=some, later=pairs()), 0)
