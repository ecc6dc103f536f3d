"""A search for settings. Claims, on a tiny model:

1. it finds settings that learn better than the defaults, the first trial, and gives all that were tried.
2. the same seed tries the same; a trial that is worse than half of those before is cut short.
3. it ends with its budget, one trial at least; a trial that fails is one of the table.
4. what cannot be searched is refused: an unknown setting, nothing, a search where every trial fails, no optuna.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from shopkeeper.encode.model import TextModel
from shopkeeper.encode.search import Budget, Found, Range, Searched, ranges, search
from shopkeeper.encode.training import Schedule
from shopkeeper.encode.weights import find
from shopkeeper.errors import TrainingError
from tests.encode.tiny import write_e5
from tests.encode.turning import NOBODY, Turning

pytestmark = [pytest.mark.weights, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_e5(tmp_path / "tiny.bin")


def searched(weights: Path, method: str = "full", task: type[Turning] = Turning) -> Searched:
    def opened() -> TextModel:
        return TextModel.load(find(str(weights)))

    return Searched(opened, method, lambda: [task()], NOBODY, Schedule(steps=6, every=2))


RATES = {"learning_rate": Range(1e-7, 3e-2)}


def test_it_finds_better_settings_than_the_defaults_and_the_same_again(weights: Path) -> None:
    found, again = (search(searched(weights), Budget(trials=10, seed=3), RATES) for _ in range(2))
    assert found.trials[0].settings == {"learning_rate": 5e-5}
    assert found.trials[0].score is not None and found.score > found.trials[0].score + 0.05
    assert found.settings["learning_rate"] > 1e-3
    assert [(each.settings, each.score, each.end) for each in found.trials] == [
        (each.settings, each.score, each.end) for each in again.trials
    ]
    pruned = [each for each in found.trials if each.end == "pruned"]
    assert pruned and all(each.score is not None and each.score < found.score for each in pruned)
    assert len(found.trials) == 10 and all(each.cpu_s > 0 for each in found.trials)


def test_it_ends_with_its_budget_but_tries_once(weights: Path) -> None:
    told = list[tuple[str, int, int]]()
    found = search(searched(weights), Budget(minutes=0.0), tell=lambda *said: told.append(said))
    assert isinstance(found, Found) and len(found.trials) == 1
    assert told == [("searching for settings", 1, 50)]


def test_what_is_searched_lies_around_the_defaults() -> None:
    assert ranges("full") == {"learning_rate": Range(5e-5 / 8, 5e-5 * 8)}
    assert ranges("lora")["rank"] == Range(4, 64)


class Fragile(Turning):
    """No number at the third step, and so at every training."""

    def loss(self, model: TextModel, draw: np.random.Generator) -> torch.Tensor:
        loss = super().loss(model, draw)
        return loss * float("nan") if self.steps == 3 else loss


def test_a_search_that_comes_to_nothing_says_so(weights: Path) -> None:
    with pytest.raises(
        TrainingError,
        match=r"settings of full: none of 2 trials came to a score, over learning_rate 1e-07 to 0.03\. Search",
    ):
        search(searched(weights, task=Fragile), Budget(trials=2), RATES)
    with pytest.raises(
        TrainingError, match=r"settings of lora: it has no setting 'ranks'. Available: alpha, dropout, "
    ):
        search(searched(weights, "lora"), Budget(), {"ranks": Range(1, 2)})
    with pytest.raises(TrainingError, match=r"settings of full: nothing to search\. Give a range, as learning_rate"):
        search(searched(weights), Budget(), {})


def test_settings_that_do_not_go_together_fail(weights: Path) -> None:
    with pytest.raises(TrainingError, match=r"settings of lora: none of 1 trials .* dropout 1 to 2\."):
        search(searched(weights, "lora"), Budget(trials=1), {"dropout": Range(1.0, 2.0)})


def test_a_trial_that_fails_is_one_of_the_table(weights: Path) -> None:
    asked = list[int]()

    class Sometimes(Fragile):
        def prepare(self, model: TextModel, corpus: object, seed: int) -> None:
            super().prepare(model, NOBODY, seed)
            asked.append(1)
            self.steps = 0 if len(asked) == 1 else 10

    found = search(searched(weights, task=Sometimes), Budget(trials=2), RATES)
    assert [(each.end, each.score is None) for each in found.trials] == [("failed", True), ("whole", False)]
    assert found.settings == found.trials[1].settings


def test_without_optuna_it_says_what_to_install(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(TrainingError, match=r"needs optuna, which is not installed. Install the extra 'tuning'"):
        search(searched(weights), Budget())
