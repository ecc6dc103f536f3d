"""A query cut into what can be matched: words, Chinese characters, numbers, units and signs, each with its place."""

import re
from typing import NamedTuple

from shopkeeper.amounts import UNITS, number_of
from shopkeeper.text import normalise, singular_of

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_HAN}]|[$€£¥]|<=|>=|[<>≤≥~–]|[\"”]|[^\W_{_HAN}]+(?:[.,'/&+-][^\W_{_HAN}]+)*\+?|-|\+")
_NUMBER = r"\d+(?:,\d+)*(?:\.\d+)?"
_MEASURED = re.compile(rf"({_NUMBER})([^\W\d_]+)")
_SPAN = re.compile(rf"({_NUMBER})([^\W\d_]*)-({_NUMBER})([^\W\d_]*)")
_PLAIN = re.compile(_NUMBER)
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_TENS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}
LARGEST = 1e12
"""Larger numbers are no prices and no sizes."""
NUMERALS = frozenset(_DIGITS) | frozenset(_TENS) | frozenset(_MYRIADS)


class Atom(NamedTuple):
    """What is matched of a word (in the singular), and where it stands in the text."""

    said: str
    start: int
    end: int

    @property
    def is_number(self) -> bool:
        return _PLAIN.fullmatch(self.said) is not None

    @property
    def is_han(self) -> bool:
        return re.fullmatch(rf"[{_HAN}]", self.said) is not None


def atoms(text: str) -> list[Atom]:
    """The atoms of a text in normal form; `16gb` is a number and its unit, `dv7-1211ea` is one word."""
    found: list[Atom] = []
    for match in _RUN.finditer(text):
        run, at = match[0], match.start()
        measured = _MEASURED.fullmatch(run)
        if measured is not None and measured[2] in UNITS:
            found += _cut(at, measured[1], measured[2])
        elif (span := _SPAN.fullmatch(run)) is not None and all(not unit or unit in UNITS for unit in span.group(2, 4)):
            found += _cut(at, span[1], span[2], "-", span[3], span[4])
        elif run.endswith("+") and _PLAIN.fullmatch(run[:-1]):
            found += _cut(at, run[:-1], "+")
        else:
            found.append(Atom(_folded(run), at, match.end()))
    return found


def phrase(text: str) -> tuple[str, ...]:
    """What a name is matched by."""
    if text.isascii() and text.replace(" ", "").isalpha():  # most of them, and five times as fast
        return tuple(map(_folded, text.lower().split()))
    return tuple(atom.said for atom in atoms(normalise(text)))


def number_at(found: list[Atom], at: int) -> tuple[float, int] | None:
    """The number that begins at an atom, in digits or Chinese numerals, and the place behind it; None for none."""
    if at >= len(found):
        return None
    end = at
    if found[at].is_number:
        value, end = number_of(found[at].said), at + 1
        if end < len(found) and (times := (_TENS | _MYRIADS).get(found[end].said)):
            value, end = value * times, end + 1
    else:
        while end < len(found) and found[end].said in NUMERALS:
            end += 1
        value = numeral("".join(atom.said for atom in found[at:end]))
    return (value, end) if end > at and value <= LARGEST else None


def numeral(said: str) -> float:
    """The number of Chinese numerals: 两百五 is 250, 一千二百 is 1,200, 三万 is 30,000."""
    whole = section = digit = 0
    last = 1
    for place, letter in enumerate(said):
        if letter in _DIGITS:
            digit = digit * 10 + _DIGITS[letter] if place and said[place - 1] in _DIGITS else _DIGITS[letter]
            last = 1 if letter in "零〇" else last
        elif letter in _TENS:
            section += (digit or 1) * _TENS[letter]
            digit, last = 0, _TENS[letter]
        else:
            whole += (section + digit or 1) * _MYRIADS[letter]
            section, digit, last = 0, 0, _MYRIADS[letter]
    return float(whole + section + digit * (last // 10 if last > 10 else 1))


def _cut(at: int, *parts: str) -> list[Atom]:
    found = []
    for part in filter(None, parts):
        found.append(Atom(part, at, at + len(part)))
        at += len(part)
    return found


def _folded(word: str) -> str:
    return singular_of(word) or word
