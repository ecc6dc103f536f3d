"""Completions of what is being typed, from titles, brands, categories and past queries.

What begins with what was typed comes first; Chinese is found by pinyin and by initials too. Only where nothing is found
at all, one key may have been struck wrongly, or a Chinese character been taken for another of its sound.
"""

import threading
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from math import exp

import numpy as np

from shopkeeper.text import folded, has_han
from shopkeeper.types import BoolArray, Catalog, FloatArray, RowArray
from shopkeeper.understand.slips import meant
from shopkeeper.understand.sounds import initials, is_typed_by_ear, sound
from shopkeeper.understood import Completion, Kind

STARTS = 5
"""A phrase is found by the beginning of each of its first words."""
KEY = 32
"""Characters of a beginning that are kept for the search."""
LATER_START = 0.3
"""What a phrase counts that has the prefix at a later word."""
FEW = 1000.0
"""As long as there were fewer searches, they weigh less than what is bought."""
MOST_OWN = 3
"""So many completions of a shopper's own come first."""
AN_ERROR = 3.0
"""How many e-folds of weight a slip of cost 1 takes away."""
_LAST = "\U0010ffff"
_SOUND, _INITIALS = "\x01", "\x02"
"""What stands before a beginning that is in pinyin, or in initials: no text in normal form holds these."""

