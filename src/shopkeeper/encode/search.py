"""The settings of a method under which a task is learnt best, found within a budget."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from shopkeeper import plugins
from shopkeeper.encode.contract import Progress, Task
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.history import SILENT, Point, Schedule, Watch
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import train
from shopkeeper.errors import TrainingError

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial as Asked

log = logging.getLogger(__name__)

Value = int | float


@dataclass(frozen=True, slots=True)
class Range:
    """The values that a setting may take, both ends too; `log` where their ratios count and not their differences."""

    low: Value
    high: Value
    log: bool = True


@dataclass(frozen=True, slots=True)
class Budget:
    """How much is tried: processor minutes of all trials together, and at most so many of them.

    A schedule that takes a tenth of the minutes leaves room to search; the last trial ends with them.
    """

    minutes: float = 10.0
    trials: int = 50
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of settings: its best held-out score, at which step, and what it cost.

    `end` is `whole`, `pruned` where it was worse than half of those before at the same step, `failed` where its loss
    was no number or its settings do not go together: then there is no score.
    """

    settings: Mapping[str, Value]
    score: float | None
    step: int
    cpu_s: float
    end: str


@dataclass(frozen=True, slots=True)
class Found:
    """The best settings, whole or cut short, and all that were tried, in that order."""

    settings: Mapping[str, Value]
    score: float
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class Searched:
    """What is searched: a method by name, on these tasks, from a model that `opened` gives anew for every trial."""

    opened: Callable[[], TextModel]
    method: str
    tasks: Callable[[], Sequence[Task]]
    corpus: Corpus
    schedule: Schedule


SPANS: Mapping[str, float] = {"learning_rate": 8.0, "rank": 4.0, "layers": 2.0, "size": 4.0, "length": 4.0}
"""Settings that are worth a search, and how many times the default a value may be, up or down."""


def ranges(method: str) -> dict[str, Range]:
    """What is searched of a method unless something else is asked for: around its defaults."""
    fields = plugins.load("method", method).Settings.model_fields
    found: dict[str, Range] = {}
    for name, span in SPANS.items():
        default = fields[name].default if name in fields else None
        if isinstance(default, int):
            found[name] = Range(max(1, round(default / span)), round(default * span))
        elif isinstance(default, float):
            found[name] = Range(default / span, default * span)
    return found


def search(
    searched: Searched, budget: Budget, over: Mapping[str, Range] | None = None, tell: Progress = SILENT.tell
) -> Found:
    """The best settings by the held-out score, after as many trials as the budget allows; one at least.

    The first trial has the defaults. Each further one is chosen by a tree-structured Parzen estimator, and is given up
    at a measurement where it is below the median of those before. The model that `opened` gives is not kept: train once
    more with what was found. Scores are held-out scores that were chosen by: what they promise is measured elsewhere.
    Raises TrainingError where optuna is absent, a setting is unknown, or no trial came to a score.
    Source: Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011; through optuna.
    """
    space = _checked(searched.method, ranges(searched.method) if over is None else over)
    study, started, trials = _study(budget.seed), time.process_time(), list[Trial]()
    _first(study, searched.method, space)
    while len(trials) < budget.trials:
        left = budget.minutes - (time.process_time() - started) / 60
        if left <= 0 and trials:
            break
        asked = study.ask()
        settings = {name: _suggested(asked, name, where) for name, where in space.items()}
        trials.append(_tried(searched, settings, asked, max(left, 0.0)))
        ends = {"whole": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
        _tell(study, asked, trials[-1].score, ends[trials[-1].end])
        tell("searching for settings", len(trials), budget.trials)
        log.info("searching trial=%d end=%s score=%s", len(trials), trials[-1].end, trials[-1].score)
    scored = [(trial.score, -at) for at, trial in enumerate(trials) if trial.score is not None]
    if not scored:
        raise TrainingError(
            f"searching settings of {searched.method}: none of {len(trials)} trials came to a score, over "
            f"{', '.join(f'{name} {where.low:g} to {where.high:g}' for name, where in space.items())}. Search lower "
            f"learning rates, or train once without searching to see the reason"
        )
    score, at = max(scored)
    return Found(trials[-at].settings, score, tuple(trials))


def _checked(method: str, space: Mapping[str, Range]) -> Mapping[str, Range]:
    """The space, whose settings all exist."""
    fields = plugins.load("method", method).Settings.model_fields
    for name in space:
        if name not in fields:
            raise TrainingError(
                f"searching settings of {method}: it has no setting '{name}'. Available: {', '.join(sorted(fields))}"
            )
    if not space:
        raise TrainingError(f"searching settings of {method}: nothing to search. Give a range, as learning_rate")
    return space


def _study(seed: int) -> "Study":
    try:
        import optuna
    except ImportError as error:
        raise TrainingError(
            "searching settings needs optuna, which is not installed. Install the extra 'tuning' "
            "(pip install 'shopkeeper[tuning]'), or give the method's settings yourself"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it writes every trial to the terminal by itself
    pruner = optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
    return optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)


def _first(study: "Study", method: str, space: Mapping[str, Range]) -> None:
    fields = plugins.load("method", method).Settings.model_fields
    defaults = {name: fields[name].default for name in space}
    if all(where.low <= defaults[name] <= where.high for name, where in space.items()):
        study.enqueue_trial(defaults)


def _suggested(asked: "Asked", name: str, where: Range) -> Value:
    if isinstance(where.low, int) and isinstance(where.high, int):
        return asked.suggest_int(name, where.low, where.high, log=where.log)
    return asked.suggest_float(name, where.low, where.high, log=where.log)


def _tried(searched: Searched, settings: Mapping[str, Value], asked: "Asked", minutes: float) -> Trial:
    from optuna import TrialPruned

    points, started = list[Point](), time.process_time()

    def measured(point: Point) -> None:
        points.append(point)
        asked.report(point.score, point.step)
        if asked.should_prune():
            raise TrialPruned

    kind = plugins.load("method", searched.method)
    schedule = replace(searched.schedule, minutes=min(searched.schedule.minutes, minutes), folder=None)
    end = "whole"
    try:
        method = kind(kind.Settings(**settings))
        train(searched.opened(), method, searched.tasks(), searched.corpus, schedule, Watch(measured=measured))
    except TrialPruned:
        end = "pruned"
    except (TrainingError, ValidationError) as error:
        end = "failed"
        log.info("searching failed=%s", error)
    best = max(points, key=lambda point: point.score, default=None)
    if best is None or end == "failed":
        return Trial(settings, None, 0, time.process_time() - started, "failed")
    return Trial(settings, best.score, best.step, time.process_time() - started, end)


def _tell(study: "Study", asked: "Asked", score: float | None, end: str) -> None:
    from optuna.trial import TrialState

    values: Any = score if end == "COMPLETE" else None
    study.tell(asked, values, state=TrialState[end])
