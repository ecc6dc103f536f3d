"""What products are besides their title, brand and price, as columns: each attribute's rows and the value of each."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.amended import AmendedTexts
from shopkeeper.amounts import CLOSE, NONE, UNITS, Amount, Between, Unit, amount_of
from shopkeeper.packed import PackedTexts

Rows = NDArray[np.int32]
Numbers = NDArray[np.float64]
Codes = NDArray[np.signedinteger[Any]]
NUMERIC = 0.8
"""So much of what an attribute says, by product, must be numbers of one kind for it to have ranges."""
SETTLED = 1000
"""An attribute of so many values stays one of numbers, or of none, whatever new ones say."""
MOST_SINCE = 3_000
"""So many rows stand apart before all are put together again."""
NO_VALUE = -1


@dataclass(frozen=True, slots=True)
class Measure:
    """An attribute of numbers: each value's worth float64 (n_values,), NaN where it is none; the unit most have.

    amounts float64 (d + 1,): the different ones in that unit, rising, and NaN; place int64 (n_values,) of each value
    among them, the last where it is no amount.
    """

    worths: Numbers
    unit: Unit
    amounts: Numbers
    place: NDArray[np.int64]

    def fits(self, between: Between) -> bool:
        """Whether the bounds are in a unit of the attribute's kind, or in none."""
        return self._unit(between).kind == self.unit.kind

    def inside(self, between: Between) -> NDArray[np.bool_]:
        """bool (n_values,): which values lie between, ends included; none where the unit is of another kind."""
        unit = self._unit(between)
        if unit.kind != self.unit.kind:
            return np.zeros(len(self.worths), bool)
        found = ~np.isnan(self.worths)
        slack = np.abs(self.worths) * CLOSE
        if between.low is not None:
            found &= self.worths + slack >= between.low * unit.factor
        if between.high is not None:
            found &= self.worths - slack <= between.high * unit.factor
        return found

    def _unit(self, between: Between) -> Unit:
        return UNITS.get(between.unit.casefold(), NONE) if between.unit else self.unit


