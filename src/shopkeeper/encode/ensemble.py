"""What several encoders say of texts together, as vectors that one of them could have."""

from collections.abc import Sequence

import numpy as np

from shopkeeper.relevance_feedback import moved, unit
from shopkeeper.types import FloatArray

Read = tuple[FloatArray, FloatArray]
"""One encoder's unit vectors of the products float32 (n, d) and of the queries float32 (m, d)."""


def agreed(read: Sequence[Read], feedback: float) -> Read:
    """The products float32 (n, d) and the queries (m, d) where all encoders together put them, unit vectors of as many
    numbers as the first encoder's, and turned so that they lie as near to its own as they can.

    Each encoder's vectors are taken about their mean, since some crowd all texts into a corner, and count alike. The
    cosines of the joined vectors are the means of the encoders' cosines. Queries are moved towards what they find. Of
    more numbers the main axes of the products are kept.
    Source: Schoenemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 1966 (the turn).
    """
    products, queries = (np.concatenate(part, axis=1) for part in zip(*map(about_mean, read), strict=True))
    products, queries = unit(products), unit(queries)
    queries = moved(queries, products, feedback)
    own, asked = about_mean(read[0])
    axes = _main_axes(products, own.shape[1])
    products, queries = unit(products @ axes), unit(queries @ axes)
    turn = _turn(np.concatenate((products, queries)), np.concatenate((own, asked)))
    return products @ turn, queries @ turn


def about_mean(read: Read) -> Read:
    """The same about the mean of the products, of unit length."""
    products, queries = read
    mean = products.mean(axis=0)
    return unit(products - mean), unit(queries - mean)


def _main_axes(vectors: FloatArray, n: int) -> FloatArray:
    """float32 (d, n): the directions in which the vectors (m, d) differ most, the most important first."""
    _, axes = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    return np.asarray(axes[:, ::-1][:, :n], np.float32)


def _turn(vectors: FloatArray, towards: FloatArray) -> FloatArray:
    """float32 (d, d): the rotation after which the vectors (n, d) lie nearest to the others (n, d)."""
    left, _, right = np.linalg.svd(vectors.T.astype(np.float64) @ towards)
    return np.asarray(left @ right, np.float32)
