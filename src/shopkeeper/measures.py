"""Numbers with a unit in one spelling: `1,5 l`, `1.5 liter` and `1.5L` are `1.5l`; `0.5 kg` and `500克` are `500g`.

A unit becomes another only where that is exact: grams and kilograms, but neither inches and centimetres nor gigabytes
and terabytes, of which makers mean different things.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from shopkeeper.amounts import UNITS

_LISTED = "ml cl l mg g kg 斤 mm cm m inch ft oz lb gal w kw v mah ah hz mhz ghz kb mb gb tb"
_JOINED = frozenset(_LISTED.split())
"""Units by which a number is one word with them; of others it stays a word of its own."""
_LADDERS = (
    (("mg", "1"), ("g", "1000"), ("斤", "500000"), ("kg", "1000000")),
    (("ml", "1"), ("cl", "10"), ("l", "1000")),
    (("mm", "1"), ("cm", "10"), ("m", "1000")),
    (("w", "1"), ("kw", "1000")),
    (("mah", "1"), ("ah", "1000")),
    (("mhz", "1"), ("ghz", "1000")),
)
_NEVER = frozenset({"斤", "cl"})
"""Units that are read, but in which nothing is written."""


class Measure(NamedTuple):
    """A number with its unit: where it stands in the text, from and to, and its one spelling."""

    start: int
    end: int
    token: str


def _units() -> tuple[Mapping[str, str], re.Pattern[str]]:
    of = {spelling: unit.name.lower() for spelling, unit in UNITS.items() if unit.name.lower() in _JOINED}
    longest = sorted(of, key=len, reverse=True)
    latin = "|".join(re.escape(one) for one in longest if one.isascii() and one.isalpha())
    signs = "|".join(re.escape(one) for one in longest if not (one.isascii() and one.isalpha()))
    return of, re.compile(
        rf"(?<![a-z0-9.,/_\-])(\d{{1,9}}(?:[.,]\d{{1,9}}){{0,3}})(?:[ -]?({latin})(?![\w/]|['-]\w)|[ ]?({signs})(?!级))"
    )


_UNIT_OF, _MEASURE = _units()
_LADDER_OF = {unit: ladder for ladder in _LADDERS for unit, _ in ladder}
_AFTER_IN = re.compile(r"\s*(?:\d|one\b|a\b|an\b|the\b)")
_DIGIT = re.compile(r"\d")


def measures(text: str) -> Iterator[Measure]:
    """The measures of a text in normal form, in order. `2 in 1` is none, nor is what a code holds: `a4-80gsm`."""
    if _DIGIT.search(text) is None:
        return
    for match in _MEASURE.finditer(text):
        spelling = match[2] or match[3]
        token = _token(match[1], _UNIT_OF[spelling])
        if token is None or (spelling == "in" and _AFTER_IN.match(text, match.end())):
            continue
        yield Measure(match.start(), match.end(), token)


@lru_cache(maxsize=1 << 14)
def _token(digits: str, unit: str) -> str | None:
    """The one spelling; None of what is no number."""
    number = _number(digits)
    return None if number is None else _written(number, unit)


def _number(digits: str) -> Decimal | None:
    """The number as it is meant: `1,5` is one and a half, `1,500` fifteen hundred; None of what is no number."""
    whole, comma, rest = digits.rpartition(",")
    if comma and "." not in digits and len(rest) != 3 and "," not in whole:
        digits = f"{whole}.{rest}"
    try:
        return Decimal(digits.replace(",", ""))
    except InvalidOperation:
        return None


def _written(number: Decimal, unit: str) -> str:
    """In the largest unit of its kind in which it is 1 or more."""
    ladder = _LADDER_OF.get(unit)
    if ladder is not None:
        factors = {name: Decimal(factor) for name, factor in ladder}
        worth = number * factors[unit]
        names = [name for name in factors if name not in _NEVER]
        unit = next((name for name in reversed(names) if worth >= factors[name]), names[0])
        number = worth / factors[unit]
    return f"{number.normalize():f}{unit}"
