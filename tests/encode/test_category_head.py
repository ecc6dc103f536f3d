"""Claims:

1. two clouds of vectors are told by the direction that parts them and how many there are of each: worked out by hand.
2. shares sum to 1; a head that is wrong where it was sure is made less sure, one that is right more.
3. the likeliest are told, few and none of a small share; nothing for no vector or one of another model.
4. it reads back as it was; a folder without one gives none, a broken file a clear error.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode.category_head import FILE, LEAST, ROUND, TOLD, CategoryHead
from shopkeeper.errors import WeightsError

NAMES = ("Cups", "Cups > Blue")
VECTORS = np.array([[1, 0.1], [1, -0.1], [-1, 0.1], [-1, -0.1], [-1, 0.1], [-1, -0.1]], np.float32)
CLASSES = np.array([0, 0, 1, 1, 1, 1])
HEAD = CategoryHead.fitted(VECTORS, CLASSES, NAMES)


def test_two_clouds_are_told_as_by_hand() -> None:
    own = np.array([0.0, 6 * 0.1**2 / 4])  # the covariance is diagonal: nothing across, .1 along the second number
    spread = (1 - ROUND) * own + ROUND * own.mean()
    assert HEAD.weights == pytest.approx(np.array([[1 / spread[0], 0], [-1 / spread[0], 0]]), rel=1e-5)
    assert HEAD.offsets == pytest.approx(np.log([1 / 3, 2 / 3]) - 0.5 / spread[0], rel=1e-5)


def test_shares_sum_to_one_and_follow_the_sharpness() -> None:
    shares = HEAD.shares(np.array([[1, 0], [0, 0]], np.float32))
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert shares[1] == pytest.approx([1 / 3, 2 / 3], rel=1e-4)
    right = HEAD.calibrated(VECTORS, CLASSES)
    half_wrong = HEAD.calibrated(VECTORS, CLASSES[::-1].copy())
    assert half_wrong.sharpness < right.sharpness


def test_the_likeliest_are_told() -> None:
    ((name, share),) = HEAD.likely(np.array([1, 0], np.float32))
    assert name == "Cups"
    assert share == pytest.approx(1.0)
    between = HEAD.likely(np.array([0, 0], np.float32) + np.float32(1e-6))
    assert [name for name, _ in between] == ["Cups > Blue", "Cups"]
    assert all(share >= LEAST for _, share in between)
    many = CategoryHead(tuple("abcdef"), np.zeros((6, 2), np.float32), np.zeros(6, np.float32))
    assert many.likely(np.ones(2, np.float32)) == []
    some = CategoryHead(tuple("abcd"), np.zeros((4, 2), np.float32), np.zeros(4, np.float32))
    assert some.likely(np.ones(2, np.float32)) == [("a", 0.25), ("b", 0.25)][:TOLD]


def test_nothing_is_told_of_no_vector_or_another_models() -> None:
    assert HEAD.likely(np.zeros(2, np.float32)) == HEAD.likely(np.ones(3, np.float32)) == []


def test_it_reads_back_as_it_was(tmp_path: Path) -> None:
    assert CategoryHead.open(tmp_path) is None
    HEAD.calibrated(VECTORS, CLASSES).save(tmp_path)
    again = CategoryHead.open(tmp_path)
    assert again is not None
    assert again.names == NAMES
    assert again.shares(VECTORS).tolist() == HEAD.calibrated(VECTORS, CLASSES).shares(VECTORS).tolist()
    (tmp_path / FILE).write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"category.safetensors: no category head \(SafetensorError: .*Learn again"):
        CategoryHead.open(tmp_path)
