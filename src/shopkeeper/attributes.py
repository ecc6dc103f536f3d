"""What products are besides their title, brand and price, as columns: each attribute's rows and the value of each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shopkeeper.amounts import CLOSE, NONE, UNITS, Amount, Between, Unit, amount_of

Rows = NDArray[np.int32]
Numbers = NDArray[np.float64]
MOST_COLUMNS = 48
"""Attributes whose column over the whole catalogue is kept."""
NUMERIC = 0.8
"""So much of what an attribute says, by product, must be numbers of one kind for it to have ranges."""
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
    texts. Names and values that differ in case alone are one. Never changed: `updated` gives another.
    """

    names: tuple[str, ...] = ()
    texts: tuple[tuple[str, ...], ...] = ()
    starts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    rows: Rows = field(default_factory=lambda: np.empty(0, np.int32))
    codes: Rows = field(default_factory=lambda: np.empty(0, np.int32))

    @classmethod
    def of(cls, said: Iterable[Mapping[str, str]]) -> "Attributes":
        """The attributes of products, row after row."""
        listed = list(said)
        return cls().updated(np.arange(len(listed), dtype=np.int32), listed)

    def updated(self, rows: Rows, said: Sequence[Mapping[str, str]]) -> "Attributes":
        """The same where these rows say this; a row that is named twice says what came last."""
        places, names = dict(self._places), list(self.names)
        texts: dict[int, list[str]] = {}
        numbered: dict[int, dict[str, int]] = {}
        added: dict[int, dict[int, int]] = {}
        for row, own in zip(rows.tolist(), said, strict=True):
            entries: dict[int, int] = {}
            added[row] = entries
            for name, value in own.items():
                if not value or not (key := _same(name)):
                    continue
                at = places.setdefault(key, len(names))
                if at == len(names):
                    names.append(" ".join(name.split()))
                if at not in texts:
                    texts[at] = list(self.texts[at]) if at < len(self.texts) else []
                    numbered[at] = {_same(text): code for code, text in enumerate(texts[at])}
                code = numbered[at].setdefault(_same(value), len(texts[at]))
                if code == len(texts[at]):
                    texts[at].append(" ".join(value.split()))
                entries.setdefault(at, code)
        known = [*self.texts, *[()] * (len(names) - len(self.texts))]
        for at, values in texts.items():
            known[at] = tuple(values) if len(values) > len(known[at]) else known[at]
        return self._with(added, tuple(names), tuple(known))

    def _with(
        self, added: Mapping[int, Mapping[int, int]], names: tuple[str, ...], texts: tuple[tuple[str, ...], ...]
    ) -> "Attributes":
        fresh = np.array([(at, row, code) for row, own in added.items() for at, code in own.items()], np.int64)
        fresh = fresh.reshape(-1, 3)[np.lexsort(fresh.reshape(-1, 3)[:, 1::-1].T)]
        kept = ~np.isin(self.rows, np.fromiter(added, np.int32, len(added)))
        ats = np.repeat(np.arange(len(self.names)), np.diff(self.starts))[kept]
        rows, codes = self.rows[kept], self.codes[kept]
        place = np.searchsorted((ats << 32) | rows, (fresh[:, 0] << 32) | fresh[:, 1])
        ats = np.insert(ats, place, fresh[:, 0])
        starts = np.concatenate(([0], np.cumsum(np.bincount(ats, minlength=len(names))))).astype(np.int64)
        made = Attributes(
            names, texts, starts, np.insert(rows, place, fresh[:, 1]), np.insert(codes, place, fresh[:, 2])
        )
        same = [at for at, values in enumerate(self.texts) if texts[at] is values]
        made._coded.update({at: self._coded[at] for at in same if at in self._coded})
        made._measures.update({at: self._measures[at] for at in same if at in self._measures})
        return made

    def place(self, name: str) -> int | None:
        """The number of the attribute of this name, in whatever case; None where no product has it."""
        return self._places.get(_same(name))

    def code(self, at: int, value: str) -> int:
        """The code of a value, in whatever case; NO_VALUE where no product has it."""
        held = self._coded.get(at)
        if held is None:
            held = self._coded[at] = {_same(text): code for code, text in enumerate(self.texts[at])}
        return held.get(_same(value), NO_VALUE)

    def common(self, n: int) -> list[str]:
        """The names of the n attributes that most products have, the most common first."""
        order = np.argsort(-np.diff(self.starts), kind="stable")
        return [self.names[at] for at in order[:n].tolist()]

    def entries(self, at: int) -> tuple[Rows, Rows]:
        """The rows that have the attribute, rising, and the code of each: int32 (k,) both."""
        own = slice(int(self.starts[at]), int(self.starts[at + 1]))
        return self.rows[own], self.codes[own]

    def column(self, at: int, n: int) -> Rows:
        """int32 (n,): each row's code, NO_VALUE where it has none. Do not write into it."""
        held = self._columns.get(at)
        if held is None or len(held) != n:
            held = np.full(n, NO_VALUE, np.int32)
            rows, codes = self.entries(at)
            held[rows] = codes
            if len(self._columns) >= MOST_COLUMNS:
                self._columns.clear()  # cheaper and safer among threads than keeping order
            self._columns[at] = held
        return held

    def of_rows(self, rows: Rows) -> tuple[Rows, Rows]:
        """What these rows say, in no order: attributes and codes, int32 (k,) both."""
        starts, attributes, codes = self._by_row
        rows = rows[rows < len(starts) - 1]
        counts = starts[rows + 1] - starts[rows]
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        index = np.arange(total) + np.repeat(starts[rows] - (ends - counts), counts)
        return attributes[index], codes[index]

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

    @cached_property
    def _coded(self) -> dict[int, dict[str, int]]:
        return {}

    @cached_property
    def _columns(self) -> dict[int, Rows]:
        return {}

    @cached_property
    def _counted(self) -> dict[int, NDArray[np.int64]]:
        return {}

    @cached_property
    def _measures(self) -> dict[int, Measure | None]:
        return {}

    @cached_property
    def _by_row(self) -> tuple[NDArray[np.int64], Rows, Rows]:
        """Of each row its entries starts[row]:starts[row + 1] of attributes and codes."""
        n = int(self.rows.max(initial=-1)) + 1
        order = np.argsort(self.rows, kind="stable")
        starts = np.concatenate(([0], np.cumsum(np.bincount(self.rows, minlength=n)))).astype(np.int64)
        attributes = np.repeat(np.arange(len(self.names), dtype=np.int32), np.diff(self.starts))
        return starts, attributes[order], self.codes[order]


NO_ATTRIBUTES = Attributes()


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
    worth = np.array(worths, np.float64)
    different, place = np.unique(np.append(worth, np.nan), return_inverse=True)  # NaN comes last
    return Measure(worth, unit, different / unit.factor, place[:-1])
