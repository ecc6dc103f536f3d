"""An inverted index of weighted pieces of words: which texts hold a piece, and how much it says of each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shopkeeper.types import FloatArray, IntArray, RowArray

ByteArray = NDArray[np.uint8]


@dataclass(frozen=True)
class Postings:
    """Piece p owns starts[p]:starts[p + 1] of `texts` int32 (m,), rising, and of `weights` uint8 (m,).

    starts int64 (v + 1,); the arrays may be mapped from a file.
    """

    starts: IntArray
    texts: RowArray
    weights: ByteArray

    @classmethod
    def of(cls, offsets: IntArray, pieces: RowArray, weights: ByteArray, n_pieces: int) -> "Postings":
        """Turned round: text t owns offsets[t]:offsets[t + 1] of the given pieces and weights."""
        texts = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))
        order = np.argsort(pieces, kind="stable")
        starts = np.searchsorted(pieces[order], np.arange(n_pieces + 1)).astype(np.int64)
        return cls(starts, texts[order], np.asarray(weights[order], np.uint8))

    def add_to(self, scores: FloatArray, piece: int, factor: float) -> None:
        """Adds to the score of each text that holds the piece its weight times `factor`."""
        own = slice(int(self.starts[piece]), int(self.starts[piece + 1]))
        scores[self.texts[own]] += self.weights[own] * np.float32(factor)  # a text holds a piece once

    def appended(self, pieces: RowArray, weights: ByteArray, text: int) -> "Postings":
        """With one text more, whose number is the highest; for the few that come between two learnings."""
        order = np.argsort(pieces, kind="stable")
        pieces, ends = pieces[order], self.starts[1:]
        texts = np.insert(self.texts, ends[pieces], np.int32(text))
        inserted = np.insert(self.weights, ends[pieces], weights[order])
        more = np.bincount(pieces, minlength=len(ends))
        return Postings(self.starts + np.concatenate(([0], np.cumsum(more))), texts, inserted)
