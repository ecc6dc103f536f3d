"""Whether words complain or praise: by a small lexicon, since a search is a few words long and must be read at once.

Searches for products feel nothing, so the lexicon says only what is seldom said of goods one looks for; a word that is
denied counts for the other side.
Source: Taboada et al., "Lexicon-based methods for sentiment analysis", Computational Linguistics 37(2), 2011.
"""

import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from shopkeeper.text import folded, has_han
from shopkeeper.understood import Sentiment

LONGEST = 200
"""Characters that are read."""
_DENIED = re.compile(
    r"(\b(not|no|never|isn't|wasn't|don't|doesn't|didn't|hardly)( \w+)?|[不没无]|不是很|没有|不太)\s*$"
)
_REACH = 16
"""Characters before a word in which a denial of it stands."""


def sentiment_of(query: str, says: Callable[[str], bool] = lambda text: False) -> Sentiment | None:
    """What outweighs the other; None where neither does, or where the shop's products say these words side by side."""
    text = folded(query[:LONGEST]).strip(" .!,")
    weight = 0
    for sign, pattern in _lexicon(has_han(text)):
        for found in pattern.finditer(text):
            before = text[max(found.start() - _REACH, 0) : found.start()]
            weight += -sign if _DENIED.search(before) else sign
    if not weight or says(text):
        return None
    return "positive" if weight > 0 else "negative"


@cache
def _lexicon(chinese: bool) -> tuple[tuple[int, re.Pattern[str]], ...]:
    """What speaks for (1) and against (-1), in Chinese, which may hold English words, or in English alone."""
    told = tomllib.loads((Path(__file__).parent / "sentiment.toml").read_text(encoding="utf-8"))

    def either(side: str) -> re.Pattern[str]:
        phrases = [*told["en"][side], *(told["zh"][side] if chinese else ())]
        longest = sorted(phrases, key=len, reverse=True)
        return re.compile("|".join(phrase if has_han(phrase) else rf"\b{phrase}\b" for phrase in longest))

    return (1, either("positive")), (-1, either("negative"))
