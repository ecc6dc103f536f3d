"""What a text model learns a shop from: its goods, as it reads them and as people speak of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np

from shopkeeper.types import BoolArray

HELD_OUT = 40
"""One product in so many is held out, by a hash of its text: the same ones whatever else is in the shop."""


@dataclass(frozen=True)
class Corpus:
    """Products, in the same order: what the encoder reads of each, its fields as words are looked for, its brand."""

    texts: Sequence[str]
    fields: Sequence[Sequence[str]]
    brands: Sequence[str]

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
            [self.texts[row] for row in rows], [self.fields[row] for row in rows], [self.brands[row] for row in rows]
        )

    @cached_property
    def held_out(self) -> BoolArray:
        """bool (n,): the products that no training query is made from."""
        digests = (blake2b(text.encode(), digest_size=8).digest() for text in self.texts)
        return np.array([int.from_bytes(digest, "big") % HELD_OUT == 0 for digest in digests], bool)
