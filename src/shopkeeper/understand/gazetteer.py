"""The shop's own names: brands, categories, attributes and their values, by the words that say them."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

import numpy as np

from shopkeeper.amounts import amount_of
from shopkeeper.attributes import NO_VALUE, Attributes
from shopkeeper.types import NO_ROWS, BoolArray, Catalog, RowArray
from shopkeeper.understand.atoms import phrase

Kind = Literal["brand", "category", "value", "name"]
LONGEST = 8
"""Atoms of a name at most: longer values are descriptions."""
LONGEST_TEXT = 48
MARKS = 4
"""Powers of two of marks for a phrase: so many more places than phrases that most words hit none."""
SHORTEST = 2
"""Letters of a name at least, unless it is Chinese."""
HELD = 16 << 20
"""So many bytes of rows are kept of the senses that searches named lately."""
FEW = 256
"""Rows fewer than one in so many products are looked up, one by one, among more; else both are marked."""


class Sense(NamedTuple):
    """What words may say: the brand or category `value`, a `value` of the attribute `name`, or the name itself.

    `code`: the number that the value had when it was read, which another reading of the catalogue may change.
    """

    kind: Kind
    name: str
    value: str
    code: int = NO_VALUE


class Values:
    """The values of a catalogue's attributes by what says them. As senses of their own 300,000 take 120 MB, here 5.

    Phrases are told apart by a hash of 64 bits, so that of as many two are alike once in forty million catalogues.
    """

    def __init__(self, own: Attributes, phrases: Iterable[tuple[tuple[str, ...], int, int]]) -> None:
        """Each phrase with the attribute and the code of the value that it says."""
        self._names, self._texts = own.names, own.texts
        hashes, values = array("q"), array("q")
        for parts, at, code in phrases:
            hashes.append(hash(parts))
            values.append(at << 32 | code)
        found = np.array(hashes, np.int64)
        order = np.argsort(found, kind="stable")
        self._hashes, self._values = found[order].data, np.array(values, np.int64)[order].data
        marks = np.zeros(1 << (len(found).bit_length() + MARKS), np.bool_)
        self._mask = len(marks) - 1
        marks[found & self._mask] = True
        self._marks = marks.data

    def of(self, parts: tuple[str, ...]) -> tuple[Sense, ...]:
        """The values that a phrase says, in the order of their attributes."""
        asked = hash(parts)
        if not self._marks[asked & self._mask]:  # most of what is asked for: a fifth of the time
            return ()
        first = bisect_left(self._hashes, asked)
        if first == len(self._hashes) or self._hashes[first] != asked:
            return ()
        return tuple(map(self._sense, self._values[first : bisect_right(self._hashes, asked, first)]))

    def _sense(self, value: int) -> Sense:
        at, code = value >> 32, value & 0xFFFFFFFF
        return Sense("value", self._names[at], self._texts[at][code], code)


class Gazetteer:
    """Phrases to their senses; and which products each sense is of. It only grows: what nobody has counts nothing."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._counted: dict[Sense, int] = {}
        self._held: dict[Sense, RowArray] = {}
        self._categorised: float | None = None
        self._senses: dict[tuple[str, ...], tuple[Sense, ...]] = {}
        self._longest: dict[str, int] = {}
        self._named: dict[str, set[str]] = {}
        self._categories = _by_part(catalog)
        self._values = Values(catalog.attributes, ())
        for brand in catalog.brand_codes[1]:
            self._know(brand, Sense("brand", "", brand))
        for part in self._categories:
            self._know(part, Sense("category", "", part))
        for name in catalog.attributes.names:
            self._know_name(name)
        self._values = Values(catalog.attributes, self._phrases(catalog.attributes))

    def update(self, catalog: Catalog, rows: RowArray) -> None:
        """Knows the names of these rows too."""
        for brand in {catalog.brands[row] for row in rows.tolist()}:
            self._know(brand, Sense("brand", "", brand))
        self._categories = _by_part(catalog)
        for part in {part for row in rows.tolist() for part in catalog.category_paths[catalog.categories[row]]}:
            self._know(part, Sense("category", "", part))
        own = catalog.attributes
        for at, code in set(zip(*(said.tolist() for said in own.of_rows(rows)), strict=True)):
            self._know_name(own.names[at])
            if own.measure(at) is None:
                self._know(own.texts[at][code], Sense("value", own.names[at], own.texts[at][code], code))
        self.catalog, self._counted, self._held, self._categorised = catalog, {}, {}, None

    def longest(self, said: list[str], start: int) -> tuple[int, tuple[Sense, ...]] | None:
        """The end and the senses of the longest phrase that begins at this place; None where none does."""
        for end in range(min(start + self._longest.get(said[start], 0), len(said)), start, -1):
            senses = self._known(tuple(said[start:end]))
            if senses:
                return end, senses
        return None

    def named_with(self, word: str) -> Iterable[str]:
        """The attributes in whose name the word stands."""
        return self._named.get(word, ())

    def inside(self, sense: Sense, context: RowArray | None) -> RowArray:
        """int32 (m,): the rows of the context that the sense is of, deleted ones never; no context is all rows."""
        if context is not None:
            return self._inside(sense, context)
        kept = self._held  # another one where the catalogue changes meanwhile
        found = kept.get(sense)
        if found is None:
            found = self._inside(sense, None)
            if sum(rows.nbytes for rows in list(kept.values())) + found.nbytes > HELD:
                kept.clear()  # cheaper and safer among threads than keeping order
            kept[sense] = found
        return found

    def _inside(self, sense: Sense, context: RowArray | None) -> RowArray:
        catalog = self.catalog
        if sense.kind == "brand":
            coded, codes = catalog.brand_codes
            return self.among(coded, context, lambda own: own == codes.get(sense.value, -1))
        if sense.kind == "category":
            wanted = np.zeros(len(catalog.category_paths) + 1, bool)
            wanted[self._categories.get(sense.value, [])] = True
            return self.among(catalog.categories, context, lambda own: wanted[own])
        at = catalog.attributes.place(sense.name)
        if at is None:
            return NO_ROWS
        texts, code = catalog.attributes.texts[at], sense.code
        if not 0 <= code < len(texts) or texts[code] != sense.value:
            code = catalog.attributes.code(at, sense.value)
        return self.having(at, context, lambda own: own == code)

    def having(self, at: int, context: RowArray | None, wanted: Callable[[RowArray], BoolArray] | None) -> RowArray:
        """int32 (m,): the rows of the context, rising, whose code in an attribute is wanted, or that have it at all."""
        rows, codes = self.catalog.attributes.entries(at)
        found: RowArray = rows if wanted is None else rows[wanted(codes)]
        if context is not None:
            return _both(found, context, len(self.catalog))
        there: RowArray = found[~self.catalog.deleted[found]]
        return there

    def among(self, column: RowArray, context: RowArray | None, wanted: Callable[[RowArray], BoolArray]) -> RowArray:
        """int32 (m,): the rows of the context whose code in a column is wanted."""
        if context is not None:
            found: RowArray = context[wanted(column[context])]
            return found
        return np.flatnonzero(wanted(column) & ~self.catalog.deleted).astype(np.int32)

    def count(self, sense: Sense) -> int:
        """How many products the sense is of."""
        held = self._counted.get(sense)
        if held is None:
            held = self._counted[sense] = len(self.inside(sense, None))
        return held

    @property
    def categorised(self) -> float:
        """The share of products that have a category."""
        if self._categorised is None:
            bare = np.array([not path for path in self.catalog.category_paths] + [True], bool)
            self._categorised = 1.0 - float(bare[self.catalog.categories].mean()) if len(self.catalog) else 1.0
        return self._categorised

    def _phrases(self, own: Attributes) -> Iterator[tuple[tuple[str, ...], int, int]]:
        """What says the values of attributes that are not of numbers, with the attribute and the value's code."""
        for at, texts in enumerate(own.texts):
            for code, text in enumerate(texts) if own.measure(at) is None else ():
                if len(text) <= LONGEST_TEXT and (parts := _said_by(text)):
                    self._begin(parts)
                    yield parts, at, code

    def _known(self, parts: tuple[str, ...]) -> tuple[Sense, ...]:
        return self._senses.get(parts, ()) + self._values.of(parts)

    def _know(self, name: str, sense: Sense) -> None:
        parts = _said_by(name)
        if parts and all(own[:-1] != sense[:-1] for own in self._known(parts)):
            self._senses[parts] = (*self._senses.get(parts, ()), sense)
            self._begin(parts)

    def _begin(self, parts: tuple[str, ...]) -> None:
        self._longest[parts[0]] = max(self._longest.get(parts[0], 0), len(parts))

    def _know_name(self, name: str) -> None:
        spoken = name.replace("_", " ")
        self._know(spoken, Sense("name", name, ""))
        for word in phrase(spoken):
            if len(word) > 2:
                self._named.setdefault(word, set()).add(name)


