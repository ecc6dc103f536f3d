"""Completions of what is being typed, from titles, brands, categories and past queries.

What begins with what was typed comes first; Chinese is found by pinyin and by initials too. Only where nothing is found
at all, one key may have been struck wrongly, or a Chinese character been taken for another of its sound.
"""

import threading
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import exp

import numpy as np

from shopkeeper.text import folded, has_han
from shopkeeper.types import BoolArray, Catalog, FloatArray, RowArray
from shopkeeper.understand.beginnings import (
    INITIALS,
    KEY,
    LATER_START,
    SOUND,
    STARTS,
    Beginnings,
    all_beginnings,
    beginnings,
)
from shopkeeper.understand.phrases import phrases_of, said
from shopkeeper.understand.slips import meant
from shopkeeper.understand.sounds import is_typed_by_ear, sound
from shopkeeper.understood import Completion

MOST_OWN = 3
"""So many completions of a shopper's own come first."""
AN_ERROR = 3.0
"""How many e-folds of weight a slip of cost 1 takes away."""
WIDER = 8
"""How many times as many are looked at where too many of the heaviest are gone."""
_LAST = "\U0010ffff"

Entry = tuple[str, str, bool]
"""A beginning, the phrase it begins in normal form, and whether that is at a later word."""


@dataclass(frozen=True, slots=True)
class _Since:
    """What changed since the phrases were listed; replaced as a whole.

    alive bool (n_phrases,): which phrases somebody still bears; `bearers`: how many products more or fewer bear a
    phrase; `said`: what each changed row says now, in normal form; `written` and `weights`: of phrases that are new,
    whose beginnings are `entries`, sorted.
    """

    alive: BoolArray
    bearers: Mapping[str, int] = field(default_factory=dict)
    said: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    written: Mapping[str, Completion] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


class Suggester:
    """Phrases by the beginnings of their words, all in one order; a prefix owns a slice of it."""

    def __init__(
        self, catalog: Catalog, popularity: FloatArray | None = None, queries: Mapping[str, float] | None = None
    ) -> None:
        """popularity float32 (n_products,), all alike when absent; `queries` with how often each was asked."""
        self._share = _shares(catalog, popularity)
        known = self._share[self._share > 0]
        self._least = float(known.min()) if len(known) else 1.0  # of a product that nobody has bought yet
        self._catalog = catalog
        self._phrases = phrases_of(catalog, self._share, queries or {})
        own = all_beginnings(self._phrases.text, self._phrases.chinese, self._phrases.weights)
        self._written, self._sounds, self._initials = own
        self._since = _Since(np.ones(len(self._phrases), np.bool_))
        self._updating = threading.Lock()

    def suggest(self, prefix: str, k: int = 8) -> list[str]:
        """At most k phrases that hold a word beginning with the prefix, heaviest first; none for an empty prefix."""
        return [each.text for each in self.complete(prefix, k)]

    def complete(self, prefix: str, k: int = 8, own: Iterable[Completion] = ()) -> list[Completion]:
        """The same with what each is; before all a few of the shopper's `own` that hold such a word."""
        asked = folded(prefix)[:KEY]
        if not asked or k < 1:
            return []
        found = dict(list(_own(asked, own).items())[: min(MOST_OWN, k)])
        listed = self._found(asked, k)
        if len(listed) < k and is_typed_by_ear(asked):
            for marked in (SOUND + sound(asked), INITIALS + sound(asked)):
                listed += self._found(marked, k)
        for _, each in listed or self._guessed(asked, k):
            found.setdefault(folded(each.text), each)
        return list(found.values())[:k]

    def _guessed(self, asked: str, k: int) -> list[tuple[float, Completion]]:
        """What is found where a key was struck wrongly, or a character is another of its sound."""
        if has_han(asked):
            return self._found(SOUND + sound(asked), k)
        found = [
            (weight * exp(-AN_ERROR * errors), each)
            for other, errors in meant(asked, self._begins)
            for weight, each in self._found(other, k)
        ]
        return sorted(found, key=lambda one: -one[0])

    def _begins(self, asked: str) -> bool:
        """Whether any phrase, dead ones too, has a word that begins so."""
        if self._written.holds(asked):
            return True
        entries = self._since.entries
        place = bisect_left(entries, (asked, "", False))
        return place < len(entries) and entries[place][0].startswith(asked)

    def _found(self, asked: str, k: int) -> list[tuple[float, Completion]]:
        """At most k phrases with what they weigh, heaviest first."""
        since = self._since
        listed = {SOUND: self._sounds, INITIALS: self._initials}.get(asked[0], self._written)
        best = _best(listed, since.alive, asked.lstrip(SOUND + INITIALS), k)
        known = [(weight, self._phrases.written(number)) for number, weight in best]
        new: dict[str, float] = {}
        start, end = _slice([key for key, _, _ in since.entries], asked)
        for _, phrase, late in since.entries[start:end]:
            new[phrase] = max(new.get(phrase, 0.0), since.weights[phrase] * (LATER_START if late else 1.0))
        joined = known + [(weight, since.written[phrase]) for phrase, weight in new.items()]
        return sorted(joined, key=lambda one: -one[0])[:k]

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        """Suggests new titles, brands and categories at once, and no longer what no product bears any more."""
        with self._updating:
            since = self._since
            bearers, told = dict(since.bearers), dict(since.said)
            written, weights = dict(since.written), dict(since.weights)
            changed: dict[str, int | None] = {}
            for row in rows.tolist():
                phrases_now = said(catalog, row)
                before = told[row] if row in told else tuple(key for key, _ in said(self._catalog, row))
                now = told[row] = tuple(key for key, _ in phrases_now)
                for phrases, step in ((before, -1), (now, 1)):
                    for phrase in phrases:
                        bearers[phrase] = bearers.get(phrase, 0) + step
                        changed.setdefault(phrase, self._phrases.number(phrase))
                worth = float(self._share[row]) if row < len(self._share) else 0.0
                for phrase, as_written in phrases_now:
                    if changed[phrase] is None:
                        written.setdefault(phrase, as_written)
                        weights.setdefault(phrase, worth or self._least)
            alive, entries = since.alive.copy(), list(since.entries)
            for phrase, number in changed.items():
                if number is None:
                    self._relist(phrase, bearers[phrase] > 0, entries)
                else:
                    alive[number] = self._phrases.bearers[number] + bearers[phrase] > 0
            self._since = _Since(alive, bearers, told, written, weights, entries)

    @staticmethod
    def _relist(phrase: str, borne: bool, entries: list[Entry]) -> None:
        """Puts the beginnings of a new phrase into its places, or takes them out where nobody bears it."""
        for key, late in beginnings(phrase):
            entry = (key, phrase, late)
            at = bisect_left(entries, entry)
            there = at < len(entries) and entries[at] == entry
            if borne and not there:
                insort(entries, entry)
            elif there and not borne:
                del entries[at]


