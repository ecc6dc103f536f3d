"""Where in the shop a search belongs, told by the vector that it has already: a head in closed form, taught in seconds.

Source: Fisher, "The use of multiple measurements in taxonomic problems", 1936; Hastie, Tibshirani, Friedman, The
Elements of Statistical Learning, 2009, section 4.3 (one covariance for all classes, drawn towards a round one); Guo et
al., "On calibration of modern neural networks", ICML 2017 (temperature).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shopkeeper.errors import WeightsError
from shopkeeper.types import FloatArray, IntArray

FILE = "category.safetensors"
ROUND = 0.3
"""How far the covariance is drawn to a round one: chosen on held-out titles and searches, see docs/LOG.md."""
TEMPERATURES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
TOLD, LEAST = 2, 0.2
"""So many of the likeliest categories are told, each of at least so large a share."""


@dataclass(frozen=True)
class CategoryHead:
    """Categories by name, a direction each float32 (n, d) and an offset each float32 (n,); logits times `sharpness`."""

    names: tuple[str, ...]
    weights: FloatArray
    offsets: FloatArray
    sharpness: float = 1.0

    @classmethod
    def fitted(cls, vectors: FloatArray, classes: IntArray, names: Sequence[str]) -> "CategoryHead":
        """What these vectors float32 (n, d) of the classes int64 (n,), places in `names`, say; each class has one."""
        n, width = len(names), vectors.shape[1]
        sizes = np.bincount(classes, minlength=n).astype(np.float64)
        means = np.zeros((n, width))
        np.add.at(means, classes, vectors)
        means /= sizes[:, None]
        away = vectors - means[classes].astype(np.float32)
        own = (away.T @ away).astype(np.float64) / max(len(vectors) - n, 1)
        spread = (1 - ROUND) * own + ROUND * max(float(np.trace(own)) / width, 1e-9) * np.eye(width)
        weights = np.linalg.solve(spread, means.T).T
        offsets = np.log(sizes / sizes.sum()) - 0.5 * (weights * means).sum(axis=1)
        # in the order of its rows: safetensors writes memory as it lies
        return cls(tuple(names), np.ascontiguousarray(weights, np.float32), offsets.astype(np.float32))

    @classmethod
    def usual(cls, classes: IntArray, names: Sequence[str], width: int) -> "CategoryHead":
        """What tells every search the same: how frequent each category is."""
        sizes = np.bincount(classes, minlength=len(names))
        return cls(
            tuple(names), np.zeros((len(names), width), np.float32), np.log(sizes / sizes.sum(), dtype=np.float32)
        )

    def calibrated(self, vectors: FloatArray, classes: IntArray) -> "CategoryHead":
        """The same, as sure of itself as these vectors of other products show that it may be."""
        found = (replace(self, sharpness=own) for own in TEMPERATURES)
        return max(found, key=lambda head: float(np.log(_own(head.shares(vectors), classes) + 1e-9).mean()))

    def shares(self, vectors: FloatArray) -> FloatArray:
        """float32 (n, categories): how likely each category is; a row sums to 1."""
        logits = (vectors @ self.weights.T + self.offsets) * np.float32(self.sharpness)
        likely = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(likely / likely.sum(axis=1, keepdims=True), np.float32)

    def likely(self, vector: FloatArray) -> list[tuple[str, float]]:
        """The likeliest categories of a search by its vector float32 (d,), with their shares; maybe none."""
        if vector.shape != self.weights.shape[1:] or not vector.any():
            return []
        shares = self.shares(vector[None])[0]
        first = np.argsort(-shares, kind="stable")[:TOLD]
        return [(self.names[at], float(shares[at])) for at in first.tolist() if shares[at] >= LEAST]

    def save(self, folder: Path) -> None:
        """Writes one file that `open` reads."""
        from safetensors.numpy import save_file

        about = {"names": json.dumps(self.names, ensure_ascii=False), "sharpness": repr(self.sharpness)}
        save_file({"weights": self.weights, "offsets": self.offsets}, folder / FILE, about)

    @classmethod
    def open(cls, folder: Path) -> "CategoryHead | None":
        """That of a folder; None where there is none. Raises WeightsError where the file is none of these."""
        from safetensors import SafetensorError, safe_open

        if not (folder / FILE).is_file():
            return None
        try:
            with safe_open(folder / FILE, "np") as held:
                about = held.metadata()
                weights, offsets = held.get_tensor("weights"), held.get_tensor("offsets")
            return cls(tuple(json.loads(about["names"])), weights, offsets, float(about["sharpness"]))
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise WeightsError(
                f"{folder / FILE}: no category head ({type(error).__name__}: {error}). Learn again"
            ) from None


def _own(shares: FloatArray, classes: IntArray) -> FloatArray:
    return np.asarray(shares[np.arange(len(classes)), classes])
