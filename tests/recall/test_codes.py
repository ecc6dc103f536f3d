"""Claims:

1. A distance is the number of bits in which two codes differ.
2. Nearest are at least so many of the open ones, with all that tie; as found one by one.
3. Codes that came later, few or many at a time, are compared, read and saved as if they had been there from the start.
"""

from pathlib import Path

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


@pytest.mark.parametrize("parts", [(1_000, 1, 2, 3), (1_000, 900, 1), (0, 5, 5), (640, 20, 0, 20)])
def test_codes_that_came_later_are_as_if_there_from_the_start(parts: tuple[int, ...], tmp_path: Path) -> None:
    vectors = RANDOM.standard_normal((sum(parts), 64)).astype(np.float32)
    frame = Codes(np.empty((1, 0), np.uint64), np.zeros(64, np.float32), np.eye(64, dtype=np.float32))
    whole, grown, start = frame.plus(vectors), frame, 0
    for n in parts:
        grown, start = grown.plus(vectors[start : start + n]), start + n
    grown.save(tmp_path)
    asked = whole.code_of(3)
    for codes in (grown, Codes.load(tmp_path)):
        assert len(codes) == len(vectors)
        assert codes.distances(asked).tolist() == whole.distances(asked).tolist()
        assert all(codes.code_of(place) == whole.code_of(place) for place in range(len(vectors)))