Entry = tuple[str, str, bool]
"""A beginning, the phrase it begins in normal form, and whether that is at a later word."""
Column = tuple[list[str], list[str], RowArray, Kind]
"""Distinct phrases in normal form, as written, which one each row bears, int32 (n,), and what they are."""


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
    """Phrases by the beginnings of their words, in one sorted list; a prefix owns a slice of it."""

    def __init__(
        self, catalog: Catalog, popularity: FloatArray | None = None, queries: Mapping[str, float] | None = None
    ) -> None:
        """popularity float32 (n_products,), all alike when absent; `queries` with how often each was asked."""
        self._share = _shares(catalog, popularity)
        columns = _columns(catalog)
        written, weights = _phrases(columns, self._share, queries or {})
        self._phrases = list(written.values())
        self._catalog = catalog
        self._number_of = {key: number for number, key in enumerate(written)}
        self._bearers = self._borne(columns, queries or {})
        self._since = _Since(np.ones(len(self._phrases), np.bool_))
        self._updating = threading.Lock()
        entries: list[tuple[str, int, bool]] = []
        for phrase, number in self._number_of.items():
            entries.extend([(key, number, late) for key, late in _beginnings(phrase)])
        entries.sort()
        self._keys = [key for key, _, _ in entries]
        self._numbers = np.array([number for _, number, _ in entries], np.int64)
        later = np.array([late for _, _, late in entries], np.bool_)
        self._weights = weights[self._numbers] * np.where(later, np.float32(LATER_START), np.float32(1))

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
            for marked in (_SOUND + sound(asked), _INITIALS + sound(asked)):
                listed += self._found(marked, k)
        for _, each in listed or self._guessed(asked, k):
            found.setdefault(folded(each.text), each)
        return list(found.values())[:k]

    def _guessed(self, asked: str, k: int) -> list[tuple[float, Completion]]:
        """What is found where a key was struck wrongly, or a character is another of its sound."""
        if has_han(asked):
            return self._found(_SOUND + sound(asked), k)
        found = [
            (weight * exp(-AN_ERROR * errors), each)
            for other, errors in meant(asked, self._begins)
            for weight, each in self._found(other, k)
        ]
        return sorted(found, key=lambda one: -one[0])

    def _begins(self, asked: str) -> bool:
        """Whether any phrase, dead ones too, has a word that begins so."""
        at, entries = bisect_left(self._keys, asked), self._since.entries
        if at < len(self._keys) and self._keys[at].startswith(asked):
            return True
        place = bisect_left(entries, (asked, "", False))
        return place < len(entries) and entries[place][0].startswith(asked)

    def _found(self, asked: str, k: int) -> list[tuple[float, Completion]]:
        """At most k phrases with what they weigh, heaviest first."""
        since = self._since
        start, end = _slice(self._keys, asked)
        known = [(weight, self._phrases[number]) for number, weight in self._best(since.alive, start, end, k)]
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
            bearers, said = dict(since.bearers), dict(since.said)
            written, weights = dict(since.written), dict(since.weights)
            changed: set[str] = set()
            for row in rows.tolist():
                phrases_now = _said(catalog, row)
                before = said[row] if row in said else tuple(key for key, _ in _said(self._catalog, row))
                now = said[row] = tuple(key for key, _ in phrases_now)
                for phrases, step in ((before, -1), (now, 1)):
                    for phrase in phrases:
                        bearers[phrase] = bearers.get(phrase, 0) + step
                changed.update(before, now)
                worth = float(self._share[row]) if row < len(self._share) else 0.0
                for phrase, as_written in phrases_now:
                    if phrase not in self._number_of:
                        written.setdefault(phrase, as_written)
                        weights.setdefault(phrase, worth or self._least)
            alive, entries = since.alive.copy(), list(since.entries)
            for phrase in changed & self._number_of.keys():
                number = self._number_of[phrase]
                alive[number] = self._bearers[number] + bearers.get(phrase, 0) > 0
            for phrase in changed - self._number_of.keys():
                self._relist(phrase, bearers[phrase] > 0, entries)
            self._since = _Since(alive, bearers, said, written, weights, entries)

    @staticmethod
    def _relist(phrase: str, borne: bool, entries: list[Entry]) -> None:
        """Puts the beginnings of a new phrase into its places, or takes them out where nobody bears it."""
        for key, late in _beginnings(phrase):
            entry = (key, phrase, late)
            at = bisect_left(entries, entry)
            there = at < len(entries) and entries[at] == entry
            if borne and not there:
                insort(entries, entry)
            elif there and not borne:
                del entries[at]

    @property
    def _least(self) -> float:
        """What a product weighs that nobody has bought yet."""
        known = self._share[self._share > 0]
        return float(known.min()) if len(known) else 1.0

    def _borne(self, columns: list[Column], queries: Mapping[str, float]) -> RowArray:
        """How many products that are not deleted bear each phrase, int32 (n_phrases,); a past query stays for good."""
        bearers = np.zeros(len(self._phrases), np.int32)
        kept = np.flatnonzero(~self._catalog.deleted)
        for keys, _, codes, _ in columns:
            numbers = np.array([self._number_of.get(key, -1) for key in keys], np.int64)
            taken = numbers[codes[kept]]
            bearers += np.bincount(taken[taken >= 0], minlength=len(bearers)).astype(np.int32)
        for query in queries:
            if (number := self._number_of.get(folded(query))) is not None:
                bearers[number] += 1
        return bearers

    def _best(self, alive: BoolArray, start: int, end: int, k: int) -> list[tuple[int, float]]:
        """The numbers of at most k phrases with what they weigh, heaviest first."""
        weights, numbers = self._weights[start:end], self._numbers[start:end]
        kept = alive[numbers]
        weights, numbers = weights[kept], numbers[kept]
        # a phrase may begin with the prefix at several words: look at STARTS times as many before dropping repeats
        wide = min(k * STARTS, len(numbers))
        if wide < len(numbers):
            top = np.argpartition(-weights, wide - 1)[:wide]
            weights, numbers = weights[top], numbers[top]
        order = np.lexsort((numbers, -weights))
        best: dict[int, float] = {}
        for number, weight in zip(numbers[order].tolist(), weights[order].tolist(), strict=True):
            best.setdefault(number, weight)
        return list(best.items())[:k]


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
        known = _beginnings_of_title(phrase) if each.kind == "product" else _beginnings(phrase)
        if any(key.startswith(asked) for key, _ in known):
            held.setdefault(phrase, each._replace(own=True))
    return held


@lru_cache(20_000)
def _beginnings_of_title(phrase: str) -> Sequence[tuple[str, bool]]:
    return _beginnings(phrase)


