"""The shorthand of a grocer's product file, composed into words that a person would write.

What a type, category or department reads like is in `journey_words.toml`; what is not listed there is worked out word
by word.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shopkeeper.intake.sizes import readable_size

_WORDS_FILE = Path(__file__).with_name("journey_words.toml")
_NO_TITLE = "Miscellaneous item"
_NOT_CLOSED = re.compile(r"\([^)]*$")
_CLOSED = re.compile(r"\(([^)]*)\)")
_EMPTY_START = re.compile(r"^(misc\.?|miscellaneous|other)\s+")
_EMPTY_END = re.compile(r"[\s-]+(all other|all others|other|others|bulk & bag|bulk|all|& misc|misc)$")
_TAGS = re.compile(
    r"^(PREP FD|PREP FOODS|SW GDS|SV BEV|DL SPEC|QSR FD|COFF SHOP|BK SPECLTY|CONTINUITY|SAL|FM|MISC\.?)\s*[:-]\s*"
)


@dataclass(frozen=True)
class _Words:
    inverted: frozenset[str]
    dropped: frozenset[str]
    proper: dict[str, str]
    departments: dict[str, str]
    categories: dict[str, str]
    nouns: dict[str, str]
    types: dict[str, str]
    words: dict[str, str]


@cache
def _words() -> _Words:
    tables = tomllib.loads(_WORDS_FILE.read_text(encoding="utf-8"))
    proper = {name.lower(): name for name in tables.pop("proper")}
    return _Words(frozenset(tables.pop("inverted")), frozenset(tables.pop("dropped")), proper, **tables)


def title(kind: str | None, category: str | None, department: str | None, size: str | None) -> str:
    """What the product is called: its type in words, and its size where that can be read."""
    if kind is None and category is None:
        name = readable_department(department) if department not in (None, "MISCELLANEOUS") else _NO_TITLE
    elif kind is None:
        name = readable_category(category)
    else:
        name = readable_type(kind, category)
    measure = readable_size(size)
    return f"{name}, {measure}" if measure else name


@cache
def readable_type(kind: str, category: str | None) -> str:
    """A product type in words, in sentence case; a type that only qualifies takes its category's noun."""
    words = _words()
    noun = words.nouns.get(category or "") or _lower_first(readable_category(category))
    if kind in words.types:
        return _sentence(words.types[kind].replace("{c}", noun))
    phrase = _phrase(kind)
    return _sentence(phrase or noun)


@cache
def readable_category(category: str | None) -> str:
    """A category in words, in sentence case; "Other" where there is none."""
    if not category:
        return "Other"
    return _words().categories.get(category) or _sentence(_phrase(category))


@cache
def readable_department(department: str | None) -> str:
    """A department in words, in sentence case."""
    if not department:
        return "Other"
    return _words().departments.get(department) or _sentence(_phrase(department))


def _phrase(raw: str) -> str:
    """Word by word, in lower case: tags off, brackets off, `X: Y` and `X - Y` turned to `Y X`, `A/B/C` to a list."""
    if raw.endswith("-MAGAZINE"):
        return f"{_phrase(raw.removesuffix('-MAGAZINE'))} magazine"
    heat = re.search(r"\((HOT|COLD)\)", raw)
    text = _CLOSED.sub(" ", _NOT_CLOSED.sub(" ", raw))
    text = _TAGS.sub("", text)
    parts = [_expanded(part) for part in re.split(r":\s*|\s+-\s*|-\s+", text)]
    kept = [part for part in parts if part and part not in _words().dropped] or parts[:1]
    phrase = " ".join(reversed(kept)) if len(kept) <= 2 else ", ".join(kept)
    phrase = _EMPTY_START.sub("", _EMPTY_END.sub("", phrase))
    return f"{phrase}, {heat[1].lower()}" if heat else phrase


def _expanded(part: str) -> str:
    listed = [" ".join(_word(word) for word in piece.split()) for piece in re.split(r"\s*[/&]\s*", _spelt(part))]
    listed = [piece for piece in listed if piece]
    phrase = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} & {listed[-1]}" if listed else ""
    first, _, rest = phrase.partition(" ")
    if rest and first in _words().inverted and not rest.startswith("&"):
        rest = re.sub(r"\s*(all other|all others|other|bulk & bag|bulk|pkg|packaged)$", "", rest)
        return f"{rest} {first}".strip()
    return phrase


def _spelt(part: str) -> str:
    """W/ and W/O written out, before slashes become lists."""
    return re.sub(r"\bW/\s*", "WITH ", re.sub(r"\bW/O\b", "WITHOUT", part)).strip()


def _word(word: str) -> str:
    bare = word.strip(".,*")
    return _words().words.get(bare) or bare.lower()


def _sentence(phrase: str) -> str:
    """First letter up, known names in their spelling, single spaces."""
    text = " ".join(phrase.replace(" & & ", " & ").split()).strip(" ,&-")
    for lower, name in _words().proper.items():
        if lower in text.lower():
            text = re.sub(rf"(?<![\w']){re.escape(lower)}(?![\w'])", name, text, flags=re.IGNORECASE)
    return text[:1].upper() + text[1:]


def _lower_first(text: str) -> str:
    first = text.split(" ", 1)[0]
    return text if first in _words().proper.values() else text[:1].lower() + text[1:]
