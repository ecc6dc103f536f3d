"""The words of a catalogue: how many products say each, and which stand side by side."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from shopkeeper.text import has_han, tokens
from shopkeeper.types import Catalog, RowArray

_UNITS = (
    "oz lb lbs g kg mg ml cl l liter litre gal gallon qt pt ct pk pack ft in inch mm cm m km w kw v mah hz khz mhz ghz "
    "kb mb gb tb k x 克 千克 公斤 斤 毫升 升 厘米 毫米 米 寸 英寸 瓦 伏 包 盒 袋 瓶 片 支 件 装"
)
UNITS = frozenset(_UNITS.split())
_CODE = re.compile(r"[\w.'/-]*\d[\w.'/-]*")


def is_code(token: str) -> bool:
    """Whether the token is a number, a size or a model code: it holds a digit. Such tokens are never corrected."""
    return _CODE.fullmatch(token) is not None and not has_han(token)


def is_code_query(words: Iterable[str]) -> bool:
    """Whether every word is a code or a unit, and one at least is a code: `wd-40`, `22 lb`, `b00x4whp5e`."""
    listed = list(words)
    return any(map(is_code, listed)) and all(is_code(word) or word in UNITS for word in listed)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """`counts`: how many distinct texts say a word; `pairs`: two words joined by a space that stood side by side.

    `before` is what was said before these, so that a large lexicon grows without being copied.
    """

    counts: Mapping[str, int]
    pairs: frozenset[str]
    before: "Lexicon | None" = None

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Lexicon":
        """The lexicon of these texts; the same text twice counts once."""
        counts: Counter[str] = Counter()
        pairs: set[str] = set()
        for text in set(texts):
            words = tokens(text)
            counts.update(set(words))
            pairs.update(map(" ".join, pairwise(words)))
        return cls(dict(counts), frozenset(pairs))

    def grown(self, texts: Iterable[str]) -> "Lexicon":
        """This lexicon and what these texts say."""
        newer = Lexicon.of(texts)
        if self.before is None:
            return Lexicon(newer.counts, newer.pairs, self)
        return Lexicon({**self.counts, **newer.counts}, self.pairs | newer.pairs, self.before)

    def says(self, word: str) -> bool:
        """Whether the catalogue says exactly this word."""
        return word in self.counts or (self.before is not None and self.before.says(word))

    def says_pair(self, pair: str) -> bool:
        """Whether the catalogue says these two words, joined by a space, side by side."""
        return pair in self.pairs or (self.before is not None and self.before.says_pair(pair))

    def knows(self, word: str) -> bool:
        """Whether the catalogue says the word, in this number or the other."""
        forms = (word, singular_of(word), f"{word}s", f"{word}es", word.removesuffix("y") + "ies")
        return any(form is not None and self.says(form) for form in (forms if word.isascii() else forms[:1]))


def singular_of(word: str) -> str | None:
    """The singular of what looks like an English plural, None of anything else."""
    if len(word) < 4 or not word.isascii() or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return None
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes", "toes")) else word[:-1]


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
