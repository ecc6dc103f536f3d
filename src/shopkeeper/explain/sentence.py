"""One sentence a product, made from the largest part of its score and checked against the facts."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.types import PURCHASE, DayArray, Explanation, Language, Portrait, RowArray

NEW_DAYS = 30.0
"""A product is spoken of as new for so long."""
MAX_DAY = 1 << 31
"""More days than any log has."""
NEED_HISTORY = frozenset({"taste", "price", "together"})
"""Reasons that say something of the shopper: not said of a stranger."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence may state of one product.

    How often this shopper bought it and how many days ago last; the page's seed product; whether anything at all is
    known of the shopper, and of this session; whether the product came into the shop within NEW_DAYS.
    """

    times: int = 0
    days: float = 0.0
    seed: str = ""
    history: bool = False
    session: bool = False
    new: bool = False


@cache
def _words() -> Mapping[str, Any]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


@cache
def reason_of() -> Mapping[str, str]:
    """The reason that each part stands for, by the part's name."""
    return {part: reason for reason, parts in _words()["reasons"].items() for part in parts}


def facts(portrait: Portrait, rows: RowArray, day: float, seed: str, created: DayArray) -> list[Facts]:
    """The facts of each row int32 (m,) for this shopper at `day`; created float64 (m,) days, NaN where unknown."""
    bought = portrait.actions == PURCHASE
    mine, days = portrait.rows[bought], portrait.days[bought]
    at, line = np.nonzero(rows[:, None] == mine[None, :])
    last = np.full(len(rows), -np.inf)
    np.maximum.at(last, at, days[line])
    # lines of a day are one purchase; lines lie by day within each row, so that equal visits are neighbours
    visits = at * MAX_DAY + days[line].astype(np.int64)
    fresh = np.append(True, visits[1:] != visits[:-1])[: len(visits)]
    times = np.bincount(at[fresh], minlength=len(rows)).tolist()
    history, session = bool(len(mine)), bool(len(portrait.session_rows))
    ages = [max(0.0, day - then) if n else 0.0 for n, then in zip(times, last.tolist(), strict=True)]
    new = (created > day - NEW_DAYS).tolist()
    return [Facts(n, age, seed, history, session, own) for n, age, own in zip(times, ages, new, strict=True)]


def sentence(explanation: Explanation, known: Facts, language: Language = "en") -> str:
    """Why this product is here: its largest positive part whose sentence the facts bear out.

    What a shopper has bought before is said first where it counts at all: nothing else tells a person as much.
    """
    words = _words()[language]
    reasons = {reason_of().get(part.name) for part in explanation.children if part.value > 0}
    if known.times and "bought_before" in reasons:
        return _say("bought_before", known, words)
    for part in sorted(explanation.children, key=lambda child: -child.value):
        if part.value <= 0:
            break
        said = _say(reason_of().get(part.name, ""), known, words)
        if said:
            return said
    return str(words["other" if known.history or known.seed else "popular"])


def _say(reason: str, known: Facts, words: Mapping[str, str]) -> str:
    """The sentence of a reason, empty where the facts do not bear it out."""
    if reason == "bought_before":
        if not known.times:
            return ""
        key = "bought_before_once" if known.times == 1 else reason
        return words[key].format(times=known.times, days=_ago(known.days, words))
    if known.seed and f"{reason}_seed" in words:
        return words[f"{reason}_seed"].format(seed=known.seed)
    borne_out = {"session": known.session, "new": known.new and not known.times}
    if not borne_out.get(reason, known.history or reason not in NEED_HISTORY):
        return ""
    return words.get(reason, "")


def _ago(days: float, words: Mapping[str, str]) -> str:
    whole = int(days)
    if whole < 2:
        return words["yesterday"] if whole else words["today"]
    if whole < 14:
        return words["days_ago"].format(n=whole)
    if whole < 61:
        return words["weeks_ago"].format(n=whole // 7)
    return words["months_ago"].format(n=whole // 30)
