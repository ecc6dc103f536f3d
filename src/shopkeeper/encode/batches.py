"""Batches larger than memory: run in parts, which changes no gradient."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from shopkeeper.encode.contract import Chunked, Divisible, Task
from shopkeeper.encode.distributed import Crew, crew, gathered
from shopkeeper.encode.model import TextModel

Item = TypeVar("Item")
Run = Callable[[TextModel], Tensor]

_RAN_OUT = re.compile(r"can't allocate memory|not enough memory|out of memory", re.IGNORECASE)
"""What torch says in a RuntimeError, by system and device."""


def ran_out(error: BaseException) -> bool:
    """Whether this says that there is no more memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and bool(_RAN_OUT.search(str(error)))


def cached(run: Callable[[Sequence[Item]], Tensor], items: Sequence[Item], chunk: int) -> Tensor:
    """(len(items), d): what `run` makes of the items, in their order, with the memory of `chunk` of them.

    For losses that compare all of a batch with one another. The items go through without keeping what gradients need;
    when the loss knows the gradients of the vectors, each chunk goes through once more, with the same random numbers,
    and passes them on. A third more time, and the gradients of the whole batch. Of several processes each runs its
    share and gets everybody's vectors.
    Source: Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", RepL4NLP 2021; by
    torch's checkpoints, which do just that for a function.
    """
    together = crew()
    places = together.share(np.arange(len(items)))
    pieces = [places[start : start + chunk] for start in range(0, len(places), chunk)]
    if len(items) < together.size or (together.size == 1 and len(pieces) == 1):
        return run(items)
    parts, failure = [], ""
    try:
        for piece in pieces:
            own = [items[place] for place in piece]
            parts.append(checkpoint(run, own, use_reentrant=False) if torch.is_grad_enabled() else run(own))
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        failure = str(error)
    if together.any(bool(failure)):  # nobody waits for the vectors of one that has none
        raise MemoryError(failure or "not enough memory in another process")
    return torch.cat(parts) if together.size == 1 else gathered(torch.cat(parts), torch.from_numpy(places), len(items))


class Batches:
    """The batches of one task: each in so many parts as its memory asks for."""

    def __init__(self, name: str, task: Task, accumulate: int, together: Crew) -> None:
        self.name, self.task, self.accumulate, self.parts = name, task, accumulate, 1
        self._together = together
        self._largest = 0

    def drawn(self, draw: np.random.Generator) -> Iterator[tuple[Run | None, float]]:
        """What to run one after another for a step, and what each counts; all processes get as many.

        None where a process has no share of a part.
        """
        self._largest = 0
        for _ in range(self.accumulate):
            if not isinstance(self.task, Divisible):
                yield partial(self.task.loss, draw=draw), 1 / self.accumulate
                continue
            examples = self.task.drawn(draw)
            for part in np.array_split(self._together.share(examples), self.parts):
                self._largest = max(self._largest, len(part))
                counts = len(part) * self._together.size / len(examples) / self.accumulate
                yield (partial(self.task.loss_of, examples=part) if len(part) else None), counts

    def halve(self) -> bool:
        """Runs parts of half the size from now on; False where they cannot be smaller."""
        if isinstance(self.task, Divisible):
            possible = self._together.any(self._largest > 1)
            self.parts *= 2 if possible else 1
            return possible
        if isinstance(self.task, Chunked) and self.task.chunk > 1:
            self.task.chunk //= 2
            return True
        return False

    @property
    def cut(self) -> int:
        """How small it runs by now, for a checkpoint."""
        return self.task.chunk if isinstance(self.task, Chunked) else self.parts

    @cut.setter
    def cut(self, cut: int) -> None:
        if isinstance(self.task, Chunked):
            self.task.chunk = cut
        else:
            self.parts = cut

    @property
    def largest(self) -> str:
        """What runs at once, for people."""
        if isinstance(self.task, Divisible):
            return f"{self._largest} examples"
        return f"{self.task.chunk} texts" if isinstance(self.task, Chunked) else "its whole batch"
