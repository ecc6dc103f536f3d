"""The interface in the reader's language: words, numbers, prices, dates."""

import math
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import get_args

from shopkeeper.types import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
_WORDS = Path(__file__).parent / "words"
_SYMBOLS = {
    "en": {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "CN¥", "JPY": "¥"},
    "zh": {"USD": "US$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "JP¥"},
}
_WHOLE = {"JPY", "KRW"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def table(language: Language) -> Mapping[str, str]:
    """The words of a language, `section.key` to text."""
    sections = tomllib.loads((_WORDS / f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{name}.{key}": text for name, entries in sections.items() for key, text in entries.items()}


def choose(cookie: str | None, accept_language: str) -> Language:
    """The language a reader asked for: by cookie, else the first known one the browser lists, else English."""
    for language in LANGUAGES:
        if cookie == language:
            return language
    weighted = []
    for place, part in enumerate(accept_language.split(",")):
        tag, _, quality = part.strip().partition(";q=")
        weighted.append((-_number(quality or "1"), place, tag.lower().split("-")[0]))
    for _, _, tag in sorted(weighted):
        for language in LANGUAGES:
            if tag == language:
                return language
    return "en"


class Words:
    """Texts and formats of one language; called with a key it gives the text, with its gaps filled."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._table = table(language)

    def __call__(self, key: str, **gaps: object) -> str:
        """The text of a key; `n` chooses the singular `key_one` where the language has one."""
        if gaps.get("n") == 1 and f"{key}_one" in self._table:
            key = f"{key}_one"
        text = self._table[key]
        filled = {name: self.number(value) if isinstance(value, int) else value for name, value in gaps.items()}
        return text.format_map(filled) if gaps else text

    def get(self, key: str, otherwise: str) -> str:
        """The text of a key that need not exist."""
        return self._table.get(key, otherwise)

    def part(self, name: str) -> str:
        """What a part of a score is called."""
        return self._table.get(f"part.{name}", name.replace("_", " ").replace(".", " · "))

    def number(self, value: float) -> str:
        """With thousands separated."""
        return f"{value:,.0f}" if isinstance(value, int) or float(value).is_integer() else f"{value:,.2f}"

    def signed(self, value: float, digits: int = 3) -> str:
        """A part of a score, with its sign."""
        return f"{value:+.{digits}f}".replace("-", "−")

    def price(self, value: float | None, currency: str) -> str:
        """A price as people write it; empty when unknown."""
        if value is None or math.isnan(value):
            return ""
        symbol = _SYMBOLS[self.language].get(currency, f"{currency} " if currency else "")
        return f"{symbol}{value:,.0f}" if currency in _WHOLE else f"{symbol}{value:,.2f}"

    def date(self, day: float) -> str:
        """A day since 1970 as a date."""
        moment = datetime.fromtimestamp(day * 86400, UTC)
        if self.language == "zh":
            return f"{moment.year}年{moment.month}月{moment.day}日"
        return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
