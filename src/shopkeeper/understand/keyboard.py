"""How likely somebody who meant one word typed another: errors of the keyboard cost less than errors of chance."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import product

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_VOWELS = frozenset("aeiouy")

SWAPPED = 0.7
"""Two letters exchanged; the other costs are on this scale, on which an error of chance costs more than 1."""
BESIDE = 0.75
"""The key beside the one that was meant, in its place or struck too."""
DOUBLED = 0.5
"""A letter twice that was meant once, or once that was meant twice."""
LEFT_OUT = 0.85
VOWEL = 1.0
"""One vowel for another: a word misremembered, not mistyped."""
OTHER = 1.4
FIRST = 0.3
"""What an error in the first letter costs on top: it is where people look."""


def _touching() -> frozenset[str]:
    """Pairs of letters whose keys touch on an English keyboard, each as two letters; rows are set off by half a key."""
    at = {letter: (row, 2 * place + row) for row, keys in enumerate(_ROWS) for place, letter in enumerate(keys)}
    return frozenset(
        one + other
        for (one, (row, x)), (other, (below, y)) in product(at.items(), at.items())
        if one != other and abs(row - below) <= 1 and abs(x - y) <= 2 - abs(row - below)
    )


TOUCHING = _touching()


def cost(typed: str, meant: str) -> float:
    """The cheapest errors that make `typed` of `meant`: each edit at its own cost, a letter in at most one exchange.

    Source: Damerau, "A technique for computer detection and correction of spelling errors", CACM 1964, for the four
    kinds; the optimal string alignment of them, weighted.
    """
    struck = _struck(typed)
    left_out = [DOUBLED if at and meant[at - 1] == letter else LEFT_OUT for at, letter in enumerate(meant)]
    before: list[float] = []
    last = [0.0]
    for j, out in enumerate(left_out):
        last.append(last[-1] + out + (0.0 if j else FIRST))
    for i, key in enumerate(typed):
        extra, row = struck[i], _REPLACED.get(key, _NONE)
        line = [last[0] + extra + (0.0 if i else FIRST)]
        for j, letter in enumerate(meant):
            first = 0.0 if i and j else FIRST
            best = last[j] if key == letter else last[j] + row.get(letter, OTHER) + first
            other = last[j + 1] + extra + first
            best = other if other < best else best
            other = line[j] + left_out[j] + first
            best = other if other < best else best
            if i and j and key != letter and key == meant[j - 1] and typed[i - 1] == letter:
                best = min(best, before[j - 1] + SWAPPED + (0.0 if j > 1 else FIRST))
            line.append(best)
        before, last = last, line
    return last[-1]


def _replaced() -> Mapping[str, Mapping[str, float]]:
    """By key and letter what it costs to strike one for the other, where that is no error of chance."""
    letters = "".join(_ROWS)
    found: dict[str, dict[str, float]] = {
        key: dict.fromkeys(_VOWELS, VOWEL) if key in _VOWELS else {} for key in letters
    }
    for pair in TOUCHING:
        found[pair[0]][pair[1]] = BESIDE
    return found


_REPLACED = _replaced()
_NONE: Mapping[str, float] = {}


@lru_cache(64)
def _struck(typed: str) -> tuple[float, ...]:
    """What each key costs that was not meant: struck twice, beside its neighbour in the word, or by chance."""
    costs = []
    for at, key in enumerate(typed):
        around = typed[max(at - 1, 0) : at] + typed[at + 1 : at + 2]
        beside = BESIDE if any(key + other in TOUCHING for other in around) else OTHER
        costs.append(DOUBLED if key in around else beside)
    return tuple(costs)
