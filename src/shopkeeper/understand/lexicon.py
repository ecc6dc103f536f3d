"""The words of a catalogue: how many products say each, and which stand side by side."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from shopkeeper.text import UNITS, is_code, other_numbers, tokens_and_unmeasured
from shopkeeper.types import Catalog, IntArray, RowArray


def is_code_query(words: Iterable[str]) -> bool:
    """Whether every word is a code or a unit, and one at least is a code: `wd-40`, `22 lb`, `b00x4whp5e`."""
    listed = list(words)
    return any(map(is_code, listed)) and all(is_code(word) or word in UNITS for word in listed)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of words by their hashes, int64 (n,) rising: a million titles have ten million pairs.

    In this process alone; one that is none is taken for one once in 10^12 times.
    """

    hashes: IntArray

    @classmethod
    def of(cls, pairs: Iterable[str]) -> "Pairs":
        """These pairs, each two words joined by a space."""
        return cls(np.unique(np.fromiter(map(hash, pairs), np.int64)))

    def __contains__(self, pair: str) -> bool:
        place = int(np.searchsorted(self.hashes, own := hash(pair)))
        return place < len(self.hashes) and int(self.hashes[place]) == own

    def __or__(self, others: "Pairs") -> "Pairs":
        return Pairs(np.union1d(self.hashes, others.hashes))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`counts`: how many distinct texts say a word; `pairs`: two words joined by a space that stood side by side.

    `before` is what was said before these, so that a large lexicon grows without being copied. `elsewhere` says whether
    a search finds a word that these texts do not say: it is no misspelling, though nothing is corrected to it.
    """

    counts: Mapping[str, int]
    pairs: Pairs
    before: "Lexicon | None" = None
    elsewhere: Callable[[str], bool] | None = None

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Lexicon":
        """The lexicon of these texts; the same text twice counts once."""
        counts: Counter[str] = Counter()
        said = set(texts)

        def read() -> Iterator[str]:
            for text in said:
                words, apart = tokens_and_unmeasured(text)
                counts.update({*words, *apart})
                yield from map(" ".join, pairwise(words))

        pairs = Pairs.of(read())
        return cls(dict(counts), pairs)

    def grown(self, texts: Iterable[str]) -> "Lexicon":
        """This lexicon and what these texts say."""
        newer = Lexicon.of(texts)
        if self.before is None:
            return Lexicon(newer.counts, newer.pairs, self, self.elsewhere)
        return Lexicon({**self.counts, **newer.counts}, self.pairs | newer.pairs, self.before, self.elsewhere)

    def says(self, word: str) -> bool:
        """Whether the catalogue says exactly this word."""
        return word in self.counts or (self.before is not None and self.before.says(word))

    def count(self, word: str) -> int:
        """How many texts say exactly this word."""
        return self.counts.get(word, 0) + (self.before.count(word) if self.before is not None else 0)

    def says_pair(self, pair: str) -> bool:
        """Whether the catalogue says these two words, joined by a space, side by side."""
        return pair in self.pairs or (self.before is not None and self.before.says_pair(pair))

    def says_all(self, text: str) -> bool:
        """Whether the catalogue says these words, several of them side by side."""
        words = tokens_and_unmeasured(text)[0]
        return bool(words) and all(map(self.says, words)) and all(map(self.says_pair, map(" ".join, pairwise(words))))

    def knows(self, word: str) -> bool:
        """Whether the catalogue says the word, in this number or the other, or a search finds it elsewhere."""
        if self.says(word) or any(map(self.says, other_numbers(word))):
            return True
        return self.elsewhere is not None and self.elsewhere(word)


def catalog_texts(catalog: Catalog) -> list[str]:
    """What a catalogue says of its products that are not deleted: titles, brands and category names."""
    kept = np.flatnonzero(~catalog.deleted).tolist()
    names = {name for path in catalog.category_paths for name in path}
    return _said(catalog, kept, names)


def row_texts(catalog: Catalog, rows: RowArray) -> list[str]:
    """What a catalogue says of these products, those deleted left out."""
    kept = [row for row in rows.tolist() if not catalog.deleted[row]]
    return _said(catalog, kept, {name for row in kept for name in catalog.category_paths[catalog.categories[row]]})


def _said(catalog: Catalog, rows: list[int], names: set[str]) -> list[str]:
    return [catalog.titles[row] for row in rows] + [catalog.brands[row] for row in rows] + sorted(names)
