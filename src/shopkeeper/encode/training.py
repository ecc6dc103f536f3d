"""The loop in which a text model learns: any task, any method."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel, bf16_is_fast
from shopkeeper.errors import TrainingError

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]


class Method(Protocol):
    """Which numbers of a text model learn. A method may put own ones in; afterwards the model is whole again."""

    learning_rate: float
    """The highest one of the schedule."""

    def prepare(self, model: TextModel) -> list[Parameter]:
        """What learns, after putting in what is the method's own."""

    def finish(self, model: TextModel) -> None:
        """Folds what was put in into the model, which then answers as it was taught and is saved like any other."""


@runtime_checkable
class Following(Protocol):
    """A method that follows the training: it is told of every step."""

    def after_step(self, model: TextModel, step: int, steps: int) -> None:
        """After step `step` of `steps`, counted from 1; the gradients of the step are still there."""


class Task(Protocol):
    """What a text model is taught: a loss to go down, and a score on held-out data to go up."""

    def prepare(self, model: TextModel, corpus: Corpus, seed: int) -> None:
        """Makes what is taught and what is held out; the model has not learnt anything yet.

        Raises TrainingError where the corpus is too small, saying how much is needed.
        """

    def loss(self, model: TextModel, draw: np.random.Generator) -> Tensor:
        """The loss of a batch drawn with `draw`, with its gradients."""

    def score(self, model: TextModel) -> float:
        """On held-out data, higher is better."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how: `minutes` of processor time end it early, `patience` measurements without a better one too.

    The learning rate rises over the first `warm_up` of the steps and falls along a cosine.
    """

    steps: int = 500
    every: int = 100
    patience: int = 3
    minutes: float = math.inf
    warm_up: float = 0.06
    clip: float = 1.0
    weight_decay: float = 0.01
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement: after how many steps and processor seconds, the mean loss since the last one, the score."""

    step: int
    cpu_s: float
    loss: float
    score: float


@dataclass(frozen=True, slots=True)
class History:
    """All measurements of one training, the first before any step; `n_parameters` learnt."""

    points: tuple[Point, ...]
    n_parameters: int

    @property
    def best(self) -> Point:
        """The measurement whose numbers the model has in the end; of equal ones the first."""
        return max(self.points, key=lambda point: point.score)


def train(
    model: TextModel,
    method: Method,
    task: Task,
    corpus: Corpus,
    schedule: Schedule,
    tell: Progress = lambda step, done, total: None,
) -> History:
    """Teaches the model, which is left as it was at its best on the task's held-out data.

    Raises TrainingError where the corpus is too small or the loss is no number. Whatever ends it, nothing is lost: the
    model then has the numbers of its best measurement, at first those it came with.
    """
    torch.manual_seed(schedule.seed)
    task.prepare(model, corpus, schedule.seed)
    learner = _Learner(model, task, method.prepare(model), method.learning_rate, schedule)
    learner.following = method if isinstance(method, Following) else None
    try:
        learner.run(tell)
    finally:
        learner.back_to_best()
        method.finish(model)
        model.requires_grad_(True).eval()
    return History(tuple(learner.points), sum(parameter.numel() for parameter in learner.parameters))


class _Learner:
    """One training under way, and the numbers of its best measurement."""

    def __init__(
        self,
        model: TextModel,
        task: Task,
        parameters: list[Parameter],
        learning_rate: float,
        schedule: Schedule,
    ) -> None:
        self.model, self.task, self.parameters, self.schedule = model, task, parameters, schedule
        self.following: Following | None = None
        self.points: list[Point] = []
        self._best = [parameter.detach().clone() for parameter in parameters]
        self._optimizer = torch.optim.AdamW(parameters, lr=learning_rate, weight_decay=schedule.weight_decay)
        self._rate = torch.optim.lr_scheduler.LambdaLR(self._optimizer, partial(_share_of_rate, schedule))
        self._draw = np.random.default_rng(schedule.seed + 1)
        self._losses: list[float] = []
        self._started = time.process_time()

    def run(self, tell: Progress) -> None:
        """Steps and measures until the schedule, the time or the patience ends."""
        self._measure(0)
        for step in range(1, self.schedule.steps + 1):
            self._step(step)
            tell("adapting the language model", step, self.schedule.steps)
            late = time.process_time() - self._started > self.schedule.minutes * 60
            if step % self.schedule.every == 0 or step == self.schedule.steps or late:
                self._measure(step)
                if late or self._worn_out():
                    return

    def back_to_best(self) -> None:
        """Gives the model the numbers of its best measurement; those it came with where there is none."""
        with torch.no_grad():
            for parameter, value in zip(self.parameters, self._best, strict=True):
                parameter.copy_(value)

    def _step(self, step: int) -> None:
        self.model.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast()):
            loss = self.task.loss(self.model, self._draw)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"adapting the language model: the loss is {value} at step {step}, after {self._losses[-3:]}. "
                f"The model is as it was before. Lower the method's learning_rate, then learn again"
            )
        self._losses.append(value)
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.parameters, self.schedule.clip)
        self._optimizer.step()
        if self.following is not None:
            self.following.after_step(self.model, step, self.schedule.steps)
        self._rate.step()

    def _measure(self, step: int) -> None:
        self.model.eval()
        score = self.task.score(self.model)
        loss = float(np.mean(self._losses)) if self._losses else math.nan
        self._losses.clear()
        if not self.points or score > max(point.score for point in self.points):
            self._best = [parameter.detach().clone() for parameter in self.parameters]
        self.points.append(Point(step, time.process_time() - self._started, loss, score))
        log.info("adapting step=%d loss=%.4f score=%.4f", step, loss, score)

    def _worn_out(self) -> bool:
        """Whether the last measurements were none of them the best."""
        best = max(range(len(self.points)), key=lambda at: self.points[at].score)
        return len(self.points) - 1 - best >= self.schedule.patience


def _share_of_rate(schedule: Schedule, step: int) -> float:
    """How much of the highest learning rate the step gets, in (0, 1]."""
    rising = (step + 1) / max(schedule.warm_up * schedule.steps, 1)
    return min(rising, 1.0) * (0.5 + 0.5 * math.cos(math.pi * min(step / schedule.steps, 1.0)))