@dataclass(frozen=True, eq=False)
class Attributes:
    """`names` (a,) as first written; `texts` of each attribute its distinct values (v,), as first written.

    Of each attribute the entries starts[a]:starts[a + 1] of rows int32 (m,), rising, and of codes int32 (m,) into its
    texts; what rows say that were written `since` stands apart, by row, and their entries count no more. Names and
    values that differ in case alone are one. Never changed: `updated` gives another.
    """

    names: tuple[str, ...] = ()
    texts: tuple[Sequence[str], ...] = ()
    starts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    rows: Rows = field(default_factory=lambda: np.empty(0, np.int32))
    codes: Rows = field(default_factory=lambda: np.empty(0, np.int32))
    since: Mapping[int, Mapping[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Iterable[Mapping[str, str]]) -> "Attributes":
        """The attributes of products, row after row."""
        names = _Names(NO_ATTRIBUTES)
        ats, rows, codes = array("i"), array("i"), array("i")
        for row, own in enumerate(said):
            entries = names.entries(own)
            ats.extend(entries)
            codes.extend(entries.values())
            rows.extend(repeat(row, len(entries)))
        columns = _in_columns(_int32(ats), _int32(rows), _int32(codes), len(names.names))
        known, texts = names.known()
        return cls(known, tuple(map(PackedTexts.of, texts)), *columns)

    def updated(self, rows: Rows, said: Sequence[Mapping[str, str]]) -> "Attributes":
        """The same where these rows say this; a row that is named twice says what came last."""
        names = _Names(self)
        added = {row: names.entries(own) for row, own in zip(rows.tolist(), said, strict=True)}
        known = names.known()
        made = Attributes(*known, self.starts, self.rows, self.codes, {**self.since, **added})
        if "_by_row" in self.__dict__:  # it is of the entries, which are the same
            made.__dict__["_by_row"] = self._by_row
        made._coded.update({at: coded for at, coded in self._coded.items() if at not in names.more})
        made._coded.update(names.coded)
        for at, measure in self._measures.items():
            if at not in names.more:
                made._measures[at] = measure
            elif len(self.texts[at]) >= SETTLED:
                made._measures[at] = measure and _with_more(measure, made.texts[at][len(self.texts[at]) :])
        return made if len(made.since) <= MOST_SINCE else made.whole()

    def whole(self) -> "Attributes":
        """The same with nothing apart."""
        if not self.since:
            return self
        before = np.repeat(np.arange(len(self.starts) - 1, dtype=np.int64), np.diff(self.starts))
        kept = ~_among(self.rows, self._since_rows)
        before, rows, codes = before[kept], self.rows[kept], self.codes[kept]
        ats, fresh, said = self._fresh
        place = np.searchsorted((before << 32) | rows, (ats.astype(np.int64) << 32) | fresh)
        counts = np.bincount(before, minlength=len(self.names)) + np.bincount(ats, minlength=len(self.names))
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        made = Attributes(self.names, self.texts, starts, np.insert(rows, place, fresh), np.insert(codes, place, said))
        made._coded.update(self._coded)
        made._measures.update(self._measures)
        return made

    def place(self, name: str) -> int | None:
        """The number of the attribute of this name, in whatever case; None where no product has it."""
        return self._places.get(_same(name))

    def code(self, at: int, value: str) -> int:
        """The code of a value, in whatever case; NO_VALUE where no product has it."""
        texts = self.texts[at]
        if at not in self._coded and isinstance(texts, PackedTexts) and (code := texts.find(value)) >= 0:
            return code  # as it is written: all values by name take 70 milliseconds of 8,000
        return self._coded_of(at).get(_same(value), NO_VALUE)

    def common(self, n: int) -> list[str]:
        """The names of the n attributes that most products have, the most common first."""
        held = np.array([len(self.entries(at)[0]) for at in range(len(self.names))], np.int64)
        order = np.argsort(-held, kind="stable")
        return [self.names[at] for at in order[:n].tolist()]

    def entries(self, at: int) -> tuple[Rows, Rows]:
        """The rows that have the attribute, rising, and the code of each: int32 (k,) both."""
        own = slice(*self.starts[at : at + 2].tolist()) if at + 1 < len(self.starts) else slice(0)
        rows, codes = self.rows[own], self.codes[own]
        if not self.since:
            return rows, codes
        held = self._joined.get(at)
        if held is None:
            kept = ~_among(rows, self._since_rows)
            if not kept.all():
                rows, codes = rows[kept], codes[kept]
            ats, fresh, said = self._fresh
            new = slice(*np.searchsorted(ats, [at, at + 1]).tolist())
            place = np.searchsorted(rows, fresh[new])
            held = np.insert(rows, place, fresh[new]), np.insert(codes, place, said[new])
            self._joined[at] = held
        return held

    def column(self, at: int, n: int) -> Codes:
        """(n,): each row's code, NO_VALUE where it has none, in as few bytes as will do."""
        made = np.full(n, NO_VALUE, _narrowest(len(self.texts[at])))
        rows, codes = self.entries(at)
        made[rows] = codes
        return made

    def of_rows(self, rows: Rows) -> tuple[Rows, Rows]:
        """What these rows say, in no order: attributes and codes, int32 (k,) both."""
        starts, attributes, codes = self._by_row
        fresh = [self.since[row] for row in rows.tolist() if row in self.since] if self.since else []
        if fresh:
            rows = rows[~_among(rows, self._since_rows)]
        rows = rows[rows < len(starts) - 1]
        counts = starts[rows + 1] - starts[rows]
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        index = np.arange(total) + np.repeat(starts[rows] - (ends - counts), counts)
        found = attributes[index].astype(np.int32), codes[index]
        if not fresh:
            return found
        more = np.array([entry for said in fresh for entry in said.items()], np.int32).reshape(-1, 2)
        return np.concatenate((found[0], more[:, 0])), np.concatenate((found[1], more[:, 1]))

    def counts(self, at: int) -> NDArray[np.int64]:
        """int64 (n_values,): how many rows have each value, deleted ones too."""
        held = self._counted.get(at)
        if held is None:
            held = self._counted[at] = np.bincount(self.entries(at)[1], minlength=len(self.texts[at]))
        return held

    def measure(self, at: int) -> Measure | None:
        """The attribute's numbers; None where it says other things than numbers of one kind."""
        if at not in self._measures:
            self._measures[at] = _measure(self.texts[at], self.counts(at))
        return self._measures[at]

    @cached_property
    def remembered(self) -> dict[bytes, list[int]]:
        """What telling most of some rows was found to be, by these."""
        return {}

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {_same(name): at for at, name in enumerate(self.names)}

    def _coded_of(self, at: int) -> Mapping[str, int]:
        held = self._coded.get(at)
        if held is None:
            held = self._coded[at] = {_same(text): code for code, text in enumerate(self.texts[at])}
        return held

    @cached_property
    def _coded(self) -> dict[int, Mapping[str, int]]:
        return {}

    @cached_property
    def _since_rows(self) -> Rows:
        return np.array(sorted(self.since), np.int32)

    @cached_property
    def _fresh(self) -> tuple[Rows, Rows, Rows]:
        """What came since: attributes, rows and codes, by attribute and then by row."""
        read = [(at, row, code) for row, said in self.since.items() for at, code in said.items()]
        found = np.array(read, np.int32).reshape(-1, 3)
        found = found[np.lexsort((found[:, 1], found[:, 0]))]
        return found[:, 0], found[:, 1], found[:, 2]

    @cached_property
    def _joined(self) -> dict[int, tuple[Rows, Rows]]:
        return {}

    @cached_property
    def _counted(self) -> dict[int, NDArray[np.int64]]:
        return {}

    @cached_property
    def _measures(self) -> dict[int, Measure | None]:
        return {}

    @cached_property
    def _by_row(self) -> tuple[NDArray[np.int64], Codes, Rows]:
        """Of each row its entries starts[row]:starts[row + 1] of attributes and codes, without what came since."""
        n = int(self.rows.max(initial=-1)) + 1
        names = np.arange(len(self.starts) - 1, dtype=_narrowest(len(self.names)))
        attributes: Codes = np.repeat(names, np.diff(self.starts))
        order = np.argsort(self.rows, kind="stable").astype(np.uint32)
        starts = np.concatenate(([0], np.cumsum(np.bincount(self.rows, minlength=n)))).astype(np.int64)
        return starts, attributes[order], self.codes[order]


NO_ATTRIBUTES = Attributes()


class _Names:
    """Names and values with their numbers while more products are read; what `before` knows keeps its own."""

    def __init__(self, before: Attributes) -> None:
        self.names = list(before.names)
        self.coded: dict[int, dict[str, int]] = {}
        """By attribute the numbers of its values, of those that have more of them than before."""
        self.more: dict[int, list[str]] = {}
        self._before = before
        self._place_of = dict(before._places)
        self._read: dict[str, tuple[int, dict[str, int]]] = {}

    def entries(self, said: Mapping[str, str]) -> dict[int, int]:
        """The value's number of each attribute that a product has; of names that are one the first counts."""
        found: dict[int, int] = {}
        for name, value in said.items():
            read = self._read.get(name)
            if read is None:
                read = self._read[name] = self._place(name), {}
            at, codes = read
            code = codes.get(value)
            if code is None:
                code = codes[value] = self._code(at, value) if at != NO_VALUE and value else NO_VALUE
            if code != NO_VALUE:
                found.setdefault(at, code)
        return found

    def known(self) -> tuple[tuple[str, ...], tuple[Sequence[str], ...]]:
        """All names, and the values of each."""
        texts: list[Sequence[str]] = [*self._before.texts, *[()] * (len(self.names) - len(self._before.texts))]
        for at, more in self.more.items():
            n = len(texts[at])
            texts[at] = AmendedTexts(texts[at], dict(enumerate(more, n)), n + len(more))
        return tuple(self.names), tuple(texts)

    def _place(self, name: str) -> int:
        key = _same(name)
        if not key:
            return NO_VALUE
        at = self._place_of.setdefault(key, len(self.names))
        if at == len(self.names):
            self.names.append(" ".join(name.split()))
        return at

    def _code(self, at: int, value: str) -> int:
        key, n_before = _same(value), len(self._before.texts[at]) if at < len(self._before.texts) else 0
        code = (
            self.coded[at].get(key) if at in self.coded else self._before._coded_of(at).get(key) if n_before else None
        )
        if code is None:
            if at not in self.coded:
                self.coded[at] = dict(self._before._coded_of(at)) if n_before else {}
            more = self.more.setdefault(at, [])
            code = self.coded[at][key] = n_before + len(more)
            more.append(" ".join(value.split()))
        return code


def _narrowest(n: int) -> type[np.signedinteger[Any]]:
    """The narrowest kind of numbers that holds codes of n values, none at all, and one more."""
    kinds: tuple[type[np.signedinteger[Any]], ...] = (np.int8, np.int16)
    return next((kind for kind in kinds if n < np.iinfo(kind).max), np.int32)


def _int32(values: "array[int]") -> Rows:
    return np.frombuffer(values, np.int32) if values else np.empty(0, np.int32)


def _in_columns(ats: Rows, rows: Rows, codes: Rows, n: int) -> tuple[NDArray[np.int64], Rows, Rows]:
    """Entries by attribute and then as they came: where each attribute's start, rows and codes."""
    starts = np.concatenate(([0], np.cumsum(np.bincount(ats, minlength=n)))).astype(np.int64)
    order = np.argsort(ats.astype(np.int16) if n < np.iinfo(np.int16).max else ats, kind="stable")
    return starts, rows[order], codes[order]


def _among(rows: Rows, few: Rows) -> NDArray[np.bool_]:
    """bool (m,): which rows are among a few, int32 (k,) rising."""
    place = np.minimum(np.searchsorted(few, rows), max(len(few) - 1, 0))
    return few[place] == rows if len(few) else np.zeros(len(rows), np.bool_)


def _same(text: str) -> str:
    return " ".join(text.split()).casefold()


def _measure(texts: Sequence[str], counts: NDArray[np.int64]) -> Measure | None:
    read: list[Amount | None] = [amount_of(text) for text in texts]
    kinds: Counter[str] = Counter()
    units: Counter[Unit] = Counter()
    for amount, count in zip(read, counts.tolist(), strict=True):
        if amount is not None:
            kinds[amount.unit.kind] += count
            units[amount.unit] += count
    if not kinds or kinds.most_common(1)[0][1] < max(NUMERIC * int(counts.sum()), 1):
        return None
    kind = kinds.most_common(1)[0][0]
    unit = next(unit for unit, _ in units.most_common() if unit.kind == kind)
    worths = [amount.worth if amount is not None and amount.unit.kind == kind else np.nan for amount in read]
    return _of_worths(np.array(worths, np.float64), unit)


def _with_more(measure: Measure, texts: Sequence[str]) -> Measure:
    """The measure with the worths of more values, in the unit that it has."""
    read = [amount_of(text) for text in texts]
    kind = measure.unit.kind
    more = [amount.worth if amount is not None and amount.unit.kind == kind else np.nan for amount in read]
    return _of_worths(np.append(measure.worths, more), measure.unit)


def _of_worths(worth: Numbers, unit: Unit) -> Measure:
    different, place = np.unique(np.append(worth, np.nan), return_inverse=True)  # NaN comes last
    return Measure(worth, unit, different / unit.factor, place[:-1])
