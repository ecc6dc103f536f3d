"""Claims:

1. A distance is the number of bits in which two codes differ.
2. Nearest are at least so many of the open ones, with all that tie; as found one by one.
"""

import numpy as np
import pytest

from shopkeeper.recall.codes import Codes, nearest

RANDOM = np.random.default_rng(0)
MANY = 20_000
CODES = RANDOM.integers(2**64, size=(6, MANY), dtype=np.uint64)
ASKED = RANDOM.integers(2**64, size=6, dtype=np.uint64)
CODES[:, ::500] = ASKED[:, None] ^ np.uint64(1)  # forty that differ in six bits
SHELF = Codes(CODES, np.zeros(384, np.float32), np.eye(384, dtype=np.float32))
BITS = np.bitwise_count(CODES ^ ASKED[:, None])


def test_a_distance_counts_bits() -> None:
    assert (SHELF.distances(ASKED) == BITS.sum(axis=0)).all()


@pytest.mark.parametrize("n", [1, 40, 41, 1000, MANY, 2 * MANY])
@pytest.mark.parametrize("kept", [1.0, 0.3, 0.001, 0.0])
def test_nearest_are_so_many_with_all_that_tie(n: int, kept: float) -> None:
    distances = SHELF.distances(ASKED)
    is_open = RANDOM.random(MANY) < kept
    own = np.sort(distances[is_open])
    edge = int(own[min(n, len(own)) - 1]) if len(own) else -1
    assert nearest(distances, n, is_open).tolist() == np.flatnonzero((distances <= edge) & is_open).tolist()
    if kept == 1.0:
        assert nearest(distances, n).tolist() == nearest(distances, n, is_open).tolist()
