"""What a text model learns a shop from: its goods, as it reads them and as people speak of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np

from shopkeeper.types import BoolArray, FloatArray

PARTS, ENOUGH, MOST = 40, 250, 8
"""Of PARTS equal parts of the products, by a hash of their texts, so many are held out as hold ENOUGH products, one at
least and at most MOST: those of a grown shop were among those of the small one."""


@dataclass(frozen=True)
class Corpus:
    """Products, in the same order: what the encoder reads of each, its fields as words are looked for, its brand.

    `vectors` float32 (n, d) are those that the shop answers from, where it has made them already.
    """

    texts: Sequence[str]
    fields: Sequence[Sequence[str]]
    brands: Sequence[str]
    vectors: FloatArray | None = None

    def __post_init__(self) -> None:
        assert len(self.texts) == len(self.fields) == len(self.brands)

    def __len__(self) -> int:
        return len(self.texts)

    def some(self, most: int, draw: np.random.Generator) -> "Corpus":
        """At most so many of the products, drawn at random, in their order."""
        if len(self) <= most:
            return self
        rows = np.sort(draw.choice(len(self), most, replace=False)).tolist()
        return Corpus(
            [self.texts[row] for row in rows],
            [self.fields[row] for row in rows],
            [self.brands[row] for row in rows],
            None if self.vectors is None else self.vectors[rows],
        )

    @cached_property
    def held_out(self) -> BoolArray:
        """bool (n,): the products that no training query is made from."""
        digests = (blake2b(text.encode(), digest_size=8).digest() for text in self.texts)
        part = np.array([int.from_bytes(digest, "big") % PARTS for digest in digests], np.int64)
        return np.asarray(part < min(-(-PARTS * ENOUGH // max(len(self), 1)), MOST))