def _best(listed: Beginnings, alive: BoolArray, asked: str, k: int) -> list[tuple[int, float]]:
    """The numbers of at most k phrases with what they weigh, heaviest first."""
    start, end = listed.slice(asked)
    # a phrase may begin with the prefix at several words: look at STARTS times as many before dropping repeats
    wide = k * STARTS
    while True:
        at = listed.heaviest(start, end, wide)
        numbers, weights = listed.phrases[at], listed.weights[at]
        order = np.lexsort((numbers, -weights))
        order = order[alive[numbers[order]]]
        best: dict[int, float] = {}
        for number, weight in zip(numbers[order].tolist(), weights[order].tolist(), strict=True):
            best.setdefault(number, weight)
        if len(best) >= k or wide >= end - start:
            return list(best.items())[:k]
        wide *= WIDER


def _slice(keys: list[str], asked: str) -> tuple[int, int]:
    """Where the keys that begin with what is asked start and end."""
    start = bisect_left(keys, asked)
    return start, bisect_left(keys, asked + _LAST, start)


def _own(asked: str, own: Iterable[Completion]) -> dict[str, Completion]:
    """Those of the shopper's own that hold a word beginning with what is asked, by their normal form."""
    held: dict[str, Completion] = {}
    for each in own:
        # titles are the shop's and may be remembered; what a shopper typed is forgotten with the shopper
        phrase = folded(each.text)
        known = _beginnings_of_title(phrase) if each.kind == "product" else beginnings(phrase)
        if any(key.startswith(asked) for key, _ in known):
            held.setdefault(phrase, each._replace(own=True))
    return held


@lru_cache(20_000)
def _beginnings_of_title(phrase: str) -> Sequence[tuple[str, bool]]:
    return beginnings(phrase)


def _shares(catalog: Catalog, popularity: FloatArray | None) -> FloatArray:
    """Each product's part of all popularity, float32 (n,); 0 where it is deleted."""
    share = np.ones(len(catalog), np.float32) if popularity is None else popularity + np.float32(1e-3)
    share = np.where(catalog.deleted, 0, share)
    whole: FloatArray = share / max(float(share.sum()), 1e-9)
    return whole
