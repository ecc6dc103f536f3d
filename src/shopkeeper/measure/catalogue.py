"""What a ranking does to the catalogue and to variety. `ranked` int (b, w) holds rows best first, padded with -1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.measure.ranking import Ranked, Scores
from shopkeeper.types import FloatArray


def coverage(ranked: Ranked, n_products: int) -> float:
    """Share of the catalogue that stands in at least one list, 0 to 1. Source: Ge et al., RecSys 2010, section 3.1."""
    shown = np.unique(ranked[ranked >= 0])
    return len(shown) / n_products if n_products else 0.0


def gini(ranked: Ranked, n_products: int) -> float:
    """How unevenly the catalogue is shown: 0 every product as often, towards 1 a single one; 0 without a list.

    The products that no list holds count. Source: Fleder, Hosanagar, Management Science 2009, section 5.
    """
    times = np.sort(np.bincount(ranked[ranked >= 0], minlength=n_products))
    total, n = int(times.sum()), len(times)
    if not total:
        return 0.0
    return float(2 * (np.arange(1, n + 1) @ times) / (n * total) - (n + 1) / n)


def intra_list_diversity(ranked: Ranked, vectors: FloatArray) -> Scores:
    """Mean of 1 - cosine over all pairs of a list, float64 (b,); NaN for a list of fewer than two products.

    vectors float32 (n_products, d), unit length. Source: Ziegler et al., WWW 2005, section 3.3.
    """
    present = ranked >= 0
    shown = np.where(present[:, :, None], vectors[np.maximum(ranked, 0)], 0).astype(np.float64)
    # the pairwise cosines sum to |sum of vectors|^2, less each vector with itself
    together = (shown.sum(axis=1) ** 2).sum(axis=1) - (shown**2).sum(axis=(1, 2))
    n = present.sum(axis=1)
    pairs = n * (n - 1)
    likeness: Scores = np.divide(together, pairs, out=np.full(len(n), np.nan), where=pairs > 0)
    return 1 - likeness


def novelty(ranked: Ranked, n_shoppers_of: NDArray[Any], n_shoppers: int) -> Scores:
    """Mean self-information -log2(shoppers of the product / all shoppers) of a list, in bits; NaN for an empty list.

    n_shoppers_of int (n_products,). Source: Zhou et al., PNAS 2010, "surprisal".
    """
    # cold products count as seen by one shopper, else novelty is infinite
    bits = -np.log2(np.maximum(n_shoppers_of, 1) / max(n_shoppers, 1))
    present = ranked >= 0
    total = np.where(present, bits[np.maximum(ranked, 0)], 0).sum(axis=1)
    n = present.sum(axis=1)
    mean: Scores = np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)
    return mean
