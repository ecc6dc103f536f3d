"""How people mistype a word: a letter left out, doubled, exchanged or of the next key; a character that sounds alike.

Nothing here decides how often; callers do.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import cache
from itertools import product

import numpy as np

from shopkeeper.text import has_han

SHORTEST = 5
"""In a shorter word a slip gives another word as often as a misspelling."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_COMMON = (0xB0, 0xD7)
"""First bytes, in GB 2312, of its first plane: the 3,755 characters in common use."""

Letters = Callable[[str], str]


def any_letter(letter: str) -> str:
    """All letters, whichever one was meant."""
    return LETTERS


def neighbours(letter: str) -> str:
    """The letters whose keys touch this one's on an English keyboard; in capitals for a capital."""
    near = _keys().get(letter.lower(), letter.lower())
    return near.upper() if letter.isupper() else near


def slipped(word: str, draw: np.random.Generator, letters: Letters = any_letter) -> str:
    """The word with a letter left out, doubled, exchanged with its neighbour or replaced by one of `letters` of it.

    The first and the last letter stay. Short words and those that are no English ones stay as they are.
    """
    if len(word) < SHORTEST or not word.isascii() or not word.isalpha():
        return word
    at, kind = int(draw.integers(1, len(word) - 1)), int(draw.integers(4))
    other = _one(letters(word[at]), draw)
    if kind == 2:
        return exchanged(word, at)
    return word[:at] + ("", word[at] * 2, "", other)[kind] + word[at + 1 :]


def exchanged(word: str, at: int) -> str:
    """The word with its letter at `at` and the next one exchanged."""
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def misheard(word: str, draw: np.random.Generator) -> str:
    """The Chinese word with one character replaced by another of the same sound, as who types pinyin takes it.

    Tones do not count. A word of rare or traditional characters alone, or whose sounds nothing else has, stays.
    """
    known = [at for at, character in enumerate(word) if len(homophones(character)) > 0]
    if not known:
        return word
    at = known[int(draw.integers(len(known)))]
    return word[:at] + _one(homophones(word[at]), draw) + word[at + 1 :]


def homophones(character: str) -> str:
    """The other common characters of this one's pinyin; none for a rare one and for what is not Chinese."""
    if not _is_common(character):
        return ""
    from pypinyin import lazy_pinyin

    return _by_sound()[lazy_pinyin(character)[0]].replace(character, "")


def _one(letters: str, draw: np.random.Generator) -> str:
    return letters[int(draw.integers(len(letters)))]


@cache
def _keys() -> Mapping[str, str]:
    """The keys that touch each key: beside it, and the two above and below, as the rows are set off by half a key."""
    at = {letter: (row, 2 * place + row) for row, keys in enumerate(_ROWS) for place, letter in enumerate(keys)}
    near: dict[str, str] = defaultdict(str)
    for (letter, (row, x)), (other, (other_row, other_x)) in product(at.items(), at.items()):
        if other != letter and abs(row - other_row) <= 1 and abs(x - other_x) <= 2 - abs(row - other_row):
            near[letter] += other
    return near


@cache
def _by_sound() -> Mapping[str, str]:
    """The common characters of each toneless pinyin."""
    from pypinyin import lazy_pinyin

    found: dict[str, str] = defaultdict(str)
    for first, second in product(range(_COMMON[0], _COMMON[1] + 1), range(0xA1, 0xFF)):
        character = bytes((first, second)).decode("gb2312", errors="ignore")
        if character:
            found[lazy_pinyin(character)[0]] += character
    return found


def _is_common(character: str) -> bool:
    if not has_han(character):
        return False
    try:
        return _COMMON[0] <= character.encode("gb2312")[0] <= _COMMON[1]
    except UnicodeEncodeError:
        return False
