"""The loop in which a model learns. Claims, on a tiny model:

1. the model ends as it was at its best measurement, the first of which is before any step.
2. it stops when the last measurements were none of them the best, and when its time is over; its rate falls by then.
3. a loss that is no number ends it with a message, and the model is as it was before.
4. the same seed gives the same numbers.
5. (real weights) from a catalogue alone, queries come to find what words and meaning point at; too small a catalogue is
   refused with what is needed.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper import plugins
from shopkeeper.encode import curves
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Schedule, Task, train
from shopkeeper.encode.weights import choose, find
from shopkeeper.errors import TrainingError
from shopkeeper.types import FloatArray
from tests.encode.tiny import write_e5
from tests.encode.turning import NOBODY, Turning, method, vectors

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]
QUICK = Schedule(steps=6, every=2)


def matching(**settings: object) -> Task:
    kind = plugins.load("task", "matching")
    made: Task = kind(kind.Settings(**settings))
    return made


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))


def test_the_model_ends_as_it_was_at_its_best(model: TextModel, tmp_path: Path) -> None:
    before = vectors(model)
    history = train(model, method("full"), Turning((0.5, 0.4, 0.3, 0.2)), NOBODY, QUICK)
    assert (history.best.step, [point.step for point in history.points]) == (0, [0, 2, 4, 6])
    np.testing.assert_allclose(vectors(model), before, atol=1e-6)
    history = train(model, method("full"), Turning(), NOBODY, QUICK)
    assert history.best.step > 0 and history.best.score > history.points[0].score
    assert not np.allclose(vectors(model), before, atol=1e-3)
    assert history.points[1].loss > 0 and np.isnan(history.points[0].loss)


def test_it_stops_when_it_gets_no_better_or_time_is_over(model: TextModel) -> None:
    worse = Turning((0.5, 0.6, 0.5, 0.5, 0.5, 0.9))
    history = train(model, method("full"), worse, NOBODY, replace(QUICK, steps=100, patience=3))
    assert ([point.step for point in history.points], history.best.step) == ([0, 2, 4, 6, 8], 2)
    late = train(model, method("full"), Turning(), NOBODY, replace(QUICK, steps=100, minutes=0.0))
    assert [point.step for point in late.points] == [0, 1]


def test_a_loss_that_is_no_number_ends_it_and_loses_nothing(model: TextModel) -> None:
    before = vectors(model)
    with pytest.raises(
        TrainingError, match=r"the loss is nan at step 1, .* as it was before. Lower the method's learn"
    ):
        train(model, method("lora"), Turning(bad_at=1), NOBODY, QUICK)
    np.testing.assert_allclose(vectors(model), before, atol=1e-5)
    assert not any("lora" in name for name, _ in model.body.named_parameters())


def test_the_rate_falls_with_the_minutes_where_they_end_first(model: TextModel, tmp_path: Path) -> None:
    timed = replace(QUICK, steps=10**6, every=10**6, minutes=0.05, folder=tmp_path)
    history = train(model, method("full"), Turning(), NOBODY, timed)
    rates = [line["rate"] for line in curves.read(tmp_path) if "scores" not in line and "score" not in line]
    assert len(rates) == history.points[-1].step > 10
    assert max(rates) > 0.7 * method("full").learning_rate
    assert rates[-1] < 0.2 * max(rates) and rates.index(max(rates)) < 0.4 * len(rates)


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path) -> None:
    def learnt(seed: int) -> FloatArray:
        own = TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))
        train(own, method("full"), Turning(), NOBODY, replace(QUICK, seed=seed))
        return vectors(own)

    np.testing.assert_array_equal(learnt(1), learnt(1))
    assert not np.array_equal(learnt(1), learnt(2))


def test_a_method_that_follows_is_told_of_every_step(model: TextModel) -> None:
    steps = list[tuple[int, int, bool]]()

    class Followed:
        learning_rate = 1e-2

        def prepare(self, model: TextModel) -> list[torch.nn.Parameter]:
            return list(model.layers[0].parameters())

        def after_step(self, model: TextModel, step: int, of: int) -> None:
            steps.append((step, of, next(model.layers[0].parameters()).grad is not None))

        def finish(self, model: TextModel) -> None:
            """Nothing was put in."""

    train(model, Followed(), Turning(), NOBODY, replace(QUICK, steps=2))
    assert steps == [(1, 2, True), (2, 2, True)]


def goods() -> Corpus:
    kinds = ["jacket", "trousers", "boots", "gloves", "rucksack", "tent", "kettle", "torch"]
    uses = ["rain", "winter", "running", "climbing", "camping", "riding"]
    makers = ["Norwa", "Tarvik", "Ellmo", "Quist", "Brunda", "Sorvo", "Havelin", "Pemra"]
    titles = [f"{maker} {use} {kind} {100 + 7 * n}" for n, maker in enumerate(makers) for use in uses for kind in kinds]
    return Corpus(titles, [(title,) for title in titles], [title.split()[0] for title in titles])


def test_queries_learn_to_find_what_words_and_meaning_point_at() -> None:
    corpus = goods()
    assert 0 < corpus.held_out.sum() < len(corpus) / 4
    model = TextModel.load(find(choose("auto", corpus.texts)))
    task = matching(batch=24)
    history = train(model, method("full", learning_rate=2e-4), task, corpus, Schedule(steps=30, every=10, seed=1))
    assert history.points[-1].loss < 0.95 * history.points[1].loss
    assert history.best.score > history.points[0].score


def test_too_small_a_catalogue_is_refused_with_what_is_needed(model: TextModel) -> None:
    few = Corpus(["ab"], [("ab",)], [""])
    with pytest.raises(TrainingError, match=r"1 products give 0 different queries .* at least 200 and 1 are needed"):
        train(model, method("full"), matching(), few, QUICK)
