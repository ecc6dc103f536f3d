"""A tiny model learns what it and another agree on. Claims:

1. the panel's cosines are the means of its encoders' cosines about their means; what is learnt has as many numbers as
   the model's own vectors and lies as near to them as a turn can bring it.
2. learning brings held-out texts and queries nearer to what the panel says, and cosines of texts nearer to the
   panel's.
3. the loss is a mean over examples: a batch in parts has the loss of the whole.
4. a catalogue too small, and teachers that are not there, are refused with what to do.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.ensemble import about_mean, agreed
from shopkeeper.encode.methods.full import Full
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.tasks.distillation import Distillation
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from shopkeeper.relevance_feedback import unit
from tests.encode.test_matching import TITLES, corpus
from tests.encode.tiny import e5_tensors, write_e5

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))


@pytest.fixture
def other(tmp_path: Path) -> str:
    """Weights of another tiny encoder."""
    return str(write_e5(tmp_path / "other.bin", e5_tensors(8)))


def prepared(model: TextModel, other: str, **settings: object) -> Distillation:
    task = Distillation(Distillation.Settings(**{"batch": 16, "queries": 400, "teachers": (other,), **settings}))
    task.prepare(model, corpus(), seed=0)
    return task


def test_the_panel_agrees_on_means_of_cosines() -> None:
    draw = np.random.default_rng(0)
    drawn = [unit(draw.normal(size=(n, 6)).astype(np.float32)) for n in (40, 5, 40, 5)]
    read = [(drawn[0], drawn[1]), (drawn[2], drawn[3])]
    products, queries = agreed([read[0], read[0]], feedback=0.0)  # who agrees with himself stays where he is
    own, asked = about_mean(read[0])
    np.testing.assert_allclose(products, own, atol=1e-4)
    np.testing.assert_allclose(queries, asked, atol=1e-4)
    joined = np.concatenate([about_mean(one)[0] for one in read], axis=1) / np.sqrt(2)
    cosines = np.mean([about_mean(one)[0] @ about_mean(one)[0].T for one in read], axis=0)
    np.testing.assert_allclose(joined @ joined.T, cosines, atol=1e-5)
    products, _ = agreed(read, feedback=0.0)
    assert products.shape == (40, 6)
    assert np.corrcoef((products @ products.T).ravel(), cosines.ravel())[0, 1] > 0.8  # six of twelve axes are kept
    assert (products * own).sum(axis=1).mean() > 0.5


def test_learning_brings_the_model_to_what_the_panel_says(model: TextModel, other: str) -> None:
    task = prepared(model, other)
    before, unlike = task.score(model), _unlikeness(model, task)
    history = train(
        model, Full(Full.Settings(learning_rate=1e-3)), task, corpus(), Schedule(steps=60, minutes=5, seed=0)
    )
    assert history.best.score > before + 0.02
    assert _unlikeness(model, task) < 0.9 * unlike


def _unlikeness(model: TextModel, task: Distillation) -> float:
    """How far cosines of held-out texts are from the panel's, on average."""
    rows = task._measured[task._measured < task._first_query]
    vectors = unit(model.vectors([TITLES[row] for row in rows.tolist()], "passage") - task._mean.numpy())
    said = task._said[torch.from_numpy(rows)].numpy()
    return float(np.abs(vectors @ vectors.T - said @ said.T).mean())


def test_a_batch_in_parts_has_the_loss_of_the_whole(model: TextModel, other: str) -> None:
    task, draw = prepared(model, other), np.random.default_rng(3)
    examples = task.drawn(draw)
    assert len(examples) == 32
    model.eval()
    with torch.no_grad():
        whole = float(task.loss_of(model, examples))
        parts = [float(task.loss_of(model, part)) for part in np.split(examples, 4)]
    assert whole == pytest.approx(np.mean(parts), abs=1e-5)


def test_what_cannot_be_learnt_is_refused(model: TextModel, other: str) -> None:
    task = Distillation(Distillation.Settings(teachers=(other,)))
    few = Corpus(TITLES[:20], [(title,) for title in TITLES[:20]], [""] * 20)
    with pytest.raises(TrainingError, match=r"products to learn from .* at least 200 of each are needed\. Import more"):
        task.prepare(model, few, 0)
    with pytest.raises(TrainingError, match=r"encode\.distillation\.teachers: .*'nobody': no such package"):
        prepared(model, "nobody")
