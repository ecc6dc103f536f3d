"""Words, the same everywhere: normal form, language, tokens, codes, singular and plural."""

import re
import unicodedata

from shopkeeper.folding import simplified, without_accents
from shopkeeper.measures import measures
from shopkeeper.types import Language

RECIPE = 3
"""Which tokens a text has. Raise it with any change of them: an index that was saved under another is made anew."""

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_UNITS = (
    "oz lb lbs g kg mg ml cl l liter litre gal gallon qt pt ct pk pack ft in inch mm cm m km w kw v mah hz khz mhz ghz "
    "kb mb gb tb k x 克 千克 公斤 斤 毫升 升 厘米 毫米 米 寸 英寸 瓦 伏 包 盒 袋 瓶 片 支 件 装"
)
UNITS = frozenset(_UNITS.split())
_DIGIT = re.compile(r"\d")
_BORDER = re.compile(r"(?<=\d)[ -]?(?=[^\d.,\s])")
_CODE = re.compile(r"[\w.'/-]*\d[\w.'/-]*")
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


def folded(text: str) -> str:
    """The normal form with what shoppers do not tell apart as one: without accents, in simplified Chinese."""
    plain = normalise(text)
    if plain.isascii():
        return plain
    plain = without_accents(plain)
    return simplified(plain) if has_han(plain) else plain


def tokens(text: str) -> list[str]:
    """The text's tokens, folded; Chinese is segmented for search, codes such as `a4-80gsm` stay whole.

    A number with its unit is one token, in one spelling: `1,5 l` is `1.5l`.
    """
    return _tokens(folded(text), [])


def unmeasured(text: str) -> list[str]:
    """The numbers and units of the text's measures as words of their own: `1` and `gallon`."""
    return tokens_and_unmeasured(text)[1]


def tokens_and_unmeasured(text: str) -> tuple[list[str], list[str]]:
    """Both at once, for who reads a catalogue."""
    apart: list[str] = []
    return _tokens(folded(text), apart), apart


def _tokens(plain: str, apart: list[str]) -> list[str]:
    """The tokens of a folded text; to `apart` go the words of its measures."""
    if _DIGIT.search(plain) is None:  # most texts
        return _cut(plain)
    found: list[str] = []
    start = 0
    for measure in measures(plain):
        found.extend(_cut(plain[start : measure.start]))
        found.append(measure.token)
        apart.extend(_cut(_BORDER.sub(" ", plain[measure.start : measure.end])))
        start = measure.end
    found.extend(_cut(plain[start:]))
    return found


def _cut(text: str) -> list[str]:
    if text.isascii():
        words: list[str] = _WORD.findall(text)
        return words
    found: list[str] = []
    for word in _WORD.findall(text):
        if has_han(word):
            import rjieba

            found.extend(piece for piece in rjieba.cut_for_search(word) if piece.strip())
        else:
            found.append(word)
    return found


def spans(text: str) -> list[tuple[int, int]]:
    """Where each word stands in the text, from and to, in order; Chinese is cut into words that do not overlap."""
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        start = match.start()
        if has_han(match[0]):
            import rjieba

            for word in rjieba.cut(match[0]):
                found.append((start, start + len(word)))
                start += len(word)
        else:
            found.append(match.span())
    return found


def is_code(token: str) -> bool:
    """Whether the token is a number, a size or a model code: it holds a digit. Such tokens are never corrected."""
    return _CODE.fullmatch(token) is not None and not has_han(token)


def other_numbers(word: str) -> list[str]:
    """What the word may be in the other number: singulars and plurals of an English one, none of any other."""
    if not word.isascii():
        return []
    forms = (singular_of(word), f"{word}s", f"{word}es", word.removesuffix("y") + "ies")
    return [form for form in forms if form is not None]


def singular_of(word: str) -> str | None:
    """The singular of what looks like an English plural, None of anything else."""
    if len(word) < 4 or not word.isascii() or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return None
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes", "toes")) else word[:-1]
