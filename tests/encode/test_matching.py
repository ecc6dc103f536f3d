"""Matching without labels, on a tiny model that knows hardly a word. Claims:

1. feedback teaches where most products have a title and no other text, words elsewhere, and either where it is asked.
2. products that stay keep their vectors; of those that learn, at most two a query are read anew, as the model reads
   them now, without dropout, and the teacher keeps the untouched model's.
3. where products learn, gradients come from them too; held-out products are searched for among the others as the model
   reads them then.
4. the shares of one, two and three words are those asked for.
"""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.tasks.matching import Matching
from shopkeeper.encode.teacher import ByFeedback
from shopkeeper.encode.weights import find
from shopkeeper.types import FloatArray
from tests.encode.tiny import write_e5

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]

KINDS = ("ab jacket", "a trousers", "b boots", "a gloves", "tent", "kettle", "b torch", "a ab lamp")
USES = ("rain", "winter", "running", "climbing", "camping", "riding")
MAKERS = ("norwa", "tarvik", "ellmo", "quist", "brunda", "sorvo")
TITLES = [f"{maker} {use} {kind} {place}" for place, maker in enumerate(MAKERS) for use in USES for kind in KINDS]


def corpus(second: str = "") -> Corpus:
    return Corpus(TITLES, [(title, second) for title in TITLES], [""] * len(TITLES))


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))


def prepared(model: TextModel, goods: Corpus, **settings: object) -> Matching:
    task = Matching(Matching.Settings(**{"batch": 8, "queries": 400, **settings}))
    task.prepare(model, goods, seed=0)
    return task


def learnt(model: TextModel, task: Matching) -> list[float]:
    """How much gradient one loss gives to each parameter."""
    torch.manual_seed(0)
    loss = task.loss(model, np.random.default_rng(1))
    torch.autograd.backward(loss)
    return [float(parameter.grad.abs().sum()) for parameter in model.parameters() if parameter.grad is not None]


@pytest.mark.parametrize(
    ("second", "asked", "given"),
    [
        ("", "auto", "ByFeedback"),
        ("warm and dry", "auto", "ByWords"),
        ("", "words", "ByWords"),
        ("warm and dry", "feedback", "ByFeedback"),
    ],
)
def test_who_teaches_follows_from_the_catalogue(second: str, asked: str, given: str, model: TextModel) -> None:
    assert type(prepared(model, corpus(second), teacher=asked)._teacher).__name__ == given


def test_products_that_stay_keep_their_vectors(model: TextModel) -> None:
    task = prepared(model, corpus())
    before = task._passages.clone()
    assert all(np.isfinite(learnt(model, task)))
    torch.testing.assert_close(task._passages, before, rtol=0, atol=0)


def test_products_that_learn_are_read_anew_and_the_teacher_keeps_the_old(model: TextModel) -> None:
    task = prepared(model, corpus(), product_vectors="learn", teacher="feedback", batch=4)
    assert isinstance(task._teacher, ByFeedback)
    before, teacher = task._passages.clone(), task._teacher._passages
    with torch.no_grad():
        model.body.encoder.layer[0].output.dense.weight.mul_(-3)
    model.train()
    learnt(model, task)
    assert model.training
    model.eval()
    changed = torch.nonzero((task._passages - before).abs().amax(1) > 1e-3).flatten().tolist()
    assert 1 <= len(changed) <= 8
    now = model.vectors([TITLES[row] for row in changed], "passage")
    np.testing.assert_allclose(task._passages[changed], now, atol=2e-2)
    torch.testing.assert_close(teacher, before, rtol=0, atol=0)


def test_products_that_learn_give_gradients_and_are_measured_as_read_now(
    model: TextModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    stay, learn = prepared(model, corpus()), prepared(model, corpus(), product_vectors="learn")
    assert learn.score(model) == pytest.approx(stay.score(model), abs=0.02)
    of_queries = learnt(model, stay)
    model.zero_grad()
    assert not np.allclose(of_queries, learnt(model, learn), rtol=1e-2)
    asked, seen = [], model.vectors

    def watched(texts: list[str], kind: Literal["query", "passage"]) -> FloatArray:
        asked.append(kind)
        return seen(texts, kind)

    monkeypatch.setattr(model, "vectors", watched)
    learn.score(model)
    stay.score(model)
    assert asked == ["passage", "query", "query"]


def test_lengths_are_those_asked_for(model: TextModel) -> None:
    task = prepared(model, corpus(), lengths=(0.0, 0.0, 1.0), queries=200)
    assert {len(query.meant.split()) for query in task._queries} == {3}
