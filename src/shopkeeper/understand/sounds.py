"""How Chinese characters sound, each by itself, for what is typed letter by letter: quick, and right for most."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

_TONES = frozenset("\u0304\u0301\u030c\u0300")
_LETTERS = re.compile(r"[a-z' ]+")


def sound(text: str) -> str:
    """The text with each Chinese character in toneless pinyin of its usual reading, without spaces: 牛奶 is niunai."""
    known = _readings()
    return "".join(known.get(ord(character), character) for character in text if character not in " '")


def initials(text: str) -> str:
    """The first letter of each Chinese character: 牛奶 is nn; empty where the text does not begin with one."""
    known = _readings()
    found: list[str] = []
    for character in text:
        if (reading := known.get(ord(character))) is None:
            break
        found.append(reading[0])
    return "".join(found)


def is_typed_by_ear(text: str) -> bool:
    """Whether the text may be pinyin or initials: two letters or more, and nothing else."""
    return len(text) > 1 and _LETTERS.fullmatch(text) is not None


@cache
def _readings() -> Mapping[int, str]:
    """By character its most usual reading without tones, ü as v, as it is typed. Source: pypinyin's table."""
    from pypinyin.constants import PINYIN_DICT

    return {code: _toneless(readings.partition(",")[0]) for code, readings in PINYIN_DICT.items()}


def _toneless(reading: str) -> str:
    bare = [letter for letter in unicodedata.normalize("NFD", reading) if letter not in _TONES]
    return unicodedata.normalize("NFC", "".join(bare)).replace("ü", "v").replace("ê", "e")
