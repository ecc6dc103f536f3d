"""Completions of what is being typed, from titles, brands, categories and past queries."""

from bisect import bisect_left
from collections.abc import Mapping

import numpy as np

from shopkeeper.text import has_han, normalise
from shopkeeper.types import Catalog, FloatArray

STARTS = 5
"""A phrase is found by the beginning of each of its first words."""
KEY = 32
"""Characters of a beginning that are kept for the search."""
LATER_START = 0.3
"""What a phrase counts that has the prefix at a later word."""
_LAST = "\U0010ffff"


class Suggester:
    """Phrases by the beginnings of their words, in one sorted list; a prefix owns a slice of it."""

    def __init__(
        self, catalog: Catalog, popularity: FloatArray | None = None, queries: Mapping[str, float] | None = None
    ) -> None:
        """popularity float32 (n_products,), all alike when absent; `queries` with how often each was asked."""
        self._phrases, weights = _phrases(catalog, popularity, queries or {})
        entries: list[tuple[str, int, bool]] = []
        for number, phrase in enumerate(self._phrases):
            entries.extend((key, number, place > 0) for place, key in enumerate(_beginnings(phrase)))
        entries.sort()
        self._keys = [key for key, _, _ in entries]
        self._numbers = np.array([number for _, number, _ in entries], np.int64)
        later = np.array([late for _, _, late in entries], np.bool_)
        self._weights = weights[self._numbers] * np.where(later, np.float32(LATER_START), np.float32(1))

    def suggest(self, prefix: str, k: int = 8) -> list[str]:
        """At most k phrases that hold a word beginning with the prefix, heaviest first; none for an empty prefix."""
        asked = normalise(prefix)[:KEY]
        if not asked or k < 1:
            return []
        start = bisect_left(self._keys, asked)
        end = bisect_left(self._keys, asked + _LAST, start)
        return [self._phrases[number] for number in self._best(start, end, k)]

    def _best(self, start: int, end: int, k: int) -> list[int]:
        weights, numbers = self._weights[start:end], self._numbers[start:end]
        # a phrase may begin with the prefix at several words: look at STARTS times as many before dropping repeats
        wide = min(k * STARTS, end - start)
        if wide < end - start:
            top = np.argpartition(-weights, wide - 1)[:wide]
            weights, numbers = weights[top], numbers[top]
        order = np.lexsort((numbers, -weights))
        return list(dict.fromkeys(numbers[order].tolist()))[:k]


def _phrases(
    catalog: Catalog, popularity: FloatArray | None, queries: Mapping[str, float]
) -> tuple[list[str], FloatArray]:
    """Distinct phrases as people read them, with their weights: the popularity of all products that bear them."""
    share = np.ones(len(catalog), np.float32) if popularity is None else popularity + np.float32(1e-3)
    share = np.where(catalog.deleted, 0, share)
    share = share / max(float(share.sum()), 1e-9)
    weights: dict[str, float] = {}
    written: dict[str, str] = {}

    def add(phrase: str, weight: float) -> None:
        key = normalise(phrase)
        if key and weight > 0:
            written.setdefault(key, phrase.strip())
            weights[key] = weights.get(key, 0.0) + weight

    for code, weight in enumerate(np.bincount(catalog.categories, share, len(catalog.category_paths)).tolist()):
        for name in catalog.category_paths[code][-1:]:
            add(name, weight)
    for phrases in (catalog.titles, catalog.brands):  # many products share one, so each is read once
        distinct = {phrase: code for code, phrase in enumerate(dict.fromkeys(phrases))}
        of_phrase = np.bincount([distinct[phrase] for phrase in phrases], share, len(distinct))
        for phrase, weight in zip(distinct, of_phrase.tolist(), strict=True):
            add(phrase, weight)
    total = max(sum(queries.values()), 1e-9)
    for query, times in queries.items():
        add(query, times / total)
    return [written[key] for key in weights], np.array(list(weights.values()), np.float32)


def _beginnings(phrase: str) -> list[str]:
    """The phrase from each of its first words on, in normal form; Chinese words as the segmenter finds them."""
    key = normalise(phrase)
    starts = [0]
    if has_han(key):
        import rjieba

        found = rjieba.tokenize(key, "search")
        starts.extend(sorted(start for word, start, _ in found if start and word.strip()))
    else:
        starts.extend(place + 1 for place, character in enumerate(key) if character == " ")
    return list(dict.fromkeys(key[start : start + KEY] for start in starts[:STARTS]))
