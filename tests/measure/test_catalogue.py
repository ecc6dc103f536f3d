"""Claims:
1. Coverage is the share of the catalogue that anybody was shown; padding is not a product.
2. Gini is 0 where every product is shown as often, and (n - 1) / n where one of n is shown alone.
3. Intra-list diversity is the mean of 1 - cosine over pairs.
4. Novelty is the mean surprisal in bits; a product nobody bought counts as bought by one.
"""

import numpy as np
import pytest

from shopkeeper.measure.catalogue import coverage, gini, intra_list_diversity, novelty


def test_coverage_counts_each_product_once_and_no_padding() -> None:
    assert coverage(np.array([[0, 1], [1, -1]]), 4) == 2 / 4
    assert coverage(np.array([[-1, -1]]), 0) == 0.0


def test_gini_says_how_unevenly_products_are_shown() -> None:
    assert gini(np.array([[0, 1], [2, 3]]), 4) == pytest.approx(0.0)
    assert gini(np.array([[2, -1], [2, -1]]), 4) == pytest.approx(3 / 4)
    assert gini(np.array([[0, 1], [1, -1]]), 2) == pytest.approx(1 / 6)  # shares 1/3 and 2/3
    assert gini(np.array([[-1]]), 2) == 0.0


def test_diversity_is_the_mean_distance_over_pairs() -> None:
    vectors = np.array([[1, 0], [0, 1], [1, 0], [0.6, 0.8]], np.float32)
    ranked = np.array([[0, 1, -1], [0, 2, -1], [0, 1, 3], [0, -1, -1]])
    pairs = [(1 - 0), (1 - 1), ((1 - 0) + (1 - 0.6) + (1 - 0.8)) / 3]
    found = intra_list_diversity(ranked, vectors)
    assert found[:3] == pytest.approx(pairs, abs=1e-6)
    assert np.isnan(found[3])


def test_novelty_is_the_mean_surprisal_in_bits() -> None:
    found = novelty(np.array([[0, 1], [2, -1], [-1, -1]]), np.array([8, 2, 0]), 8)
    assert found[:2].tolist() == [(0 + 2) / 2, 3]  # 8 of 8 is no surprise, 2 of 8 is 2 bits, cold is 1 of 8
    assert np.isnan(found[2])
