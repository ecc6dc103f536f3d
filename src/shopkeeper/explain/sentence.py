"""One sentence a product, made from the largest part of its score and checked against the facts."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shopkeeper.portrait import Portrait
from shopkeeper.types import PURCHASE, DayArray, Explanation, Language, RowArray

NEW_DAYS = 30.0
"""A product is spoken of as new for so long."""
MAX_DAY = 1 << 31
"""More days than any log has."""
HABIT = 2
"""Who bought on so many days has done something usually."""
NEED_HISTORY = frozenset({"taste", "price", "together"})
"""Reasons that say something of the shopper: not said of a stranger."""
NEED_HABIT = frozenset({"taste", "price"})
"""Those that say what is usual: of a few purchases less is said, or nothing."""

OF_WORDS = frozenset({"words", "meaning", "chosen", "agreed"})
"""Reasons that say something of what was typed: not said of a search without words."""

AGREED = "agreed"
"""The reason that tells least: said where no other is left."""


class Facts(NamedTuple):
    """What a sentence may state of one product.

    How often this shopper bought it and how many days ago last; the page's seed product; whether anything at all is
    known of the shopper, whether that is purchases of HABIT days, and anything of this session; whether the product
    came into the shop within NEW_DAYS; whether it is among what everybody buys; whether a search found only part of
    its words, and whether it named none at all; whether filters narrowed the page.
    """

    times: int = 0
    days: float = 0.0
    seed: str = ""
    history: bool = False
    habit: bool = False
    session: bool = False
    new: bool = False
    wanted: bool = False
    in_part: bool = False
    wordless: bool = False
    narrowed: bool = False


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
    last = np.zeros(len(rows))
    last[at] = days[line]  # oldest first: of equal places the newest is written
    # lines of a day are one purchase; lines lie by day within each row, so that equal visits are neighbours
    visits = at * MAX_DAY + days[line].astype(np.int64)
    fresh = np.append(True, visits[1:] != visits[:-1])[: len(visits)]
    times = np.bincount(at[fresh], minlength=len(rows)).tolist()
    history, session = bool(len(mine)), bool(len(portrait.session_rows))
    habit = len(np.unique(days.astype(np.int64))) >= HABIT
    ages = [max(0.0, day - then) if n else 0.0 for n, then in zip(times, last.tolist(), strict=True)]
    new = (created > day - NEW_DAYS).tolist()
    return [Facts(n, age, seed, history, habit, session, own) for n, age, own in zip(times, ages, new, strict=True)]


def sentence(explanation: Explanation, known: Facts, language: Language = "en") -> str:
    """Why this product is here: the reason that adds most, where it adds at all and the facts bear it out.

    A reason adds the sum of its parts, so that a sentence does not say what another of its parts takes back. What a
    shopper has bought before is said first where it adds at all: nothing else tells a person as much. What holds the
    words, or some, is said to match them before it is said to be close in meaning. Where no reason adds, the largest
    part that does, then the plain fact of a purchase.
    """
    words, of = _words()[language], reason_of()
    adds: dict[str, float] = {}
    for part in explanation.children:
        reason = of.get(part.name, "")
        adds[reason] = adds.get(reason, 0.0) + part.value
    if adds.get("bought_before", 0.0) > 0 and known.times:
        return _say("bought_before", known, words)
    unsaid = OF_WORDS if known.wordless else frozenset()
    reasons = [reason for reason in sorted(adds, key=lambda each: -adds[each]) if adds[reason] > 0]
    reasons = [reason for reason in reasons if reason not in unsaid]
    if {"words", "meaning"} <= set(reasons):
        plain, closer = sorted((reasons.index("words"), reasons.index("meaning")))
        reasons[plain], reasons[closer] = "words", "meaning"
    parts = sorted(explanation.children, key=lambda child: -child.value)
    single = [reason for part in parts if part.value > 0 and (reason := of.get(part.name, "")) not in unsaid]
    weak = [AGREED] if AGREED in reasons else []
    telling = (reason for reason in (*reasons, *single) if reason != AGREED)
    for reason in (*telling, "bought_before", *weak):
        if said := _say(reason, known, words):
            return said
    if known.wordless:
        return str(words["often" if known.wanted else "filtered" if known.narrowed else "on_shelf"])
    if known.history or known.seed:
        return str(words["other"])
    return str(words["popular" if known.wanted else "stranger"])


def bought(known: Facts, language: Language = "en") -> str:
    """How often and when this shopper bought it, whatever else speaks for it; empty where that is never."""
    return _say("bought_before", known, _words()[language])


def placed(language: Language = "en") -> str:
    """Why a product is here that the shop itself put in its place."""
    return str(_words()[language]["placed"])


def _say(reason: str, known: Facts, words: Mapping[str, str]) -> str:
    """The sentence of a reason, empty where the facts do not bear it out."""
    if reason == "bought_before":
        if not known.times:
            return ""
        key = "bought_before_once" if known.times == 1 else reason
        return words[key].format(times=known.times, days=_ago(known.days, words))
    if known.seed and f"{reason}_seed" in words:
        return words[f"{reason}_seed"].format(seed=known.seed)
    if reason == "words" and known.in_part:
        return words["words_in_part"]
    borne_out = {"session": known.session, "new": known.new and not known.times}
    if not borne_out.get(reason, known.history or reason not in NEED_HISTORY):
        return ""
    return words.get(f"{reason}_seldom" if reason in NEED_HABIT and not known.habit else reason, "")


def _ago(days: float, words: Mapping[str, str]) -> str:
    whole = int(days)
    if whole < 2:
        return words["yesterday"] if whole else words["today"]
    if whole < 14:
        return words["days_ago"].format(n=whole)
    if whole < 61:
        return words["weeks_ago"].format(n=whole // 7)
    return words["months_ago"].format(n=whole // 30)
