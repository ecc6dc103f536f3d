"""Whether a query is a question for the shop's service rather than words for a product, and what it is about.

By rules alone: a query that is nothing but a phrase of a service (`return policy`, 营业时间), or that asks (`how`, `can
I`, 吗, 怎么) and names what services deal with. Words that a product's title says side by side are for that product.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple, get_args

from shopkeeper.text import folded, has_han
from shopkeeper.understood import About

_ASKS = re.compile(
    r"^(how|when|where|why|who|which|whom|what|is|are|do|does|did|can|could|may|will|would|should|have|has)\b|\?"
    # what is done with an order, an account or an invoice, and seldom begins what a product is called
    r"|^(check|cancel|chang|edit|modif|updat|delet|remov|creat|correct|switch|see|get|ask|request|report|submit|leav|solv"
    r"|notif|inform|recover|reset|retriev)(e|y|ing|ling|ying)?\b"
    r"|\b(i|i'm|im|i'd|i've|me|my|we|our|you|your|help|need to|want to|wanna|gotta|problems?|issues?|tell|assist\w*)\b"
)
_ASKS_ZH = re.compile(
    "怎么|如何|怎样|什么时候|多久|多长时间|几天|几点|哪里|在哪|能不能|能否|可以|可不可以|是否|吗|呢|为什么"
    "|我的|我要|我想|有没有|？"
)
ABOUT: tuple[About, ...] = get_args(About)
"""Of two that a question names alike the earlier."""
LONGEST = 200
"""Characters that are read."""


class _Service(NamedTuple):
    whole: re.Pattern[str]
    asked: re.Pattern[str]


@cache
def _services() -> Mapping[About, _Service]:
    told = tomllib.loads((Path(__file__).parent / "service.toml").read_text(encoding="utf-8"))
    return {about: _Service(*(_any(told[about][key]) for key in ("whole", "asked"))) for about in ABOUT}


def _any(phrases: list[str]) -> re.Pattern[str]:
    """Any of the phrases; one of letters is words, not parts of words."""
    parts = [phrase if has_han(phrase) else rf"\b{phrase}\b" for phrase in phrases]
    return re.compile("|".join(f"(?:{part})" for part in parts))


_OWN = re.compile(r"\b(i|i'm|i've|me|my|we|our|you|your)\b")
_OWN_ZH = re.compile("[我你]|买的|买了|刚买|收到|了$")
"""Who complains of what was bought."""


def service_of(
    query: str, says: Callable[[str], bool] = lambda text: False, *, complains: bool = False
) -> About | None:
    """What a question for the service is about; None where the query is for products.

    `says`: whether the shop's products say these words side by side, as `delivery box` may be. Who `complains` asks,
    and of what they have where nothing else is named: about returns.
    """
    text = folded(query[:LONGEST]).strip(" .!,")
    bare = text.rstrip("?？ ")
    for about, service in _services().items():
        if service.whole.fullmatch(bare):
            return None if says(bare) else about
    asks = _ASKS_ZH.search(text) if has_han(text) else _ASKS.search(text)
    if asks is None and not complains:
        return None
    found = {about: len(service.asked.findall(text)) for about, service in _services().items()}
    best = max(found, key=lambda about: found[about])
    if found[best]:
        return best
    own = _OWN_ZH if has_han(text) else _OWN
    return "returns" if complains and own.search(text) else None