def _said(catalog: Catalog, row: int) -> list[tuple[str, Completion]]:
    """The phrases of a product by normal form, as written, one a column; none of one that is deleted or absent."""
    if row >= len(catalog) or catalog.deleted[row]:
        return []
    category = "".join(catalog.category_paths[catalog.categories[row]][-1:])
    names: tuple[tuple[str, Kind], ...] = (
        (category, "category"),
        (catalog.brands[row], "brand"),
        (catalog.titles[row], "product"),
    )
    return [(key, Completion(name.strip(), kind)) for name, kind in names if (key := folded(name))]


def _columns(catalog: Catalog) -> list[Column]:
    """Last category names, brands and titles: what names most products names a phrase that is several of these."""
    names = ["".join(path[-1:]) for path in catalog.category_paths]
    columns: list[tuple[list[str], RowArray, Kind]] = [(names, catalog.categories, "category")]
    kinds: tuple[tuple[Sequence[str], Kind], ...] = ((catalog.brands, "brand"), (catalog.titles, "product"))
    for phrases, kind in kinds:  # many products share one, so each is read once
        distinct = {phrase: code for code, phrase in enumerate(dict.fromkeys(phrases))}
        codes = np.fromiter(map(distinct.__getitem__, phrases), np.int32, len(phrases))
        columns.append((list(distinct), codes, kind))
    return [([folded(phrase) for phrase in phrases], phrases, codes, kind) for phrases, codes, kind in columns]


def _shares(catalog: Catalog, popularity: FloatArray | None) -> FloatArray:
    """Each product's part of all popularity, float32 (n,); 0 where it is deleted."""
    share = np.ones(len(catalog), np.float32) if popularity is None else popularity + np.float32(1e-3)
    share = np.where(catalog.deleted, 0, share)
    whole: FloatArray = share / max(float(share.sum()), 1e-9)
    return whole


def _phrases(
    columns: list[Column], share: FloatArray, queries: Mapping[str, float]
) -> tuple[dict[str, Completion], FloatArray]:
    """Distinct phrases in normal form and as people read them, with their weights.

    A weight is the popularity of all products that bear the phrase.
    """
    weights: dict[str, float] = {}
    written: dict[str, Completion] = {}

    def add(key: str, phrase: str, weight: float, kind: Kind) -> None:
        if key and weight > 0:
            written.setdefault(key, Completion(phrase.strip(), kind))
            weights[key] = weights.get(key, 0.0) + weight

    for keys, phrases, codes, kind in columns:
        for key, phrase, weight in zip(keys, phrases, np.bincount(codes, share, len(keys)).tolist(), strict=True):
            add(key, phrase, weight, kind)
    total = max(sum(queries.values()), FEW)  # three searches alone must not outweigh every product
    for query, times in queries.items():
        add(folded(query), query, times / total, "query")
    return written, np.array(list(weights.values()), np.float32)


def _beginnings(key: str) -> list[tuple[str, bool]]:
    """A phrase in normal form from each of its first words on, and whether that is a later one than the first.

    Chinese words are as the segmenter finds them; Chinese also begins as it sounds, and at its start by initials.
    """
    if not has_han(key):
        starts = [0, *accumulate(len(word) + 1 for word in key.split(" ", STARTS)[:-1])]
        return _distinct(key, starts)
    import rjieba

    found = rjieba.tokenize(key, "search")
    starts = [0, *sorted(start for word, start, _ in found if start and word.strip())]
    written = _distinct(key, starts)
    sounds = [(_SOUND + sound(beginning)[:KEY], late) for beginning, late in written]
    return [*written, *sounds, *([(_INITIALS + letters[:KEY], False)] if len(letters := initials(key)) > 1 else [])]


def _distinct(key: str, starts: Sequence[int]) -> list[tuple[str, bool]]:
    beginnings = dict.fromkeys(key[start : start + KEY] for start in starts[:STARTS])
    return [(beginning, at > 0) for at, beginning in enumerate(beginnings)]
