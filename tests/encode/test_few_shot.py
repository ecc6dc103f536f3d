"""A few labelled texts teach a classifier. Claims:

1. the head is the softmax regression of least loss: no number of it can be moved to a lower one.
2. with a start, a weak strength keeps it and a strong one follows the examples; its labels stay.
3. folds spread every label evenly, and are the same for the same seed.
4. a start that holds up better on held-out examples is taken, and a misleading one is not.
5. on a tiny model: texts are told apart, the model is not touched, contrastive teaching changes a copy's upper layers
   alone, brings texts of one label together, and is taken where it tells more right.
6. too few examples, an unknown label and texts without labels are refused, in words.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from shopkeeper.encode import contrastive, few_shot
from shopkeeper.encode.contrastive import contrasted
from shopkeeper.encode.few_shot import chosen, described, learnt
from shopkeeper.encode.logistic import Head, fitted, folds
from shopkeeper.encode.model import TextModel
from shopkeeper.errors import TrainingError
from shopkeeper.types import FloatArray
from tests.encode.bodies import load, write_body

SIX = np.array([[1, 0], [0.8, 0.3], [0, 1], [0.2, 0.9], [-1, -1], [-0.9, -0.7]], np.float32)
NAMES = ["good", "good", "bad", "bad", "mixed", "mixed"]


def loss(head: Head, strength: float) -> float:
    logits = head.logits(SIX)
    wanted = logits[np.arange(6), [head.labels.index(name) for name in NAMES]]
    return float(strength * (logsumexp(logits, axis=1) - wanted).sum() + 0.5 * (head.weights**2).sum())


def test_the_head_is_the_regression_of_least_loss() -> None:
    head = fitted(SIX, NAMES, 0.5)
    assert head.labels == ("bad", "good", "mixed")
    assert head.predicted(SIX) == NAMES
    np.testing.assert_allclose(np.exp(head.log_likelihoods(SIX)).sum(axis=1), 1)
    least = loss(head, 0.5)
    for row in range(3):
        for step in (-0.05, 0.05):
            weights, biases = head.weights.copy(), head.biases.copy()
            weights[row, 0] += step
            assert loss(Head(head.labels, weights, biases, head.mean, head.scale), 0.5) > least
            biases[row] += step
            assert loss(Head(head.labels, head.weights, biases, head.mean, head.scale), 0.5) > least


def test_examples_pull_a_head_from_its_start_by_their_strength() -> None:
    start = Head(("bad", "good"), np.array([[1.0, 0.0], [-1.0, 0.0]]), np.zeros(2), np.zeros(2), 1.0)
    kept, moved = (fitted(SIX[:4], NAMES[:4], strength, start) for strength in (1e-6, 100.0))
    np.testing.assert_allclose(kept.weights, start.weights, atol=1e-4)
    assert moved.predicted(SIX[:4]) == NAMES[:4]
    assert moved.labels == start.labels


def test_folds_spread_labels_evenly() -> None:
    labels = ["a"] * 7 + ["b"] * 9
    parts = folds(labels, 4, seed=3)
    assert [int((parts == part).sum()) for part in range(4)] == [4, 4, 4, 4]
    counts = [int((parts[:7] == part).sum()) for part in range(4)]
    assert (min(counts), max(counts)) == (1, 2)
    assert parts.tolist() == folds(labels, 4, seed=3).tolist() != folds(labels, 4, seed=4).tolist()


def noisy(n: int, seed: int) -> tuple[FloatArray, list[str]]:
    """Vectors whose first number says the label, faintly, and 60 that say nothing."""
    draw = np.random.default_rng(seed)
    labels = ["good", "bad"] * (n // 2)
    vectors = draw.normal(size=(n, 61)).astype(np.float32)
    vectors[:, 0] += [2.0 if label == "good" else -2.0 for label in labels]
    return vectors, labels


def test_a_start_is_taken_where_it_holds_up() -> None:
    vectors, labels = noisy(32, 0)
    judged, wanted = noisy(400, 1)
    weights = np.zeros((2, 61))
    weights[:, 0] = (-1, 1)
    true, false = (Head(("bad", "good"), sign * weights, np.zeros(2), np.zeros(61), 1.0) for sign in (1, -1))
    helped, misled = chosen(vectors, labels, 0, {"told": true}), chosen(vectors, labels, 0, {"told": false})
    alone = chosen(vectors, labels, 0)
    assert (helped.way, misled.way, alone.way) == ("told", "head", "head")
    right = [np.mean(np.array(one.head.predicted(judged)) == wanted) for one in (alone, helped)]
    assert right[1] > right[0] + 0.02
    assert helped.surprise < alone.surprise == misled.surprise


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return load(write_body(tmp_path / "tiny", "bert"))


LONG, SHORT = ("ab ab ab b a", "b a ab ab ab", "ab b ab ab", "a ab ab b ab"), ("a", "b", "ab", "b a")
TEXTS = [*LONG, *SHORT]
LABELS = ["long"] * 4 + ["short"] * 4


@pytest.mark.weights
def test_texts_are_told_apart_and_the_model_is_not_touched(model: TextModel) -> None:
    before = {name: number.clone() for name, number in model.state_dict().items()}
    start = described(model, {"long": LONG[:2], "short": SHORT[:2]})
    heard = learnt(model, TEXTS, LABELS, seed=1, starts={"described": start}, contrastive=False)
    assert sum(told == label for told, label in zip(heard.predict(TEXTS), LABELS, strict=True)) >= 7
    assert heard.way in ("head", "described")
    assert 0.5 <= heard.expected <= 1
    assert heard.model is model
    assert start.labels == ("long", "short")
    for name, number in model.state_dict().items():
        torch.testing.assert_close(number, before[name], rtol=0, atol=0)


@pytest.mark.weights
def test_contrastive_teaching_changes_the_upper_layers_of_a_copy(
    model: TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contrastive, "LAYERS", 1)
    monkeypatch.setattr(contrastive, "RATE", 2e-3)
    before = {name: number.clone() for name, number in model.state_dict().items()}
    taught = contrasted(model, TEXTS, LABELS, seed=0)
    changed = {name for name, number in taught.state_dict().items() if not torch.equal(number, before[name])}
    assert changed
    assert all(".layer.1." in name for name in changed)
    assert all(torch.equal(number, before[name]) for name, number in model.state_dict().items())
    assert all(number.requires_grad and number.grad is None for number in model.parameters())
    assert taught.body.embeddings.word_embeddings.weight is model.body.embeddings.word_embeddings.weight
    assert apart(taught) > apart(model) + 0.1


def apart(model: TextModel) -> float:
    """How much nearer texts of one label are than those of two, by cosines from their mean."""
    vectors = model.vectors(TEXTS, "query")
    vectors = vectors - vectors.mean(axis=0)
    cosines = vectors @ vectors.T / np.outer(*[np.linalg.norm(vectors, axis=1)] * 2)
    same = np.equal.outer(LABELS, LABELS)
    return float(cosines[same & ~np.eye(len(TEXTS), dtype=bool)].mean() - cosines[~same].mean())


@pytest.mark.weights
def test_contrastive_teaching_is_taken_where_it_tells_more_right(
    model: TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contrastive, "LAYERS", 1)
    monkeypatch.setattr(few_shot, "_contrasted_right", lambda *asked: 1.01)
    better = learnt(model, TEXTS, LABELS)
    assert (better.way, better.expected) == ("contrastive", 1.01)
    assert better.model is not model
    assert len(better.predict(TEXTS)) == len(TEXTS)
    monkeypatch.setattr(few_shot, "_contrasted_right", lambda *asked: 0.0)
    assert learnt(model, TEXTS, LABELS).way == "head"


@pytest.mark.weights
def test_how_often_contrastive_teaching_is_right_is_told_by_held_out_texts(model: TextModel) -> None:
    assert 0 <= few_shot._contrasted_right(model, TEXTS, LABELS, 0) <= 1


@pytest.mark.weights
def test_what_cannot_be_learnt_is_said(model: TextModel) -> None:
    with pytest.raises(TrainingError, match=r"2 texts and 1 labels\. Give one label for each text"):
        learnt(model, ["a", "b"], ["good"])
    with pytest.raises(TrainingError, match=r"by label: 'bad' 1, 'good' 4\. At least 2 labels with 4 examples each"):
        learnt(model, TEXTS[:5], ["good"] * 4 + ["bad"])
    with pytest.raises(TrainingError, match=r"examples by label: none\."):
        learnt(model, [], [])
    start = described(model, {"long": LONG[:2], "tiny": SHORT[:2]})
    with pytest.raises(TrainingError, match=r"the start 'told' does not know the label 'short'; it knows long, tiny\."):
        learnt(model, TEXTS, LABELS, starts={"told": start})
