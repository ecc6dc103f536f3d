"""A linear head on a model's vectors, which learns beside the model from where logistic regression puts it.

Source: Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", ICLR 2022 (a
linear probe first: with a head of chance the first steps would mostly undo what the model knows).
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import Parameter

from shopkeeper.encode.logistic import Head
from shopkeeper.types import FloatArray, IntArray


class VectorHead:
    """Classes of vectors: `numbers` are a direction each (classes, d) and how frequent each is (classes,)."""

    def __init__(self, start: Head) -> None:
        self._start = start
        self._mean, self._scale = torch.from_numpy(start.mean).float(), start.scale
        self.numbers = [
            Parameter(torch.from_numpy(part).float().contiguous()) for part in (start.weights, start.biases)
        ]

    def logits(self, vectors: Tensor) -> Tensor:
        """float32 (n, classes), in 32 bits whatever the model reads in."""
        weights, biases = self.numbers
        with torch.autocast("cpu", enabled=False):
            return (vectors.float() - self._mean) / self._scale @ weights.T + biases

    @property
    def learnt(self) -> Head:
        """The head as it is by now."""
        weights, biases = (each.detach().double().numpy() for each in self.numbers)
        return replace(self._start, weights=weights, biases=biases)

    def balanced_accuracy(self, vectors: FloatArray, wanted: IntArray) -> float:
        """The mean over the classes that are wanted of the share that is told right: the largest earns nothing."""
        with torch.no_grad():
            right = self.logits(torch.from_numpy(vectors)).argmax(dim=1).numpy() == wanted
        return float(np.mean([right[wanted == own].mean() for own in np.unique(wanted)]))
