"""Titles find what else is said of their product, as a task on a tiny model. Claims:

1. it is learnt, in chunks too, which change nothing, and together with another task.
2. equal texts and equal titles are no negatives and do not stand before one another.
3. texts of a word or two are no texts of one product; held-out products are never drawn.
4. a corpus of titles alone is refused with what is needed.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.tasks.coherence import Coherence
from shopkeeper.encode.training import Schedule, train
from shopkeeper.errors import TrainingError
from tests.encode.bodies import load, method, write_body
from tests.encode.turning import Sided

pytestmark = pytest.mark.weights


def goods(n: int = 300) -> Corpus:
    """A title of eight words, and a text of six that are most often of the same kind; a category of one word."""
    draw, made = np.random.default_rng(2), dict[str, str]()
    while len(made) < n:
        shares = draw.dirichlet([0.3, 0.3, 0.3])
        title, text = (" ".join(draw.choice(["a", "b", "ab"], length, p=shares)) for length in (8, 6))
        made.setdefault(title, text)
    return Corpus([f"{title} {text}" for title, text in made.items()], [(*own, "ab") for own in made.items()], [""] * n)


CORPUS = goods()


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return load(write_body(tmp_path / "tiny", "bert"))


def task(**settings: object) -> Coherence:
    return Coherence(Coherence.Settings(**{"batch": 16, **settings}))


def test_titles_learn_to_find_their_texts_together_with_another_task(model: TextModel) -> None:
    history = train(model, method("full"), [task(), Sided()], CORPUS, Schedule(steps=40, every=20, head_rate=1e-2))
    assert history.best.scores["coherence"] > history.points[0].scores["coherence"]
    assert history.points[-1].losses["coherence"] < history.points[1].losses["coherence"]


def test_chunks_change_nothing(model: TextModel) -> None:
    losses = []
    for chunk in (1000, 5):
        asked = task()
        asked.prepare(model, CORPUS, 0)
        asked.chunk = chunk
        losses.append(float(asked.loss(model, np.random.default_rng(3)).detach()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_equal_texts_are_no_negatives(model: TextModel) -> None:
    asked = task(batch=4)
    asked._taught = [("a b", ["b b b"]), ("ab", ["b b b"]), ("a b", ["a a a"]), ("b", ["a a a"])]
    with torch.no_grad():
        found = float(asked.loss(model, np.random.default_rng(0)))
        read = [("a b", "b b b"), ("ab", "b b b"), ("a b", "a a a"), ("b", "a a a")]
        titles = torch.from_numpy(model.vectors([title for title, _ in read], "query"))
        texts = torch.from_numpy(model.vectors([text for _, text in read], "passage"))
    logits = (titles @ texts.T / 0.05).numpy()
    negatives = [[3], [2, 3], [1], [0, 1]]
    for one, other in ((0, 1), (0, 2), (2, 3)):
        logits[one, other] = logits[other, one] = -np.inf
    assert [
        np.flatnonzero(np.isfinite(row) & (np.arange(4) != at)).tolist() for at, row in enumerate(logits)
    ] == negatives
    both = [-(each - np.log(np.exp(each).sum(axis=1, keepdims=True))).diagonal().mean() for each in (logits, logits.T)]
    assert found == pytest.approx(np.mean(both), rel=0.02)
    asked._aside = read[:3:2]
    assert asked.score(model) == 1.0


def test_short_texts_and_held_out_products_are_left_out(model: TextModel) -> None:
    asked = task()
    asked.prepare(model, CORPUS, 0)
    out = CORPUS.held_out
    assert all(len(others) == 1 for _, others in asked._taught)
    assert [title for title, _ in asked._taught] == [
        own[0] for own, held in zip(CORPUS.fields, out, strict=True) if not held
    ]
    assert {title for title, _ in asked._aside} == {
        own[0] for own, held in zip(CORPUS.fields, out, strict=True) if held
    }


def test_titles_alone_are_refused(model: TextModel) -> None:
    bare = Corpus(CORPUS.texts, [(own[0], "ab", "") for own in CORPUS.fields], CORPUS.brands)
    told = (
        r"encode\.coherence: 0 of 300 products have a title and another text of 3 words or more, 0 of them held out; "
        r"at least 200 .* Import attributes or descriptions too, or leave coherence out of encode\.tasks"
    )
    with pytest.raises(TrainingError, match=told):
        task().prepare(model, bare, 0)
