"""What a text model learns a shop from: its goods, as it reads them and as people speak of them and judge them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from shopkeeper.encode.pairs import Pairs
from shopkeeper.types import BoolArray, FloatArray, IntArray

PARTS, ENOUGH, MOST = 40, 250, 8
"""Of PARTS equal parts of the products, by a hash of their texts, so many are held out as hold ENOUGH products, one at
least and at most MOST: those of a grown shop were among those of the small one."""


@dataclass(frozen=True)
class Judgements:
    """What people say of products for queries: of pair i queries[i], the product's row in the corpus and its grade.

    `rows` and `grades` are int64 (n,), grades from 0, the worst. `taught` float32 (n,) is what a better model says of
    each pair, as a cross-encoder does; only differences between products of one query count.
    """

    queries: Sequence[str]
    rows: IntArray
    grades: IntArray
    taught: FloatArray | None = None

    def __post_init__(self) -> None:
        assert len(self.queries) == len(self.rows) == len(self.grades)

    def __len__(self) -> int:
        return len(self.queries)

    def among(self, rows: IntArray) -> "Judgements":
        """The pairs of products in `rows`, ascending, each row by its place among them."""
        kept = np.flatnonzero(np.isin(self.rows, rows))
        return Judgements(
            [self.queries[place] for place in kept.tolist()],
            np.searchsorted(rows, self.rows[kept]),
            self.grades[kept],
            None if self.taught is None else self.taught[kept],
        )


@dataclass(frozen=True)
class Reviews:
    """What shoppers wrote, with a label each in the same order, as 'good' and 'bad'."""

    texts: Sequence[str] = ()
    labels: Sequence[str] = ()

    def __post_init__(self) -> None:
        assert len(self.texts) == len(self.labels)

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Corpus:
    """Products, in the same order: what the encoder reads of each, its fields as words are looked for, its brand.

    `vectors` float32 (n, d) are those that the shop answers from, where it has made them already; `judged` are pairs
    that people judged, `reviews` are of any goods, those of another shop too. `pairs` are texts that belong together,
    to be learnt, and `later` those of later days, to measure with; both number the same texts. `queries` are what
    shoppers typed, in any order. `categories` are the products' paths, () where one has none, and `attributes` what
    else the shop says of them, by name; each of all products or of none.
    """

    texts: Sequence[str]
    fields: Sequence[Sequence[str]]
    brands: Sequence[str]
    vectors: FloatArray | None = None
    judged: Judgements | None = None
    pairs: Pairs | None = None
    later: Pairs | None = None
    reviews: Reviews = Reviews()
    queries: Sequence[str] = ()
    categories: Sequence[tuple[str, ...]] = ()
    attributes: Sequence[Mapping[str, str]] = ()

    def __post_init__(self) -> None:
        assert len(self.texts) == len(self.fields) == len(self.brands)
        assert all(len(told) in (0, len(self.texts)) for told in (self.categories, self.attributes))

    def __len__(self) -> int:
        return len(self.texts)

    def some(self, most: int, draw: np.random.Generator) -> "Corpus":
        """At most so many of the products, drawn at random, in their order."""
        if len(self) <= most:
            return self
        drawn = np.sort(draw.choice(len(self), most, replace=False))
        rows = drawn.tolist()
        return Corpus(
            [self.texts[row] for row in rows],
            [self.fields[row] for row in rows],
            [self.brands[row] for row in rows],
            None if self.vectors is None else self.vectors[rows],
            None if self.judged is None else self.judged.among(drawn),
            self.pairs,
            self.later,
            self.reviews,
            self.queries,
            categories=[self.categories[row] for row in rows] if self.categories else (),
            attributes=[self.attributes[row] for row in rows] if self.attributes else (),
        )

    @cached_property
    def held_out(self) -> BoolArray:
        """bool (n,): the products that no training query is made from."""
        return held_out(self.texts)

    @cached_property
    def left_for_the_end(self) -> BoolArray:
        """bool (n,): every other product of those held out. No training looks at them, not even to see when to stop:
        what was learnt is judged by them, once."""
        return np.asarray(self.held_out & (_digests(self.texts) // PARTS % 2 == 1))


def held_out(texts: Sequence[str]) -> BoolArray:
    """bool (n,): by a hash of each text, so that the same text is never on both sides."""
    part = (_digests(texts) % PARTS).astype(np.int64)
    return np.asarray(part < min(-(-PARTS * ENOUGH // max(len(texts), 1)), MOST))


def _digests(texts: Sequence[str]) -> NDArray[np.uint64]:
    """uint64 (n,)"""
    digests = [blake2b(text.encode(), digest_size=8).digest() for text in texts]
    return np.array([int.from_bytes(digest, "big") for digest in digests], np.uint64)
