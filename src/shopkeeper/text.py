"""Words, the same everywhere: normal form, language, tokens."""

import re
import unicodedata

from shopkeeper.types import Language

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_]+(?:[.'/-][^\W_]+)*")


def normalise(text: str) -> str:
    """NFKC, lower case, single spaces, no control characters."""
    if text.isascii() and text.isprintable():  # most of them, and fifty times as fast
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in folded).split())


def has_han(text: str) -> bool:
    """Whether any Chinese character is in the text."""
    return not text.isascii() and _HAN.search(text) is not None


def language_of(text: str) -> Language:
    """zh where Chinese characters are in the text, else en."""
    return "zh" if has_han(text) else "en"


def tokens(text: str) -> list[str]:
    """The text's tokens in normal form; Chinese is segmented for search, codes such as `a4-80gsm` stay whole."""
    found: list[str] = []
    for word in _WORD.findall(normalise(text)):
        if has_han(word):
            import rjieba

            found.extend(piece for piece in rjieba.cut_for_search(word) if piece.strip())
        else:
            found.append(word)
    return found
