"""What the training loop asks of methods and tasks, and what a task may offer beyond that."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from torch import Tensor
from torch.nn import Parameter

from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.types import IntArray

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


@runtime_checkable
class Remembering(Protocol):
    """A method or a task that carries more from step to step than what learns, as running means: it is kept too."""

    def memory(self, model: TextModel) -> dict[str, Tensor]:
        """All of it, by name."""

    def remember(self, model: TextModel, memory: dict[str, Tensor]) -> None:
        """Goes on with what `memory` gave."""


class Task(Protocol):
    """What a text model is taught: a loss to go down, and a score on held-out data to go up.

    A plug-in also says, for shops, which parts of a corpus beyond the goods it `learns_from`, and whether it
    `moves_products`: True where products must be encoded again, False where they must not, None where it is all one.
    """

    def prepare(self, model: TextModel, corpus: Corpus, seed: int) -> None:
        """Makes what is taught and what is held out; the model has not learnt anything yet.

        Raises TrainingError where the corpus is too small, saying how much is needed.
        """

    def loss(self, model: TextModel, draw: np.random.Generator) -> Tensor:
        """The loss of a batch drawn with `draw`, with its gradients."""

    def score(self, model: TextModel) -> float:
        """On held-out data, higher is better; 1 is perfect where there is such a thing."""


@runtime_checkable
class Headed(Protocol):
    """A task that learns numbers of its own on top of the model's vectors."""

    def parameters(self) -> list[Parameter]:
        """The task's own heads, made in `prepare`. A task without this has none."""


@runtime_checkable
class Divisible(Protocol):
    """A task whose loss is a mean over the examples of a batch, so that a batch can be run in parts and by several."""

    def drawn(self, draw: np.random.Generator) -> IntArray:
        """The examples of a batch, int64 (b,)."""

    def loss_of(self, model: TextModel, examples: IntArray) -> Tensor:
        """The mean loss of these examples, with its gradients."""


@runtime_checkable
class Chunked(Protocol):
    """A task whose loss compares all of a batch with one another, and that takes texts through `batches.cached`."""

    chunk: int
    """So many texts go through the model at once; halved where memory runs out, which changes no gradient."""
