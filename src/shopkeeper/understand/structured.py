"""What a query states of brand, category, price, and attributes, by the shop's own names.

`hp laptop 16 gb under 800` asks for little by its words: what they state becomes filters where it is beyond doubt, a
boost where it is not, and stays words where it is one thing alone.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from shopkeeper.amounts import Between
from shopkeeper.ports import Tells
from shopkeeper.text import tokens
from shopkeeper.types import NO_ROWS, Catalog, FloatArray, Intent, RowArray
from shopkeeper.understand.as_words import EVERYTHING, AsWords
from shopkeeper.understand.atoms import Atom, atoms
from shopkeeper.understand.gazetteer import Gazetteer, Sense
from shopkeeper.understand.quantities import Quantity, quantities
from shopkeeper.understood import Role, Says, Stated

SURE = 0.3
"""A value is a filter where at least so many products have it for one whose title says the word."""
LIKELY = 0.1
"""With fewer it is not even a boost."""
SHARE = 0.5
"""And where so large a part of the products that some attribute gives it is of one attribute."""
_LINKS = frozenset(
    ["of", "is", ":", "with", "为", "是", "的", "a", "and", "for", "in", "an", "the", "和", "带", "，", ","]
)
_NEGATIONS = frozenset(["no", "not", "without", "non", "无", "不", "非", "免"])
_PREPOSITIONS = frozenset({"for", "with", "without", "of", "in", "from"})
MOST_SENSES = 6
"""Attributes of one word that are weighed, the most common ones."""


@dataclass(frozen=True, slots=True)
class Span:
    """Atoms from `start` to `end` that say one of the shop's names."""

    start: int
    end: int
    senses: tuple[Sense, ...]

    def of(self, kind: str) -> list[Sense]:
        return [sense for sense in self.senses if sense.kind == kind]


@dataclass
class Reading:
    """One query while it is read. context int32 (m,): the rows that what was stated so far leaves, None for all.

    `firm`: names become filters, not boosts.
    """

    text: str
    atoms: list[Atom]
    quantities: list[Quantity]
    spans: list[Span]
    as_words: Collection[str]
    context: RowArray | None = None
    firm: bool = False
    used: set[int] = field(default_factory=set)
    stated: list[tuple[int, Stated]] = field(default_factory=list)

    def words(self, start: int, end: int) -> str:
        return self.text[self.atoms[start].start : self.atoms[end - 1].end]

    def said(self, at: int) -> str:
        return self.atoms[at].said if 0 <= at < len(self.atoms) else ""

    def state(self, what: tuple[str, str], span: tuple[int, int], role: Role, confidence: float) -> None:
        """Notes what the atoms of a span state; those of a boost are searched none the less."""
        words = self.words(*span)
        self.stated.append((span[0], Stated(*what, words, role, round(min(confidence, 1.0), 3))))
        if role == "filter":
            self.used.update(range(*span))

    def narrow(self, rows: RowArray) -> None:
        """Only these rows are left, unless none would be."""
        self.context = rows if len(rows) else self.context

    def free(self, span: Span | Quantity) -> bool:
        return self.used.isdisjoint(range(span.start, span.end))

    def cues(self, start: int, end: int) -> Iterator[tuple[Span, tuple[int, int]]]:
        """Names of attributes right beside these atoms, with the atoms of both."""
        for span in self.spans:
            if not span.of("name") or not self.free(span):
                continue
            if span.end in (start, start - (self.said(start - 1) in _LINKS)):
                yield span, (span.start, end)
            elif span.start in (end, end + (self.said(end) in _LINKS)):
                yield span, (start, span.end)


