"""Which words of a text name a brand, a type, a colour: told by what the catalogue says of its own products.

Nobody labels anything: the values of a product's attributes are looked for in its title. What is found is certain, what
is not found is not always: a product whose colour the shop does not know may still say one. So a word has all labels
that are possible, and is taught to have one of those.
Source: Mintz, Bills, Snow, Jurafsky, "Distant supervision for relation extraction without labeled data", ACL 2009
(labels from what is known); Tsuboi, Kashima, Mori, Oda, Matsumoto, "Training conditional random fields using incomplete
annotations", COLING 2008 (what is not known stays open).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from shopkeeper.text import has_han, normalise, singular_of

_WORD = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W_]+(?:[.'-][^\W_]+)*")
_SEVERAL = re.compile(r"[,;|，；、]")
LONGEST = 8
"""Words of the longest value; what is longer is a sentence, and nobody's name for anything."""
OUTSIDE = 0
"""The class of a word that names nothing; 2 i + 1 begins what label i names, 2 i + 2 goes on with it."""

Value = tuple[str, ...]
Place = tuple[int, int, str]
"""The first atom of what is named, the one behind the last, and the label."""


class Atom(NamedTuple):
    """A word, or one Chinese character: in normal form and the singular, and where it stands in the text."""

    said: str
    start: int
    end: int


class Span(NamedTuple):
    """What a part of a text names: characters from `start` to before `end`; `confidence` in (0, 1]."""

    start: int
    end: int
    label: str
    confidence: float = 1.0


def atoms(text: str) -> list[Atom]:
    """The words of a text in order; a slash or a space parts them, a hyphen, a dot and an apostrophe do not."""
    found = []
    for match in _WORD.finditer(text):
        said = normalise(match[0])
        found.append(Atom(singular_of(said) or said, match.start(), match.end()))
    return found


def values(said: str) -> Iterator[Value]:
    """The values that an attribute's text lists, as words; numbers, single letters and sentences name nothing."""
    for part in _SEVERAL.split(said):
        value = tuple(atom.said for atom in atoms(part))
        letters = sum(letter.isalpha() for word in value for letter in word)
        if len(value) <= LONGEST and (letters > 1 or any(map(has_han, value))):
            yield value


class Told:
    """What a shop says of its products by `patterns`: of each label the names of the attributes that say it.

    Names are compared in small letters, with `_` for spaces; `brand` and `category` name a product's brand and the last
    name of its path.
    """

    def __init__(self, patterns: Mapping[str, Sequence[str]]) -> None:
        self._patterns, self._ranks = patterns, {label: rank for rank, label in enumerate(patterns)}
        self._labels: dict[str, str | None] = {}

    def values(self, brand: str, category: Sequence[str], attributes: Mapping[str, str]) -> dict[Value, str]:
        """The label of each value; of several the first in the order of the patterns."""
        said = [("brand", brand), ("category", " ".join(category[-1:])), *attributes.items()]
        labelled = [(label, text) for name, text in said if (label := self._label(name)) is not None]
        found: dict[Value, str] = {}
        for label, text in sorted(labelled, key=lambda own: self._ranks[own[0]]):
            for value in values(text):
                found.setdefault(value, label)
        return found

    def _label(self, name: str) -> str | None:
        if name not in self._labels:
            plain = name.strip().casefold().replace(" ", "_")
            fits = (label for label, names in self._patterns.items() if any(fnmatchcase(plain, own) for own in names))
            self._labels[name] = next(fits, None)
        return self._labels[name]


def spans(said: Sequence[Atom], known: Mapping[Value, str]) -> list[Place]:
    """Where known values stand: from the left, the longest first."""
    found, at = list[Place](), 0
    words = tuple(atom.said for atom in said)
    while at < len(words):
        ends = range(min(at + LONGEST, len(words)), at, -1)
        end = next((end for end in ends if words[at:end] in known), 0)
        if end:
            found.append((at, end, known[words[at:end]]))
        at = end or at + 1
    return found


def in_characters(said: Sequence[Atom], found: Iterable[Place]) -> list[Span]:
    """The same by characters of the text."""
    return [Span(said[first].start, said[end - 1].end, label) for first, end, label in found]


def lexicon(products: Iterable[Mapping[Value, str]]) -> dict[Value, str]:
    """All values of these products, each with the label that most of them give it."""
    counts: dict[Value, Counter[str]] = defaultdict(Counter)
    for product in products:
        for value, label in product.items():
            counts[value][label] += 1
    return {value: labels.most_common(1)[0][0] for value, labels in counts.items()}


class Projection:
    """The possible classes of each word of a product's texts.

    A value of the product's own that stands in the text is certain, and other words name nothing, but that two stay
    open: a word that names for other products what the shop does not know for this one, as a colour where it has none,
    and a part of what this product has, as 'table' where it is of type 'oak table'.
    """

    def __init__(self, labels: Sequence[str], known: Mapping[Value, str]) -> None:
        """`known` is the lexicon of the products that are taught."""
        self._labels, self._known = labels, {value: label for value, label in known.items() if label in labels}

    def classes(self, said: Sequence[Atom], named: Sequence[Place], own: Mapping[Value, str]) -> list[int]:
        """Of each atom the possible classes, as the sum of 2 ** class; `named` is certain."""
        parts: dict[str, int] = defaultdict(int)
        for value, label in own.items():
            for word in value:
                parts[word] |= self._either(label)
        possible = [1 << OUTSIDE | parts.get(atom.said, 0) for atom in said]
        silent = set(self._labels) - set(own.values())
        for first, end, label in spans(said, self._known):
            for at in range(first, end) if label in silent else ():
                possible[at] |= self._either(label)
        for first, end, label in named:
            if label in self._labels:
                begins = 2 * self._labels.index(label) + 1
                possible[first:end] = [1 << begins] + [1 << begins + 1] * (end - first - 1)
        return possible

    def _either(self, label: str) -> int:
        """That a word begins what the label names, or goes on with it."""
        return 0b11 << 2 * self._labels.index(label) + 1 if label in self._labels else 0
