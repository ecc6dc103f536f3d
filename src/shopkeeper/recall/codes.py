"""Vectors as binary codes that are scanned exhaustively: one bit a dimension, after centring and a rotation.

Centring and a random rotation spread the variance over all bits, so that encoders whose cosines crowd together lose
little. Source: Gong, Lazebnik, "Iterative quantization", CVPR 2011, section 2 (random rotation as its baseline).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.store.mapped import mapped
from shopkeeper.types import BoolArray, DayArray, FloatArray, IntArray, RowArray

Words = NDArray[np.uint64]
Distances = NDArray[np.uint16]

_BITS = 64
_ADDED = 3
"""Words whose counts are added in a byte."""
PART = 8192
"""So many vectors at a time are hashed or coded: a million at once take gigabytes more."""
_ARRAYS = ("codes", "mean", "rotation")


BLOCK = 32_768
"""So many codes at a time are compared."""
SAMPLED = 32
"""How far the nearest are is guessed from every so manyth code."""
_LINE = 256
_FEW = 32
"""What came since stands apart as long as it is one of so many."""


@cache
def _turned(bits: int, seed: int) -> DayArray:
    """float64 (bits, bits): a random rotation, the same for the same seed."""
    square, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((bits, bits)))
    return np.asarray(square)


@dataclass(frozen=True)
class Codes:
    """codes uint64 (words, u), a column for each vector; mean float32 (d,); rotation float32 (d, bits).

    Columns that came `since`, uint64 (words, m), stand apart, so that many need not be copied for a few.
    """

    codes: Words
    mean: FloatArray
    rotation: FloatArray
    since: Words | None = None

    @classmethod
    def of(cls, vectors: FloatArray, seed: int) -> "Codes":
        """The codes of vectors float32 (u, d), and the frame in which later ones are coded."""
        dimensions = vectors.shape[1]
        bits = -(-dimensions // _BITS) * _BITS
        rotation = np.ascontiguousarray(_turned(bits, seed)[:dimensions], np.float32)
        mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        frame = cls(np.empty((bits // _BITS, 0), np.uint64), mean, rotation)
        return frame.plus(vectors)

    @property
    def bits(self) -> int:
        return int(self.rotation.shape[1])

    def __len__(self) -> int:
        return int(self.codes.shape[1]) + (0 if self.since is None else int(self.since.shape[1]))

    def plus(self, vectors: FloatArray) -> "Codes":
        """These codes and those of more vectors, in the same frame."""
        if not len(vectors):
            return self
        more = self.code(vectors)
        since = more if self.since is None else np.concatenate((self.since, more), axis=1)
        if since.shape[1] * _FEW <= self.codes.shape[1]:
            return Codes(self.codes, self.mean, self.rotation, since)
        return Codes(np.concatenate((self.codes, since), axis=1), self.mean, self.rotation)

    def code_of(self, place: int) -> Words:
        """uint64 (words,): the code of one vector."""
        own = place - self.codes.shape[1]
        return self.codes[:, place] if own < 0 or self.since is None else self.since[:, own]

    def code(self, vectors: FloatArray) -> Words:
        """uint64 (words, m): the signs of each centred and rotated vector."""
        codes = np.empty((self.bits // _BITS, len(vectors)), np.uint64)
        for start in range(0, len(vectors), PART):
            signs = (vectors[start : start + PART] - self.mean) @ self.rotation > 0
            codes[:, start : start + PART] = np.packbits(signs, axis=1).view(np.uint64).T
        return codes

    def distances(self, code: Sequence[np.uint64] | Words) -> Distances:
        """uint16 (u,): in how many bits each vector differs from one code (words,)."""
        total, known = np.empty(len(self), np.uint16), self.codes.shape[1]
        _compare(self.codes, code, total[:known])
        if self.since is not None:
            _compare(self.since, code, total[known:])
        return total

    def save(self, folder: Path) -> None:
        """Writes the three arrays."""
        codes = self.codes if self.since is None else np.concatenate((self.codes, self.since), axis=1)
        for name, array in {"codes": codes, "mean": self.mean, "rotation": self.rotation}.items():
            np.save(folder / f"{name}.npy", np.asarray(array))

    @classmethod
    def load(cls, folder: Path) -> "Codes":
        """Maps the three arrays from where `save` wrote them."""
        return cls(*(mapped(folder / f"{name}.npy") for name in _ARRAYS))


def _compare(codes: Words, code: Sequence[np.uint64] | Words, total: Distances) -> None:
    """Writes into total (u,) in how many bits each column of the codes differs from one code (words,)."""
    other, bits, some = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint8), np.empty(BLOCK, np.uint8)
    for start in range(0, len(total), BLOCK):  # what is in between never leaves the cache of the core
        block = total[start : start + BLOCK]
        n, end = len(block), start + len(block)
        block[:] = 0
        for first in range(0, len(codes), _ADDED):  # bytes are added several times as fast as wider numbers
            some[:n] = 0
            for own, asked in zip(codes[first : first + _ADDED], code[first : first + _ADDED], strict=True):
                np.bitwise_xor(own[start:end], asked, out=other[:n])
                np.bitwise_count(other[:n], out=bits[:n])
                some[:n] += bits[:n]
            block += some[:n]


def nearest(distances: Distances, n: int, is_open: BoolArray | None = None) -> IntArray:
    """At least the n nearest of the open ones, and all that tie with the last; unordered."""
    sampled = _sample(distances) if is_open is None else _sample(distances)[_sample(is_open)]
    most = _radius(sampled, 2 * n // SAMPLED + 1)  # a guess that mostly holds twice as many
    near = _within(distances, most, is_open)
    if len(near) < n:
        near = _within(distances, np.iinfo(np.uint16).max, is_open)
    own = distances[near]
    return near[own <= _radius(own, n)]


def _sample(values: NDArray[Any]) -> NDArray[Any]:
    """Every so manyth block of the values: one by one they would be as many lines of memory."""
    whole = len(values) // (SAMPLED * _LINE) * SAMPLED * _LINE
    if not whole:
        return values[::SAMPLED]
    sampled: NDArray[Any] = values[:whole].reshape(-1, SAMPLED, _LINE)[:, 0].reshape(-1)
    return sampled


def _radius(distances: Distances, n: int) -> int:
    """The distance within which the n nearest are, in a sample those of all."""
    reached = np.cumsum(np.bincount(distances))
    return int(np.searchsorted(reached, min(n, len(distances))))


def _within(distances: Distances, radius: int, is_open: BoolArray | None) -> IntArray:
    near = distances <= radius
    if is_open is not None:
        near &= is_open
    return np.flatnonzero(near)


def distinct(vectors: FloatArray) -> tuple[RowArray, IntArray]:
    """Each row's group of equal vectors int32 (n,), -1 for a zero vector; and the row that first shows each, rising."""
    odd = np.random.default_rng(0).integers(0, 2**63, vectors.shape[1], np.uint64) * np.uint64(2) + np.uint64(1)
    hashes, empty = np.empty(len(vectors), np.uint64), np.empty(len(vectors), np.bool_)
    for start in range(0, len(vectors), PART):
        part = np.ascontiguousarray(vectors[start : start + PART], np.float32)
        bits = part.view(np.uint32).astype(np.uint64)
        hashes[start : start + PART] = (bits * odd).sum(axis=1, dtype=np.uint64)  # wraps on purpose
        empty[start : start + PART] = ~part.any(axis=1)
    full = np.flatnonzero(~empty)
    _, first, group = np.unique(hashes[full], return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(len(order))
    group_of = np.full(len(vectors), -1, np.int32)
    group_of[full] = number[group]
    return group_of, full[first[order]]