def _said_by(name: str) -> tuple[str, ...]:
    """The phrase that says a name; empty for what is none."""
    if name[:1].isdigit() and amount_of(name) is not None:
        return ()  # such words are a number of whatever attribute is one of numbers
    parts = phrase(name)
    return () if len(parts) > LONGEST or (len(parts) < 3 and all(map(_says_little, parts))) else parts


def _says_little(part: str) -> bool:
    """Whether a name of such parts alone is no name: a number, a letter, a sign."""
    return part.replace(".", "").replace(",", "").isdigit() or (part.isascii() and len(part) < SHORTEST)


def _by_part(catalog: Catalog) -> Mapping[str, list[int]]:
    """The paths that each part of a path stands in."""
    found: dict[str, list[int]] = {}
    for place, path in enumerate(catalog.category_paths):
        for part in path:
            found.setdefault(part, []).append(place)
    return found


def _both(one: RowArray, other: RowArray, n: int) -> RowArray:
    """int32 (m,): the rows that are in both, rising as both do, of a catalogue of `n`."""
    few, many = (one, other) if len(one) < len(other) else (other, one)
    if not len(few):
        return NO_ROWS
    if len(few) * FEW < n:
        found: RowArray = few[many[np.minimum(np.searchsorted(many, few), len(many) - 1)] == few]
        return found
    marked = np.zeros(n, bool)
    marked[many] = True
    there: RowArray = few[marked[few]]
    return there