class Structured:
    """Reads queries to one catalogue. `counts`: how many texts say each word; `stated`: what words may state at all.

    `prior` tells the category of a search whose words name none: a boost, whose words are all that was searched.
    """

    def __init__(
        self,
        catalog: Catalog,
        counts: Mapping[str, int],
        stated: Collection[Says] = get_args(Says),
        prior: Tells | None = None,
    ) -> None:
        self._gazetteer = Gazetteer(catalog)
        self._counts = counts
        self._prior = prior
        self._never = AsWords(set(get_args(Says)) - set(stated))
        self._kinds = _kinds(catalog)
        self._updating = threading.Lock()

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        """Knows the brands, categories and attributes of new and changed products at once."""
        with self._updating:
            self._gazetteer.update(catalog, rows)
            self._kinds = _kinds(catalog)

    def read(self, intent: Intent, as_words: Collection[str] = ()) -> Intent:
        """The intent with what its words state, and without the words of filters among those that are searched.

        `as_words` names fields (see `Stated`) whose words are to be searched as words.
        """
        if intent.is_code or intent.kind == "service" or not intent.tokens or EVERYTHING in as_words:
            return intent
        as_words = AsWords(self._never.union(as_words))
        reading = self._read(intent.correction or intent.query, as_words)
        if intent.correction is not None:
            as_typed = self._read(intent.query, as_words)
            if len(as_typed.used) > len(reading.used):
                reading, intent = as_typed, replace(intent, correction=None)
        if any(span.of("brand") and (span.start, span.end) == (0, len(reading.atoms)) for span in reading.spans):
            intent = replace(intent, kind="brand")
        stated = tuple(own for _, own in sorted(reading.stated, key=lambda one: one[0]))
        if intent.kind == "product" and all(own.field != "category" for own in stated) and "category" not in as_words:
            stated += self._likely(intent)
        if not stated:
            return intent
        names = (own for own in stated if own.role == "filter" and own.field.partition(".")[0] in _NAMED)
        hints = tuple(word for own in names for word in tokens(own.words))
        return replace(intent, tokens=_rest(reading), stated=stated, hints=hints)

    def _likely(self, intent: Intent) -> tuple[Stated, ...]:
        """The likeliest categories by the meaning of the words."""
        if self._prior is None or intent.vector is None:
            return ()
        words = intent.correction or intent.query
        told = self._prior.likely(intent.vector)
        return tuple(Stated("category", name, words, "boost", round(share, 3), "meaning") for name, share in told)

    def _read(self, text: str, as_words: Collection[str]) -> Reading:
        found = atoms(text)
        numbers = quantities(found)
        compared = {at for one in numbers if one.compared for at in range(one.start, one.end)}
        spans = list(_spans(self._gazetteer, found, compared))
        numbers = [one for one in numbers if one.compared or not _inside(one, spans)]
        reading = Reading(text, found, numbers, spans, as_words)
        for span in spans:
            self._named_value(reading, span)
        for one in numbers:
            self._named_amount(reading, one)
        self._price(reading)
        reading.firm = self._is_firm(reading)
        if self._things(reading) > 1:
            self._head(reading)
            self._brand(reading)
            for span in spans:
                self._value(reading, span)
        for one in numbers:
            self._amount(reading, one)
        return reading

    def _is_firm(self, reading: Reading) -> bool:
        """Whether names are filters: beside a number, a price or an attribute's name, or where they say everything.

        `wireless headphones` may as well be in the words of a product whose attributes do not say so.
        """
        if reading.stated or any(one.compared or self._measured(one) for one in reading.quantities):
            return True
        named = [span for span in reading.spans if any(sense.kind != "name" for sense in span.senses)]
        said = {at for span in named for at in range(span.start, span.end)}
        if any(at not in said and atom.said not in _LINKS for at, atom in enumerate(reading.atoms)):
            return False
        kinds = {sense.kind for span in named for sense in span.senses}
        return len(named) > 2 or (len(named) == 2 and {"brand", "category"} <= kinds)

    def _measured(self, one: Quantity) -> bool:
        """Whether some attribute is in units of the number's kind."""
        return one.unit is not None and one.unit.kind in self._kinds

    def _things(self, reading: Reading) -> int:
        """How many things the query may state: one alone is better searched by its words."""
        amounts = sum(one.unit is not None or one.compared for one in reading.quantities)
        return amounts + sum(any(sense.kind != "name" for sense in span.senses) for span in reading.spans)

    def _take(self, reading: Reading, sense: Sense, whole: tuple[int, int], sure: float, role: Role) -> None:
        field = f"attributes.{sense.name}" if sense.kind == "value" else sense.kind
        role = role if reading.firm else "boost"
        if role == "boost" and sure < LIKELY:
            return
        reading.state((field, sense.value), whole, role, sure)
        if role == "filter":
            reading.narrow(self._gazetteer.inside(sense, reading.context))

    def _price(self, reading: Reading) -> None:
        """A comparison of a number that is of no attribute is one of the price."""
        if "price" in reading.as_words:
            return
        for one in reading.quantities:
            if one.unit is None and one.compared and reading.free(one):
                reading.state(("price", str(Between(one.low, one.high))), (one.start, one.end), "filter", 1.0)

    def _head(self, reading: Reading) -> None:
        """The category, where it is what is wanted: the last noun before a preposition that nothing else explains."""
        if "category" in reading.as_words:
            return
        explained = {at for one in reading.quantities for at in range(one.start, one.end) if one.unit or one.compared}
        explained |= reading.used
        ends = [at for at, atom in enumerate(reading.atoms) if atom.said in _PREPOSITIONS and at not in explained]
        end = ends[0] if ends and ends[0] else len(reading.atoms)
        by_start = {span.start: span for span in reading.spans if reading.free(span)}
        head: Span | None = None
        at = 0
        while at < end:
            span = by_start.get(at)
            if span is not None:
                head = span if span.of("category") else head
            elif at not in explained and reading.said(at) not in _LINKS | _NEGATIONS:
                head = None
            at = span.end if span is not None else at + 1
        if head is not None:
            best = max(head.of("category"), key=self._gazetteer.count)
            sure = self._sure(best, reading, head) / max(self._gazetteer.categorised, 1e-9)
            self._take(reading, best, (head.start, head.end), sure, "filter" if sure >= SURE else "boost")

    def _brand(self, reading: Reading) -> None:
        for span in reading.spans if "brand" not in reading.as_words else ():
            if not span.of("brand") or not reading.free(span):
                continue
            best = max(span.of("brand"), key=self._gazetteer.count)
            if not reading.firm or len(self._gazetteer.inside(best, reading.context)):
                sure = max(self._sure(best, reading, span), SURE)
                self._take(reading, best, (span.start, span.end), sure, "filter")

    def _named_value(self, reading: Reading, span: Span) -> None:
        """A value of an attribute whose name stands beside it."""
        if not reading.free(span):
            return
        for cue, whole in reading.cues(span.start, span.end):
            for name in cue.of("name"):
                for sense in span.of("value"):
                    if sense.name == name.name and f"attributes.{sense.name}" not in reading.as_words:
                        reading.firm = True
                        self._take(reading, sense, whole, 1.0, "filter")
                        return

    def _value(self, reading: Reading, span: Span) -> None:
        """A value by itself: of the attribute that gives it to most of the products that are left."""
        if not reading.free(span) or reading.said(span.start - 1) in _NEGATIONS or span.of("brand"):
            return
        senses = [sense for sense in span.of("value") if f"attributes.{sense.name}" not in reading.as_words]
        senses = sorted(senses, key=lambda sense: -self._gazetteer.count(sense))[:MOST_SENSES]
        if not reading.firm and senses:  # a boost narrows nothing, so nothing need be counted anew
            share = self._gazetteer.count(senses[0]) / max(sum(map(self._gazetteer.count, senses)), 1)
            sure = self._sure(senses[0], reading, span) * share
            self._take(reading, senses[0], (span.start, span.end), sure, "boost")
            return
        held = [(self._gazetteer.inside(sense, reading.context), sense) for sense in senses]
        best = max(held, key=lambda one: len(one[0]), default=None)
        if best is None or not len(best[0]):
            return
        share = len(best[0]) / _in_any([rows for rows, _ in held])
        sure = self._sure(best[1], reading, span) * share
        role: Role = "filter" if sure >= SURE and share >= SHARE else "boost"
        self._take(reading, best[1], (span.start, span.end), sure, role)

    def _sure(self, sense: Sense, reading: Reading, span: Span) -> float:
        """How many products have the value for one whose text says its rarest word; several words are rarely chance."""
        words = [reading.said(at) for at in range(span.start, span.end)]
        if reading.atoms[span.start].is_han:
            said = self._counts.get("".join(words), 0)
        elif len(words) > 1:
            return 1.0
        else:
            said = self._counts.get(words[0], 0) + self._counts.get(f"{words[0]}s", 0)
        return min(self._gazetteer.count(sense) / max(said, 1), 1.0)

    def _named_amount(self, reading: Reading, one: Quantity) -> None:
        """A number of an attribute whose name stands beside it."""
        for cue, whole in reading.cues(one.start, one.end):  # the one before the number first
            names = [(name.name, whole) for name in cue.of("name")]
            if reading.free(one) and not one.priced and self._of_one(reading, one, names, True):
                return

    def _amount(self, reading: Reading, one: Quantity) -> None:
        """A number of an attribute of whose name a word stands beside it, else of which most of the products have."""
        if not reading.free(one) or one.priced:
            return
        found: list[tuple[str, tuple[int, int]]] = []
        for at, whole in ((one.end, (one.start, one.end + 1)), (one.start - 1, (one.start - 1, one.end))):
            if 0 <= at < len(reading.atoms) and at not in reading.used:
                found += [(name, whole) for name in sorted(self._gazetteer.named_with(reading.said(at)))]
        if not self._of_one(reading, one, found, True) and one.unit is not None:
            plain = [(name, (one.start, one.end)) for name in self._kinds.get(one.unit.kind, ())]
            self._of_one(reading, one, plain, False)

    def _of_one(self, reading: Reading, one: Quantity, names: list[tuple[str, tuple[int, int]]], cued: bool) -> bool:
        """Whether the number is of one of the attributes: that of most products that have it."""
        held = [(self._held(reading, one, name), name, whole) for name, whole in names]
        best = max(held, key=lambda each: len(each[0]), default=None)
        if best is None or not len(best[0]):
            return False
        sure = 1.0 if cued else len(best[0]) / _in_any([rows for rows, *_ in held])
        if sure < SHARE:
            return False
        between = Between(one.low, one.high, one.unit.name if one.unit else "")
        reading.state((f"ranges.{best[1]}", str(between)), best[2], "filter", sure)
        reading.narrow(self._inside(reading, one, best[1]))
        return True

    def _held(self, reading: Reading, one: Quantity, name: str) -> RowArray:
        """The rows of the context that bear out that the number is of the attribute: for a bound, all that have it."""
        rows = self._inside(reading, one, name)
        at = self._gazetteer.catalog.attributes.place(name)
        if not one.compared or not len(rows) or at is None:
            return rows
        return self._gazetteer.having(at, reading.context, None)

    def _inside(self, reading: Reading, one: Quantity, name: str) -> RowArray:
        """The rows of the context whose number in an attribute is the one, or within its bounds."""
        own = self._gazetteer.catalog.attributes
        at = own.place(name)
        measure = None if at is None else own.measure(at)
        between = Between(one.low, one.high, one.unit.name if one.unit else "")
        if at is None or measure is None or not measure.fits(between) or f"ranges.{name}" in reading.as_words:
            return NO_ROWS
        inside = measure.inside(between)
        return self._gazetteer.having(at, reading.context, lambda codes: inside[codes])


