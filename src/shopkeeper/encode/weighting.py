"""How several tasks share one encoder: what each of them counts is learnt."""

import torch
from torch import Tensor
from torch.nn import Parameter

RATE = 1e-2
"""The learning rate of the log variances: Adam moves one by about this much a step, an encoder's rate would not."""
LEAST_LOSS = 1e-4


class Uncertainty:
    """The loss of task i counts exp(-s) with a learnt s, the log of its variance; s / 2 keeps s from growing.

    In the minimum exp(s) is twice the loss, so that a task counts by the inverse of how far it is from done, whatever
    the unit of its loss. Each s begins there. One task alone counts 1. Not for losses that fall below 0.
    Source: Kendall, Gal, Cipolla, CVPR 2018, eq. 10.
    """

    def __init__(self, n_tasks: int) -> None:
        self.log_variances = [Parameter(torch.zeros(())) for _ in range(n_tasks)] if n_tasks > 1 else []

    def begin(self, losses: list[float]) -> None:
        """Sets each s to its best value for these losses."""
        with torch.no_grad():
            for log_variance, loss in zip(self.log_variances, losses, strict=False):
                log_variance.copy_(torch.tensor(2 * max(loss, LEAST_LOSS)).log())

    def weighted(self, task: int, loss: Tensor) -> Tensor:
        """What is added to the loss of all."""
        if not self.log_variances:
            return loss
        log_variance = self.log_variances[task]
        return torch.exp(-log_variance) * loss + log_variance / 2


def gain(before: float, after: float) -> float:
    """The share of what was missing to a perfect score, 1, that was gained; negative where it was lost.

    Linear in `after`, so that a task that began at nothing and one that began well are moved by like steps alike, which
    a ratio to `before` would not do. Of what is not bounded by 1, the share of its own size; at least a tenth of a
    point counts as missing, else the noise of a task that is nearly perfect would decide.
    """
    missing = max(1 - before, 0.1) if before <= 1 else before
    return (after - before) / missing
