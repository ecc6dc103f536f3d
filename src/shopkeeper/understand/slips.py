"""What may have been meant by the first letters of something, one key of them struck wrongly."""

from collections.abc import Callable, Iterator
from string import ascii_lowercase

from shopkeeper.understand.keyboard import cost

SHORTEST = 3
"""Fewer letters are the beginning of anything."""
LOOKED_AT = 16
"""An error further behind is not looked for."""
MOST = 8
"""So many beginnings are followed, the likeliest ones."""


def meant(typed: str, begins: Callable[[str], bool]) -> list[tuple[str, float]]:
    """Beginnings one slip away from what was typed that something `begins` with, with what the slip costs.

    None for what holds a digit: a code is never guessed.
    """
    if len(typed) < SHORTEST or not typed.isascii() or any(letter.isdigit() for letter in typed):
        return []
    before = 0  # an error stands no further behind than what was typed is the beginning of something
    while before < min(len(typed), LOOKED_AT) and begins(typed[: before + 1]):
        before += 1
    found = {other for other in _others(typed, before + 1, begins) if other != typed and begins(other)}
    return sorted(((other, cost(typed, other)) for other in found), key=lambda one: (one[1], one[0]))[:MOST]


def _others(typed: str, places: int, begins: Callable[[str], bool]) -> Iterator[str]:
    """What was typed with one letter less, exchanged with the next, replaced, or more, at the first places."""
    for at in range(min(places, len(typed))):
        head, letter, tail = typed[:at], typed[at], typed[at + 1 :]
        yield head + tail
        if tail:
            yield head + tail[0] + letter + tail[1:]
        for other in ascii_lowercase:
            if begins(head + other):  # else nothing longer does
                yield head + other + tail
                yield head + other + letter + tail
