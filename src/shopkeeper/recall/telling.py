"""Which attributes tell most of the products found, and how many of these have each value."""

from collections.abc import Mapping

import numpy as np

from shopkeeper.amounts import Between
from shopkeeper.attributes import Attributes, Codes, Measure
from shopkeeper.recall.filter import RANGES, VALUES
from shopkeeper.types import BoolArray, Filters, IntArray, RowArray

Counts = Mapping[str, int]

SHOWN = 6
"""Attributes at most that are counted, beside those that are filtered by."""
SAMPLE = 64
"""The first of the products found, by which attributes are chosen."""
FAIR = 0.25
"""An attribute that fewer of these have tells little of them."""
REMEMBERED = 256
FEW = 3000
"""Of so many products found what each says is read; of more, who of all that have an attribute is among them."""
MOST_VALUES = 30
MOST_BANDS = 6
LEAST_BITS = 0.2
COUNTED_ANYWAY = frozenset({"department", "category", "brand", "price", "availability"})


def of_attributes(
    attributes: Attributes, n: int, rows: RowArray, wider: Mapping[str, RowArray], chosen: Filters
) -> dict[str, Counts]:
    """Counts by value, of numbers by range, of what is filtered by, then of what tells most of the rows.

    `n` is the length of the catalogue; `wider`: of a filter in force the rows that all others leave.
    """
    facets: dict[str, int | None] = {VALUES + name: attributes.place(name) for name, _ in chosen.attributes}
    facets |= {RANGES + name: attributes.place(name) for name, _ in chosen.ranges}
    taken = set(facets.values())
    for at in telling(attributes, rows):
        if at not in taken:
            kind = VALUES if attributes.measure(at) is None else RANGES
            facets[kind + attributes.names[at]] = at
    said = attributes.of_rows(rows) if len(rows) <= FEW else None
    found = _marked(n, rows) if said is None else None
    counted: dict[str, Counts] = {}
    for facet, place in facets.items():
        if place is None:
            counted[facet] = {}
        elif said is not None and facet not in wider:
            counted[facet] = _counted(attributes, place, facet, said[1][said[0] == place])
        else:
            having, codes = attributes.entries(place)
            among = _marked(n, wider[facet]) if facet in wider or found is None else found
            counted[facet] = _counted(attributes, place, facet, codes[among[having]])
    return counted


def _marked(n: int, rows: RowArray) -> BoolArray:
    """bool (n,): which rows of the catalogue these are."""
    marked = np.zeros(n, bool)
    marked[rows] = True
    return marked


def telling(attributes: Attributes, rows: RowArray) -> list[int]:
    """The attributes that most of the first rows have and that split them best, the most telling first.

    What an attribute tells is its entropy over these rows, in bits, times the share that has it, times the share whose
    value is not its own alone: a serial number splits best of all and is of no use.
    """
    first = rows[:SAMPLE]
    if not len(first) or not attributes.names:
        return []
    key = first.tobytes()
    held = attributes.remembered.get(key)
    if held is None:
        held = _telling(attributes, first)
        if len(attributes.remembered) >= REMEMBERED:
            attributes.remembered.clear()  # cheaper and safer among threads than keeping order
        attributes.remembered[key] = held
    return held


def _telling(attributes: Attributes, first: RowArray) -> list[int]:
    ats, codes = attributes.of_rows(first)
    having = np.bincount(ats, minlength=len(attributes.names))
    fair = (having >= max(FAIR * len(first), 2))[ats]
    said = np.sort((ats[fair].astype(np.int64) << 32) | codes[fair])
    if not len(said):
        return []
    starts = np.flatnonzero(np.diff(said, prepend=-1))
    counts = np.diff(starts, append=len(said)).astype(np.float64)
    of = said[starts] >> 32
    values = np.bincount(of, minlength=len(having))
    wholes = np.maximum(having, 1)
    bits = np.log2(wholes) - np.bincount(of, counts * np.log2(counts), minlength=len(having)) / wholes
    worth = bits * (1.0 - values / wholes) * having / len(first)
    worth[(bits < LEAST_BITS) | (values < 2)] = 0.0
    best: list[int] = []
    for at in np.argsort(-worth, kind="stable").tolist():
        if worth[at] <= 0 or len(best) == SHOWN:
            break
        if _is_a_choice(attributes, at, int(values[at])):
            best.append(at)
    return best


def _is_a_choice(attributes: Attributes, at: int, n_values: int) -> bool:
    """Whether a shopper may choose by it: of few values, or of amounts; many numbers without a unit are numbers of ids.

    What the page counts by itself is no choice once more.
    """
    if attributes.names[at].casefold() in COUNTED_ANYWAY:
        return False
    measure = attributes.measure(at)
    if measure is None:
        return n_values <= MOST_VALUES
    return bool(measure.unit.kind) or len(measure.amounts) <= MOST_VALUES


def _counted(attributes: Attributes, at: int, facet: str, codes: Codes) -> Counts:
    """Counts by value, most first, or by range, lowest first."""
    counts = np.bincount(codes, minlength=len(attributes.texts[at]))
    measure = attributes.measure(at) if facet.startswith(RANGES) else None
    if measure is not None:
        return _bands(measure, counts)
    there = np.flatnonzero(counts)
    order = there[np.argsort(-counts[there], kind="stable")[:MOST_VALUES]]
    return {attributes.texts[at][code]: int(counts[code]) for code in order.tolist()}


def _bands(measure: Measure, counts: IntArray) -> Counts:
    """Ranges of about as many products each, from one amount that there is to another, both inclusive."""
    held = np.bincount(measure.place, counts, minlength=len(measure.amounts))[:-1]  # no amount is the last place
    there = np.flatnonzero(held)
    if not len(there):
        return {}
    amounts, held = measure.amounts[there], held[there]
    band = np.arange(len(amounts))
    if len(amounts) > MOST_BANDS:
        before = np.cumsum(held) - held / 2
        band = np.minimum((before * MOST_BANDS / held.sum()).astype(np.int64), MOST_BANDS - 1)
    starts = np.flatnonzero(np.diff(band, prepend=-1))
    ends = np.append(starts[1:], len(amounts)) - 1
    sums = np.add.reduceat(held, starts)
    named = zip(amounts[starts].tolist(), amounts[ends].tolist(), sums.tolist(), strict=True)
    return {str(Between(low, high, measure.unit.name)): int(count) for low, high, count in named}
