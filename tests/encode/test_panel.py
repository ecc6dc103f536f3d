"""Experts taught on other reviews, weighed together, carried on by few examples. Claims:

1. the head of a panel trusts the expert that is right on goods none was taught on, and not the one that guesses.
2. a few examples move the head where things are called otherwise, and leave it alone where they agree; the panel asked
   stays as it is.
3. a reader keeps its model and head in a folder, which gives the same answers back.
4. what was taught by the task `sentiment` tells texts apart as the task itself does.
5. experts of other labels, no expert, a folder without a head and too few examples are refused in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.few_shot import described
from shopkeeper.encode.letters import lettered
from shopkeeper.encode.logistic import Numbers
from shopkeeper.encode.panel import HEAD, Reader, stacked, transferred
from shopkeeper.encode.tasks.sentiment import Sentiment
from shopkeeper.encode.training import Schedule, train
from shopkeeper.errors import TrainingError, WeightsError
from tests.encode.bodies import load, method, write_body
from tests.encode.test_sentiment import REVIEWS


@dataclass(frozen=True)
class Counting:
    """Finds a text the better, the more often it has its letter."""

    letter: str
    labels: tuple[str, ...] = ("bad", "good")

    def log_likelihoods(self, texts: Sequence[str]) -> Numbers:
        counts = np.array([text.count(self.letter) - 2.0 for text in texts])
        return np.stack([-np.logaddexp(0, counts), -np.logaddexp(0, -counts)], axis=1)


def goods(n: int, seed: int, threshold: int = 2) -> tuple[list[str], list[str]]:
    """Texts with zero to four g and as many x: good from so many g on."""
    draw = np.random.default_rng(seed)
    counts = draw.integers(0, 5, (n, 2))
    return ["g" * g + "x" * x for g, x in counts], ["good" if g >= threshold else "bad" for g, _ in counts]


PANEL = stacked((Counting("g"), Counting("x")), *goods(300, 0))


def test_the_expert_that_is_right_is_trusted() -> None:
    knowing, guessing = np.abs(PANEL.head.weights[:, :2]).max(), np.abs(PANEL.head.weights[:, 2:]).max()
    assert knowing > 5 * guessing
    texts, labels = goods(100, 1)
    assert PANEL.predict(texts) == labels
    assert PANEL.way == "stacked"
    assert np.isnan(PANEL.expected)


def test_a_few_examples_carry_the_panel_on() -> None:
    before = PANEL.head.weights.copy()
    judged, wanted = goods(200, 3, threshold=4)
    strict = transferred(PANEL, *goods(32, 2, threshold=4))
    right = [np.mean(np.array(panel.predict(judged)) == wanted) for panel in (PANEL, strict)]
    assert right[0] < 0.7
    assert right[1] > 0.95
    assert strict.way.startswith("strength ")
    assert strict.expected > 0.8
    agreeing = transferred(PANEL, *goods(32, 4))
    assert agreeing.predict(judged) == PANEL.predict(judged)
    np.testing.assert_array_equal(PANEL.head.weights, before)


@pytest.mark.weights
def test_a_taught_reader_is_kept_and_found_again(tmp_path: Path) -> None:
    model = load(write_body(tmp_path / "tiny", "bert"))
    task = Sentiment(Sentiment.Settings(batch=16, first=50, spread=0.2))
    corpus = Corpus([], [], [], reviews=REVIEWS)
    train(model, method("full"), task, corpus, Schedule(steps=20, every=10, head_rate=1e-2))
    reader = Reader(model, task.head)
    told = reader.log_likelihoods(REVIEWS.texts)
    right = np.array(reader.labels)[told.argmax(axis=1)] == np.array(REVIEWS.labels)
    aside = np.isin(REVIEWS.texts, task._asked)
    by_label = [right[aside & (np.array(REVIEWS.labels) == label)].mean() for label in reader.labels]
    assert np.mean(by_label) == pytest.approx(task.score(model))
    reader.save(tmp_path / "kept")
    again = Reader.open(tmp_path / "kept")
    np.testing.assert_allclose(again.log_likelihoods(REVIEWS.texts), told, atol=1e-6)
    panel = stacked((again, lettered(REVIEWS.texts, REVIEWS.labels)), REVIEWS.texts, REVIEWS.labels)
    assert panel.head.weights.shape == (2, 4)


@pytest.mark.weights
def test_what_was_not_kept_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=rf"panel: .* has no {HEAD}\. Name a folder that Reader\.save wrote, or"):
        Reader.open(tmp_path)
    model = load(write_body(tmp_path / "tiny", "bert"))
    Reader(model, described(model, {"good": ["a b"], "bad": ["ab ab"]})).save(tmp_path / "kept")
    (tmp_path / "kept" / "model.safetensors").unlink()
    with pytest.raises(WeightsError):
        Reader.open(tmp_path / "kept")


def test_what_cannot_be_weighed_is_said() -> None:
    texts, labels = goods(40, 0)
    with pytest.raises(
        TrainingError, match=r"panel: Counting tells dear, cheap apart, and the texts have the labels b"
    ):
        stacked((Counting("g", ("dear", "cheap")),), texts, labels)
    with pytest.raises(TrainingError, match=r"panel: no expert was given\. Give one or several, as a Reader and Lett"):
        stacked((), texts, labels)
    with pytest.raises(TrainingError, match=r"examples by label: 'bad' 2, 'good' 4"):
        transferred(PANEL, ["g"] * 6, ["good"] * 4 + ["bad"] * 2)
    with pytest.raises(
        TrainingError, match=r"the start 'stacked' does not know the label 'dear'; it knows bad, good\."
    ):
        transferred(PANEL, ["g"] * 8, ["good"] * 4 + ["dear"] * 4)
