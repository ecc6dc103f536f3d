"""A query moved towards what it finds: what its nearest texts have in common is a part of what was meant."""

import numpy as np

from shopkeeper.types import FloatArray

FIRST = 100
"""So many nearest texts are heard; how near each is says how much it counts."""
TEMPERATURE = 0.05
"""A text counts e times less for each step of this that its cosine is below the nearest one's: see docs/LOG.md."""
_TOGETHER = 512


def moved(asked: FloatArray, passages: FloatArray, weight: float) -> FloatArray:
    """float32 (b, d), unit length: queries (b, d), each with `weight` times what it finds among passages (n, d), n > 0.

    All vectors are of unit length. Source: Li, Mourad, Zhuang, Koopman, Zuccon, "Pseudo relevance feedback with deep
    language models and dense retrievers", TOIS 2023; the texts count by a softmax, as documents do in Lavrenko, Croft,
    "Relevance-based language models", SIGIR 2001.
    """
    found, first = np.empty_like(asked), min(FIRST, len(passages))
    for start in range(0, len(asked), _TOGETHER):
        some = asked[start : start + _TOGETHER]
        cosines = some @ passages.T
        nearest = np.argpartition(-cosines, first - 1, axis=1)[:, :first]
        for at, rows in enumerate(nearest, start):
            found[at] = common(passages[rows], cosines[at - start, rows])
    return unit(asked + weight * found)


def common(vectors: FloatArray, cosines: FloatArray) -> FloatArray:
    """float32 (d,): the mean of the texts found (k, d), the nearer ones by their cosines (k,) counting more, as a unit
    vector; zero where there are none."""
    worth = np.exp((cosines - cosines.max(initial=-1.0)) / TEMPERATURE)
    mean: FloatArray = unit((worth @ vectors)[None])[0]
    return mean


def unit(vectors: FloatArray) -> FloatArray:
    """float32 (b, d): each of length 1, but for zeros."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)
