"""Logistic regression on vectors, for as many labels as there are, from zero or from what was learnt elsewhere.

Source: Bishop, Pattern Recognition and Machine Learning, 2006, section 4.3.4, with a Gaussian prior (3.3.1) that stands
at zero or, where a few examples follow many of another kind, at what those gave.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopkeeper.types import FloatArray, IntArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """What tells labels apart by vectors: a direction each (labels, d) and how frequent each is (labels,).

    Vectors are taken less `mean`, in units of `scale`: those of an encoder crowd in one corner.
    """

    labels: tuple[str, ...]
    weights: Numbers
    biases: Numbers
    mean: Numbers
    scale: float

    def logits(self, vectors: FloatArray) -> Numbers:
        """float64 (n, labels)."""
        return np.asarray((vectors - self.mean) / self.scale @ self.weights.T + self.biases)

    def log_likelihoods(self, vectors: FloatArray) -> Numbers:
        """float64 (n, labels): how likely each label is, its logarithm."""
        logits = self.logits(vectors)
        return np.asarray(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))

    def predicted(self, vectors: FloatArray) -> list[str]:
        """The likeliest label of each vector."""
        return [self.labels[at] for at in self.logits(vectors).argmax(axis=1)]


def fitted(vectors: FloatArray, labels: Sequence[str], strength: float, start: Head | None = None) -> Head:
    """The head that these examples give; with `start`, near to it: the examples say what is different here.

    The labels are those of the start where there is one.
    """
    if start is None:
        names = tuple(sorted(set(labels)))
        mean = vectors.mean(axis=0).astype(np.float64)
        scale = float(np.sqrt(np.square(vectors - mean).sum(axis=1).mean() / vectors.shape[1])) or 1.0
        start = Head(names, np.zeros((len(names), vectors.shape[1])), np.zeros(len(names)), mean, scale)
    places = np.array([start.labels.index(label) for label in labels])
    wide = np.concatenate([(vectors - start.mean) / start.scale, np.ones((len(vectors), 1))], axis=1)
    learnt = least(wide, places, strength, np.concatenate([start.weights, start.biases[:, None]], axis=1))
    return Head(start.labels, learnt[:, :-1], learnt[:, -1], start.mean, start.scale)


def least(wide: Numbers, places: IntArray, strength: float, prior: Numbers) -> Numbers:
    """The numbers (labels, d + 1) of least loss: cross-entropy times the strength, and half the squared way from the
    prior; their last column, the biases, stands anywhere.

    `wide` (n, d + 1) has ones in its last column and may be a sparse matrix; `places` are the labels' rows.
    """
    from scipy.optimize import minimize  # half a second that only learning needs

    loss = _loss(wide, places, strength, prior)
    found = minimize(loss, prior.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return np.asarray(found.reshape(prior.shape))


def _loss(
    wide: Numbers, places: IntArray, strength: float, prior: Numbers
) -> Callable[[Numbers], tuple[float, Numbers]]:
    """What is to be least, with the gradient."""
    rows = np.arange(len(places))

    def loss(flat: Numbers) -> tuple[float, Numbers]:
        numbers = flat.reshape(prior.shape)
        logits = wide @ numbers.T
        logits -= np.logaddexp.reduce(logits, axis=1, keepdims=True)
        away = numbers - prior
        away[:, -1] = 0
        wrong = np.exp(logits)
        wrong[rows, places] -= 1
        value = -strength * float(logits[rows, places].sum()) + 0.5 * float((away**2).sum())
        return value, np.asarray(strength * (wrong.T @ wide) + away).ravel()

    return loss


def folds(labels: Sequence[str], n: int, seed: int) -> IntArray:
    """int64 (len(labels),): the fold of each example, the labels spread evenly over them."""
    draw = np.random.default_rng(seed)
    own = np.array(labels)
    found = np.empty(len(own), np.int64)
    begun = 0
    for label in sorted(set(labels)):
        rows = draw.permutation(np.flatnonzero(own == label))
        found[rows] = (begun + np.arange(len(rows))) % n
        begun += len(rows)
    return found
