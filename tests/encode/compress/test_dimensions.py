"""Shorter vectors. Claims, on made-up vectors:

1. the first numbers of a turned vector are of length one, and all of them keep every cosine.
2. the principal directions find the plane in which vectors lie.
3. what is learnt ranks nearer to the whole vectors than the principal directions, for queries it has not seen.
4. what was saved is the same; a folder without it, and too few vectors, are refused.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shopkeeper.encode.compress.dimensions import Dimensions, Lesson, cut, nested, principal
from shopkeeper.errors import TrainingError, WeightsError
from shopkeeper.types import FloatArray


def unit(vectors: NDArray[Any]) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def some(n: int, seed: int, asked: bool = False) -> FloatArray:
    """16 numbers, the last eight the longer ones; but queries say nothing of them."""
    vectors = np.random.default_rng(seed).normal(size=(n, 16))
    vectors[:, 8:] *= 0.0 if asked else 1.3
    return unit(vectors)


def test_first_numbers_are_of_length_one_and_all_keep_cosines() -> None:
    vectors = some(40, 0)
    for kind in (cut(16), principal(vectors)):
        whole = kind.first(vectors, 16)
        assert np.abs(whole @ whole.T - vectors @ vectors.T).max() < 1e-5
        np.testing.assert_allclose(np.linalg.norm(kind.first(vectors, 4), axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(cut(16).first(vectors, 4), unit(vectors[:, :4]), atol=1e-6)


def test_principal_directions_find_the_plane() -> None:
    draw = np.random.default_rng(1)
    plane = unit(draw.normal(size=(50, 2)) @ draw.normal(size=(2, 16)))
    short = principal(plane).first(plane, 2)
    np.testing.assert_allclose(short @ short.T, plane @ plane.T, atol=1e-4)


def test_learnt_numbers_rank_nearer_to_the_whole() -> None:
    passages, asked, fresh = some(2000, 2), some(100, 3, True), some(100, 4, True)
    learnt = nested(asked, passages, (8,), Lesson(steps=60, queries=64, passages=300, learning_rate=0.02))
    flat = principal(np.concatenate([asked, passages]))

    def kept(kind: Dimensions, d: int) -> float:
        best = [
            np.argsort(-scores, axis=1)[:, :10]
            for scores in (fresh @ passages.T, kind.first(fresh, d) @ kind.first(passages, d).T)
        ]
        return float(np.mean([np.isin(one, two).mean() for one, two in zip(*best, strict=True)]))

    assert kept(learnt, 8) > kept(flat, 8) + 0.1


def test_what_was_saved_is_the_same(tmp_path: Path) -> None:
    made = principal(some(40, 0))
    made.save(tmp_path)
    np.testing.assert_array_equal(Dimensions.open(tmp_path).turn, made.turn)
    with pytest.raises(WeightsError, match=r"dimensions.safetensors: no turned dimensions \(FileNotFoundError\)"):
        Dimensions.open(tmp_path / "absent")


def test_too_few_vectors_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"from 8 queries and 40 passages: at least 32 of each are needed"):
        nested(some(8, 0), some(40, 0))
