"""A drawing for a product that has no photograph: a glyph, a pattern and colours that follow from its category.

The same product always gets the same tile. The drawings are symbols of `static/glyphs.svg`; colours come from the
stylesheet by hue class, so that tiles follow light and dark and need no inline style.
"""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from markupsafe import Markup, escape

from shopkeeper.text import has_han, normalise

_TABLES = Path(__file__).parent / "glyphs.toml"
HUE_STEP = 15
_VAGUE = {"basket", "cutlery", "gift", "star", "ticket"}
"""Drawings that say so little that a word in the title says more."""
_BETWEEN = str.maketrans(dict.fromkeys("&/-,.:;()\"'", " "))
_PATTERNS = (
    '<circle cx="{x}" cy="78" r="46"/><circle cx="{x}" cy="78" r="30"/>',
    '<path d="M-10 70 60-20h34L14 120z"/><path d="M40 112 120 8v40L78 112z"/>',
    '<path d="M-5 66c18-16 34 10 54-4s36-10 58 4v44H-5z"/><path d="M-5 82c22-14 40 8 60-2s34-6 52 0v30H-5z"/>',
    '<circle cx="50" cy="50" r="44"/>',
    '<path d="M50 50 30-10h24zM50 50 88-6l16 18zM50 50l60-8v26zM50 50l52 38-20 18zM50 50l12 60H36zM50 50 6 104-8 84z'
    'M50 50l-60 10V36zM50 50-6 18 8-2z"/>',
    '<circle cx="{x}" cy="16" r="30"/><circle cx="82" cy="88" r="22"/>',
    '<path d="M0 100V52a50 50 0 0 1 100 0v48z"/>',
    "<g>{dots}</g>",
)
_DOTS = "".join(
    f'<circle cx="{12.5 + 25 * column - 12.5 * (row % 2)}" cy="{10 + 20 * row}" r="3.4"/>'
    for row in range(5)
    for column in range(5)
)


@dataclass(frozen=True, slots=True)
class Tile:
    """What is drawn: hue in degrees, a glyph's name or else letters, and how pattern and glyph vary."""

    hue: int
    glyph: str | None
    letters: str
    pattern: int
    shift: int
    turn: int


def tile(product_id: str, title: str, category: Sequence[str]) -> Tile:
    """The tile of a product: colour from the department, glyph from the finest category that has one."""
    seed = _steady(product_id)
    path = tuple(category)
    hue, glyph = _look(path, title)
    words = [word for word in (*reversed(path), title) if word] or ["?"]
    return Tile(hue, glyph, _letters(words[0]), seed % len(_PATTERNS), seed // 8 % 5, seed // 40 % 5)


def svg(drawn: Tile, glyphs_url: str) -> Markup:
    """The tile as an inline SVG element, hidden from screen readers (the title stands beside it)."""
    pattern = _PATTERNS[drawn.pattern].format(x=18 + 16 * drawn.shift, dots=_DOTS)
    if drawn.glyph:
        turned = (drawn.turn - 2) * 3
        use = f'<use href="{escape(glyphs_url)}#{drawn.glyph}" x="25" y="25" width="50" height="50" '
        middle = use + f'transform="rotate({turned} 50 50)"/>'
    else:
        middle = f'<text class="tile-letters" x="50" y="62" text-anchor="middle">{escape(drawn.letters)}</text>'
    return Markup(  # noqa: S704 - the parts are ours or escaped above
        f'<svg class="tile hue-{drawn.hue}" viewBox="0 0 100 100" preserveAspectRatio="xMidYMid slice" '
        f'aria-hidden="true" focusable="false"><g class="tile-pattern">{pattern}</g>{middle}</svg>'
    )


@lru_cache(maxsize=4096)
def _look(path: tuple[str, ...], title: str) -> tuple[int, str | None]:
    """Hue and glyph: the glyph of the finest name that has one, in its own hue or its department's."""
    department = path[0] if path else ""
    glyph = next((found for name in (*reversed(path), title) if (found := _first_glyph(name))), None)
    if glyph in _VAGUE:
        titled = _first_glyph(title)
        glyph = titled if titled and titled not in _VAGUE else glyph
    of_department = _match(department, _keywords("hues")) if department else None
    hue = _own_hues().get(glyph or "", int(of_department) if of_department else _steady(department) % 360)
    nudge = _steady("/".join(path)) % 3 - 1 if len(path) > 1 else 0
    return round(hue / HUE_STEP + nudge) * HUE_STEP % 360, glyph


@lru_cache(maxsize=4096)
def _first_glyph(words: str) -> str | None:
    return _match(words, _keywords("glyphs"))


def _match(words: str, keywords: Sequence[tuple[str, str]]) -> str | None:
    """The name of the first keyword among the words."""
    text, padded = normalise(words), f" {_plain(words)} "
    for keyword, name in keywords:
        if (keyword in text) if has_han(keyword) else (f" {keyword} " in padded):
            return name
    return None


def _plain(words: str) -> str:
    """The words in the singular, without what stands between them."""
    spaced = normalise(words).translate(_BETWEEN)
    return " ".join(_singular(word) for word in spaced.split())


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "xes", "toes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def _letters(name: str) -> str:
    """Up to two capitals that stand for a name."""
    if has_han(name):
        return next(character for character in name if has_han(character))
    words = [word for word in normalise(name).replace("-", " ").split() if word[0].isalnum()] or ["?"]
    return "".join(word[0] for word in words[:2]).upper()


@cache
def _keywords(table: str) -> Sequence[tuple[str, str]]:
    """Keywords and what each names, phrases before words: peanut butter is no butter."""
    found: Mapping[str, Mapping[str, Sequence[str]]] = tomllib.loads(_TABLES.read_text(encoding="utf-8"))
    plain = [(word if has_han(word) else _plain(word), name) for name, words in found[table].items() for word in words]
    return sorted(plain, key=lambda pair: _narrowness(pair[0]), reverse=True)


def _narrowness(keyword: str) -> int:
    """More for what says more: 巧克力牛奶 is no 巧克力; 0 for a word."""
    return max(len(keyword) - 2, 0) if has_han(keyword) else keyword.count(" ")


@cache
def _own_hues() -> Mapping[str, int]:
    hues: Mapping[str, int] = tomllib.loads(_TABLES.read_text(encoding="utf-8"))["own_hues"]
    return hues


def _steady(text: str) -> int:
    """The same number for the same text, everywhere."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
