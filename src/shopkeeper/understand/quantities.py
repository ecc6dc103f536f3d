"""Numbers of a query with what is said around them: `under 800`, `16 gb`, `at least 8 gb`, 两百以内, 100到200块."""

from collections.abc import Mapping
from dataclasses import dataclass

from shopkeeper.amounts import UNITS, Unit
from shopkeeper.understand.atoms import Atom, number_at

_BELOW = (
    "under|below|less than|cheaper than|up to|at most|no more than|not more than|not over|lower than|smaller than|"
    "lighter than|shorter than|max|maximum|within|<|<=|≤|低于|少于|小于|不超过|不到|最多|不高于|不大于|便宜于"
)
_ABOVE = (
    "over|above|more than|at least|no less than|not less than|greater than|bigger than|larger than|heavier than|"
    "longer than|min|minimum|>|>=|≥|高于|大于|超过|多于|至少|不低于|不少于|不小于|最少"
)
_OR_LESS = "or less|or under|or below|or cheaper|and under|and below|max|以下|以内|之内|及以下|或以下"
_OR_MORE = "or more|or above|or over|and up|and above|and over|or larger|min|+|以上|及以上|或以上|起|往上"
_ABOUT = "左右|上下"
_BETWEEN = "between|from|介于|在|从"
_TO = "to|-|–|~|and|到|至"
_CLOSED = "之间|间"
_CURRENCIES = "$|€|£|¥|usd|dollar|buck|eur|euro|gbp|pound|cny|rmb|yuan|元|块钱|块|圆|美元|欧元|人民币|英镑|美金"
_PRICE = "price|priced|cost|costing|budget|价格|价位|预算|售价|价钱"
ABOUT = 0.2
"""What is asked for about an amount may be so much more or less."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """Atoms from `start` to `end`; bounds, both inclusive; `unit` where one was named; `compared`: more than a number.

    `priced`: a currency or the word price was named.
    """

    start: int
    end: int
    low: float | None
    high: float | None
    unit: Unit | None
    compared: bool
    priced: bool


Lexemes = Mapping[str, tuple[tuple[str, ...], ...]]


def _listed(said: str) -> Lexemes:
    """Phrases by their first atom, the longest first. Chinese is matched by character."""
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for each in said.split("|"):
        parts = tuple(each.split(" ")) if each.isascii() else tuple(each)
        by_first.setdefault(parts[0], []).append(parts)
    return {first: tuple(sorted(own, key=len, reverse=True)) for first, own in by_first.items()}


_WORDS: Mapping[str, Lexemes] = {
    name: _listed(said)
    for name, said in {
        "below": _BELOW, "above": _ABOVE, "or_less": _OR_LESS, "or_more": _OR_MORE, "about": _ABOUT,
        "between": _BETWEEN, "to": _TO, "closed": _CLOSED, "currency": _CURRENCIES, "price": _PRICE,
    }.items()
}  # fmt: skip
_HAN_UNITS: Mapping[str, list[str]] = {
    first: sorted((unit for unit in UNITS if unit[0] == first), key=len, reverse=True)
    for first in {unit[0] for unit in UNITS if not unit.isascii()}
}


def quantities(found: list[Atom]) -> list[Quantity]:
    """Every number of the query that is not part of a word, from left to right."""
    listed: list[Quantity] = []
    at = 0
    while at < len(found):
        one = _quantity(found, at)
        if one is not None:
            listed.append(one)
        at = one.end if one is not None else at + 1
    return listed


def _after(found: list[Atom], at: int, *kinds: str) -> int:
    """The place behind the phrase of one of these kinds that begins here, else the same place."""
    if at >= len(found):
        return at
    for kind in kinds:
        for parts in _WORDS[kind].get(found[at].said, ()):
            if tuple(atom.said for atom in found[at : at + len(parts)]) == parts:
                return at + len(parts)
    return at


def _quantity(found: list[Atom], start: int) -> Quantity | None:
    priced = (at := _after(found, start, "price")) > start
    opened = (behind := _after(found, at, "between")) > at
    at = behind
    below, above = _after(found, at, "below") > at, _after(found, at, "above") > at
    at = _after(found, at, "below", "above")
    first = _number(found, at)
    if first is None:
        return None
    low, unit, money, behind = first
    bare = at == start and not found[start].is_number and unit is None and not money
    if bare and _after(found, behind, "or_less", "or_more", "to", "about") == behind:
        return None  # a Chinese numeral with nothing around it that says that it counts is part of a word
    at = behind
    high: float | None = low
    compared = below or above
    second = _number(found, joined) if (joined := _after(found, at, "to")) > at else None
    if second is not None and second[0] > low and (found[at].said != "and" or opened):
        high, unit, money, compared = second[0], second[1] or unit, money or second[2], True
        at = _after(found, second[3], "closed")
    elif (behind := _after(found, at, "about")) > at:
        low, high, compared, at = low * (1 - ABOUT), low * (1 + ABOUT), True, behind
    elif not compared:
        below, above = _after(found, at, "or_less") > at, _after(found, at, "or_more") > at
        compared, at = below or above, _after(found, at, "or_less", "or_more")
    else:
        at = _after(found, at, "or_less", "or_more")
    return Quantity(start, at, None if below else low, None if above else high, unit, compared, priced or money)


def _number(found: list[Atom], at: int) -> tuple[float, Unit | None, bool, int] | None:
    """A number's value, its unit, whether a currency stands beside it, and the place behind all."""
    behind = _after(found, at, "currency")
    number = number_at(found, behind)
    if number is None:
        return None
    value, end = number
    money = behind > at
    unit, end = (None, end) if money else _unit(found, end)
    if unit is None and not money:
        money = (after := _after(found, end, "currency")) > end
        end = after
    return value, unit, money, end


def _unit(found: list[Atom], at: int) -> tuple[Unit | None, int]:
    if at >= len(found):
        return None, at
    said = found[at].said
    if said == "in" and found[at - 1].end != found[at].start:
        return None, at  # `16 in stock` are no inches
    if (unit := UNITS.get(said)) is not None and not found[at].is_han:
        return unit, at + 1
    for name in _HAN_UNITS.get(said[:1], ()):
        if tuple(atom.said for atom in found[at : at + len(name)]) == tuple(name):
            return UNITS[name], at + len(name)
    return None, at
