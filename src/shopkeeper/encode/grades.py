"""From one score a pair to a grade: a scale, and a cut between every two grades, learnt with the model.

Needs the model extra.
"""

import torch
from torch import Tensor
from torch.nn import Module, Parameter
from torch.nn.functional import binary_cross_entropy_with_logits


class Grades(Module):
    """The log odds of a grade above k are `scale` times the score less `cuts[k]`: one order for all grades.

    Source: Cao, Mirjalili, Raschka, "Rank consistent ordinal regression", Pattern Recognition Letters 2020; McCullagh,
    "Regression models for ordinal data", JRSS B 1980.
    """

    def __init__(self, scores: Tensor, grades: Tensor) -> None:
        """Begins where scores (n,) that nobody taught give each of the `grades` int64 (n,) its share."""
        super().__init__()
        self.scale = Parameter(1 / scores.float().std().clamp(min=1e-3))
        held = torch.sort(scores.float()).values
        shares = torch.tensor([float((grades <= cut).float().mean()) for cut in range(int(grades.max()))])
        places = (shares * len(held)).long().clamp(max=len(held) - 1)
        self.cuts = Parameter(held[places] * self.scale.detach())

    def loss(self, scores: Tensor, grades: Tensor) -> Tensor:
        """The mean over pairs of the cross-entropies of "above the cut", summed over cuts."""
        above = (grades.unsqueeze(1) > torch.arange(len(self.cuts))).float()
        found: Tensor = binary_cross_entropy_with_logits(self._odds(scores), above, reduction="none").sum(1).mean()
        return found

    def expected(self, scores: Tensor) -> Tensor:
        """The mean grade (n,) of what is likely, from 0 to the highest."""
        return torch.sigmoid(self._odds(scores)).sum(1)

    def _odds(self, scores: Tensor) -> Tensor:
        return (self.scale * scores.float()).unsqueeze(1) - self.cuts
