"""Which token stands where: what says words from a model's numbers, tied to what it reads words with.

Needs the model extra.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import Linear, Parameter

from shopkeeper.encode.model import TextModel
from shopkeeper.types import IntArray

STRENGTHS, SHARPNESS = (0.03, 0.3, 3.0), (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Of the ridge regression, as a share of the mean variance; what its answers may be multiplied by."""


class Tied(torch.nn.Module):
    """A matrix turns the numbers of a token into those of a word; the words nearest to it are the likely ones.

    The words are the model's own, learnt with it, and only `known` ones, int64 ascending: a shop uses a tenth of a
    vocabulary, and the others would cost most of the time. A sentence encoder comes without such a head, so the matrix
    starts as the ridge regression from `hidden`, float32 (n, d), to the words of `tokens`, int64 (n,), its strength
    chosen on the last quarter of them, and each word's bias as the logarithm of its share, by `counts`. BERT's head has
    an activation and a norm besides, which would have to be learnt from chance first.
    Source: Press, Wolf, "Using the Output Embedding to Improve Language Models", EACL 2017 (one table for both).
    """

    def __init__(self, model: TextModel, known: IntArray, counts: IntArray, hidden: Tensor, tokens: Tensor) -> None:
        super().__init__()
        self.known = torch.from_numpy(known)
        self.bias = Parameter(torch.from_numpy(np.log(counts / counts.sum())).float())
        self.turn = Linear(model.dimensions, model.dimensions)
        n = len(tokens) * 3 // 4
        words = model.words.detach()[tokens].float()
        fits = [_ridge(hidden[:n], words[:n], strength) for strength in STRENGTHS]
        starts = [(sharpness * fit[0], sharpness * fit[1]) for fit in fits for sharpness in SHARPNESS]

        def missed(start: tuple[Tensor, Tensor]) -> float:
            return float(self._begin(start).losses(model, hidden[n:], tokens[n:]).mean())

        with torch.no_grad():
            self._begin(min(starts, key=missed))

    def forward(self, model: TextModel, hidden: Tensor) -> Tensor:
        """How likely each known token is, as logits float32 (n, known)."""
        turned = self.turn(hidden)
        logits: Tensor = turned @ model.words[self.known].to(turned.dtype).T
        return logits.float() + self.bias

    def _begin(self, start: tuple[Tensor, Tensor]) -> "Tied":
        self.turn.weight.copy_(start[0])
        self.turn.bias.copy_(start[1])
        return self

    def losses(self, model: TextModel, hidden: Tensor, tokens: Tensor) -> Tensor:
        """The cross-entropy of each token, float32 (n,)."""
        logits = self(model, hidden)
        with torch.autocast("cpu", enabled=False):
            return torch.nn.functional.cross_entropy(logits, self.places(tokens), reduction="none")

    def places(self, tokens: Tensor) -> Tensor:
        """Where these token ids stand among the known ones."""
        return torch.searchsorted(self.known, tokens)


def _ridge(given: Tensor, wanted: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """Matrix and bias of a linear layer that makes `wanted` of `given`, float32 (n, d) both, as far as it can."""
    off = given - given.mean(0)
    spread = off.T @ off
    spread += strength * spread.diagonal().mean() * torch.eye(len(spread))
    matrix = torch.linalg.solve(spread, off.T @ (wanted - wanted.mean(0))).T
    return matrix, wanted.mean(0) - matrix @ given.mean(0)
