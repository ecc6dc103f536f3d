"""How long a training lasts, and what is told of it: the schedule, the measurements, who hears of them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shopkeeper.encode.contract import Progress


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how: `minutes` of processor time, in which the tasks prepare too, end it early, and so do `patience`
    measurements without a better one.

    The learning rate rises over the first `warm_up` of the steps and falls along a cosine, or of the minutes where they
    end first; what tasks learn beside the model has `head_rate` as its highest. A step learns from `accumulate` batches
    of each task. With `adversarial` it learns from them once more where they are hardest, `epsilon` away
    (encode/adversarial.py); that takes twice as long. `folder` gets the checkpoint, from which the same training goes
    on, and the curves.
    """

    steps: int = 500
    every: int = 100
    patience: int = 3
    minutes: float = math.inf
    warm_up: float = 0.06
    clip: float = 1.0
    weight_decay: float = 0.01
    seed: int = 0
    accumulate: int = 1
    head_rate: float = 1e-3
    adversarial: Literal["none", "fgm", "awp"] = "none"
    epsilon: float | None = None
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement: after how many steps and processor seconds, the mean loss since the last one, the score.

    `losses` and `scores` are those of each task by name. Of several tasks `loss` is the mean, and `score` the mean of
    their gains since the first measurement: of each the share of what was missing to 1 then.
    """

    step: int
    cpu_s: float
    loss: float
    score: float
    losses: Mapping[str, float]
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class History:
    """All measurements of one training, the first before any step; `n_parameters` of the model or its method learnt."""

    points: tuple[Point, ...]
    n_parameters: int

    @property
    def best(self) -> Point:
        """The measurement whose numbers the model has in the end; of equal ones the first."""
        return max(self.points, key=lambda point: point.score)


def _silent(what: str, done: int, total: int) -> None:
    """Tells nobody."""


def _unheard(point: Point) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who hears of a training: `tell` of every step, `measured` of every measurement; what it raises ends it."""

    tell: Progress = _silent
    measured: Callable[[Point], None] = _unheard


SILENT = Watch()
