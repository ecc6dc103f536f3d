"""Several tasks on one encoder. Claims, on a tiny model:

1. what each task counts is learnt: in the end by the inverse of its loss, whatever its unit.
2. a task's own head learns beside the model, and comes back to its best with it.
3. the history says each task's losses and scores; the best measurement is that of the highest mean gain, where a gain
   is the share of what was missing to 1.
4. one task counts 1, and a training without a task is refused.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weighting import Uncertainty, gain
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from tests.encode.tiny import write_e5
from tests.encode.turning import NOBODY, Sided, Turning, method

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]
QUICK = Schedule(steps=6, every=2)


@pytest.fixture
def model(tmp_path: Path) -> TextModel:
    return TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))


def test_a_task_counts_by_the_inverse_of_its_loss() -> None:
    weighting = Uncertainty(2)
    optimizer = torch.optim.Adam(weighting.log_variances, lr=0.1)
    losses = torch.tensor(0.02), torch.tensor(30.0)
    for _ in range(600):
        optimizer.zero_grad()
        torch.autograd.backward([weighting.weighted(at, loss) for at, loss in enumerate(losses)])
        optimizer.step()
    found = [math.exp(-float(log_variance)) for log_variance in weighting.log_variances]
    assert found == pytest.approx([1 / (2 * 0.02), 1 / (2 * 30)], rel=0.05)
    begun = Uncertainty(2)
    begun.begin([0.02, 30.0])
    assert [float(begun.weighted(at, loss)) for at, loss in enumerate(losses)] == pytest.approx(
        [0.5 + math.log(0.04) / 2, 0.5 + math.log(60.0) / 2]
    )


def test_a_single_task_counts_one() -> None:
    assert float(Uncertainty(1).weighted(0, torch.tensor(0.7))) == pytest.approx(0.7)
    assert Uncertainty(1).log_variances == []


def test_a_gain_is_the_share_of_what_was_missing() -> None:
    assert gain(0.6, 0.7) == pytest.approx(0.25)
    assert gain(0.0, 0.8) == pytest.approx(0.8)
    assert gain(0.99, 0.98) == pytest.approx(-0.1)  # at least a tenth counts as missing
    assert gain(-3.0, -2.0) == pytest.approx(0.25)
    assert gain(50.0, 60.0) == pytest.approx(0.2)


def test_several_tasks_learn_together_and_are_told_apart(model: TextModel) -> None:
    turning, sided = Turning(), Sided()
    history = train(model, method("full"), [turning, sided], NOBODY, replace(QUICK, steps=30, every=10, head_rate=0.05))
    first, best = history.points[0], history.best
    assert set(first.scores) == set(first.losses) == {"turning", "sided"}
    assert best.scores["turning"] > first.scores["turning"] + 0.1 and best.scores["sided"] == 1.0
    gains = [gain(first.scores[name], best.scores[name]) for name in first.scores]
    assert first.score == 0.0 and best.score == pytest.approx(np.mean(gains))
    assert history.points[1].losses["sided"] > 20 * history.points[1].losses["turning"]
    assert sided.score(model) == best.scores["sided"]


def test_the_best_has_the_highest_mean_gain_and_heads_come_back_to_it(model: TextModel) -> None:
    class Told(Sided):
        def score(self, model: TextModel) -> float:
            self.heads.append(self.head.weight.detach().clone())
            return next(self.told)

        def prepare(self, model: TextModel, corpus: object, seed: int) -> None:
            super().prepare(model, NOBODY, seed)
            self.told, self.heads = iter((0.5, 0.55, 0.5, 0.4)), list[torch.Tensor]()

    sided = Told()
    history = train(model, method("full"), [Turning((0.2, 0.3, 0.6, 0.5)), sided], NOBODY, QUICK)
    assert [round(point.score, 4) for point in history.points] == [0.0, 0.1125, 0.25, 0.0875]
    assert history.best.step == 4
    torch.testing.assert_close(sided.head.weight.detach(), sided.heads[2])
    assert not torch.equal(sided.heads[2], sided.heads[3])


def test_tasks_of_the_same_name_are_numbered_and_none_is_refused(model: TextModel) -> None:
    history = train(model, method("full"), (Turning(), Turning()), NOBODY, replace(QUICK, steps=1))
    assert list(history.points[0].scores) == ["turning", "turning2"]
    with pytest.raises(TrainingError, match=r"no task was given\. Give one or several, as 'matching'"):
        train(model, method("full"), [], NOBODY, QUICK)
    with pytest.raises(TrainingError, match=r"the loss is turning nan, turning2 \d\S+ at step 1, after \[\]"):
        train(model, method("full"), [Turning(bad_at=2), Turning()], NOBODY, QUICK)