_NAMED = frozenset({"brand", "category", "attributes"})


def _kinds(catalog: Catalog) -> Mapping[str, list[str]]:
    """The attributes of numbers by what their unit measures."""
    found: dict[str, list[str]] = {}
    for at, name in enumerate(catalog.attributes.names):
        measure = catalog.attributes.measure(at)
        if measure is not None:
            found.setdefault(measure.unit.kind, []).append(name)
    return found


def _in_any(found: Sequence[RowArray]) -> int:
    """How many rows are in any of them."""
    there = np.zeros(max(int(rows.max(initial=-1)) for rows in found) + 1, bool)
    for rows in found:
        there[rows] = True
    return int(np.count_nonzero(there))


def _spans(gazetteer: Gazetteer, found: list[Atom], compared: set[int]) -> Iterator[Span]:
    """The longest names from left to right, outside comparisons of numbers. A single Chinese character is none."""
    said = ["" if at in compared else atom.said for at, atom in enumerate(found)]
    at = 0
    while at < len(said):
        longest = gazetteer.longest(said, at)
        if longest is not None and (longest[0] > at + 1 or not found[at].is_han):
            yield Span(at, *longest)
            at = longest[0]
        else:
            at += 1


def _inside(one: Quantity, spans: list[Span]) -> bool:
    """Whether the number is part of a longer name: the 2 of Core 2 Duo."""
    return any(span.start <= one.start and one.end <= span.end for span in spans)


def _rest(reading: Reading) -> tuple[str, ...]:
    """The tokens of what no filter explains, without small words that stood between."""
    left = [at for at in range(len(reading.atoms)) if at not in reading.used]
    if reading.used:
        left = [at for at in left if reading.said(at) not in _LINKS]
    runs: list[str] = []
    for at in left:
        atom = reading.atoms[at]
        joined = at - 1 in left and reading.atoms[at - 1].end == atom.start
        text = reading.text[atom.start : atom.end]
        if joined:
            runs[-1] += text
        else:
            runs.append(text)
    return tuple(tokens(" ".join(runs)))
