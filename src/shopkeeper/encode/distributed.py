"""Several processes at one training, started by `torchrun`: each takes its share of every batch.

All draw the same batches with the same generator; gradients are averaged, so that all have the same numbers at every
step, and the same as one process alone but for the order of sums. Where a method or a model drops out numbers at
random, which ones differs, as it does between two seeds.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from shopkeeper.types import IntArray


@dataclass(frozen=True, slots=True)
class Crew:
    """Which of how many processes this one is, and where tensors must lie to be exchanged."""

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    def share(self, examples: IntArray) -> IntArray:
        """Those that are this process's."""
        return examples[self.rank :: self.size]

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes; all must ask."""
        if self.size == 1:
            return values
        from accelerate.utils import reduce

        summed: Tensor = reduce(values.to(self.device), "sum")
        return summed.to(values.device)

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes; all must ask."""
        return self.sum(values) / self.size

    def any(self, said: bool) -> bool:
        """Whether one of the processes says so; all must ask."""
        return bool(self.sum(torch.tensor(float(said))) > 0)

    def first(self, values: Sequence[float]) -> list[float]:
        """The first process's values; all must ask."""
        own = torch.tensor(values, dtype=torch.float64)
        first = self.sum(own if self.rank == 0 else torch.zeros_like(own)).tolist()
        return [float(value) for value in first]

    def all(self, values: Tensor) -> Tensor:
        """Everybody's values (size, ...), by rank; all must ask."""
        if self.size == 1:
            return values[None]
        from accelerate.utils import gather

        everybody: Tensor = gather(values[None].to(self.device))
        return everybody.to(values.device)

    def average(self, parameters: Sequence[Parameter]) -> None:
        """Gives all processes the mean of their gradients; what nobody has a gradient of keeps none."""
        if self.size == 1:
            return
        had = self.sum(torch.tensor([float(each.grad is not None) for each in parameters])) > 0
        learnt = [each for each, known in zip(parameters, had.tolist(), strict=True) if known]
        grads = [torch.zeros_like(each) if each.grad is None else each.grad for each in learnt]
        mean, start = self.mean(torch.cat([grad.flatten() for grad in grads])), 0
        for each in learnt:
            each.grad = mean[start : start + each.numel()].view_as(each).clone()
            start += each.numel()


ALONE = Crew()


def crew() -> Crew:
    """The processes that have joined: this one alone where nobody called `join`."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return ALONE
    from accelerate import PartialState

    state = PartialState()
    return Crew(state.process_index, state.num_processes, str(state.device))


def join(model: torch.nn.Module) -> Crew:
    """Waits for the others where `torchrun` has started several: gloo on processors, nccl on graphics cards."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from accelerate import PartialState

        PartialState(cpu=next(model.parameters()).device.type == "cpu")
    return crew()


class _Gathered(torch.autograd.Function):
    """Everybody's rows side by side, and back: of the gradients the own ones."""

    @staticmethod
    def forward(own: Tensor, places: Tensor, n: int) -> Tensor:
        side_by_side = own.new_zeros((n, *own.shape[1:]))
        side_by_side[places] = own
        return crew().sum(side_by_side)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, int], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        # every process has the whole loss: what `average` divides by their number is multiplied here
        (places,) = ctx.saved_tensors
        return gradients[0][places] * crew().size, None, None


def gathered(own: Tensor, places: Tensor, n: int) -> Tensor:
    """(n, d): everybody's rows at their places; gradients go back to the process that made a row."""
    everybody: Tensor = _Gathered.apply(own, places, n)  # type: ignore[no-untyped-call]  # torch says no types of it
    return everybody
