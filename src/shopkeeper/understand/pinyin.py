"""Chinese words by how they sound: a query typed in pinyin, or with wrong characters of the same sound.

A query is read as a row of the catalogue's terms, each as it is written or by its sound: the row of the fewest and most
frequent terms wins (Viterbi over a unigram model, a changed character at a price). Only where it wins by far over what
was typed is it what was meant.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, pairwise
from math import inf, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shopkeeper.text import folded, has_han

Codes = NDArray[np.uint32]
LONGEST = 3
"""Terms of up to this many words side by side are known by their sound."""
TERMS_KEPT = 500_000
SHORTEST = 3
"""Fewer Latin letters are no pinyin of anything in particular."""
CHARACTERS, LETTERS = 8, 30
"""The longest term in characters, the longest sound in letters that a query is searched for."""
READ = 40
"""Of a longer run of characters, or of letters twice as many, nothing is corrected: nobody types that by ear."""
A_TERM, A_CHANGE, A_STRANGER = 12.0, 4.0, 4.0
"""What a term costs, each changed character in it, and a character of no term; n times said it costs log n less."""
MARGIN = 2.0
"""A reading that costs so much less than what was typed is what was meant."""
MARGIN_OF_KNOWN = 8.0
"""The same for characters each of which stands beside the next one in the catalogue too."""
ALONE = 1 / 3
"""Letters of single characters are at most this part of a query in pinyin: nearly any letters are some row of them."""


class Pinyin:
    """The terms of a catalogue's Chinese texts by toneless pinyin; the term that most texts say wins a sound."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_sound: dict[str, str] = {}
        self._said: dict[str, int] = {}
        self._pairs: Codes = np.empty(0, np.uint32)
        self.add(texts)

    def add(self, texts: Iterable[str]) -> None:
        """Knows the terms of these texts too; a sound that is known keeps its term. Safe while others read."""
        import rjieba

        counts: Counter[tuple[str, ...]] = Counter()
        chinese = {folded(text) for text in texts if has_han(text)}
        self._pairs = np.union1d(self._pairs, _pairs("\n".join(chinese)))
        for text in sorted(chinese):
            inside = {(word,) for word in rjieba.cut_for_search(text) if has_han(word)}
            counts.update(_terms(rjieba.cut(text)) | inside)
        sounds: dict[str, str] = {}
        for term, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:TERMS_KEPT]:
            for word in term:
                if word not in sounds:
                    sounds[word] = sound_of(word)
            self._by_sound.setdefault("".join(sounds[word] for word in term), "".join(term))
            self._said["".join(term)] = self._said.get("".join(term), 0) + count

    def heard(self, run: str) -> str | None:
        """What was meant by a run of Chinese characters: as long, some of them others; None where it may stand."""
        if not 2 <= len(run) <= READ or run in self._said or self._is_said(run):
            return None
        from pypinyin import lazy_pinyin

        sounds = lazy_pinyin(run)
        if len(sounds) != len(run):
            return None
        typed = _best(len(run), partial(self._as_typed, run))
        heard = _best(len(run), partial(self._by_ear, run, sounds))
        meant = "".join(heard.terms)
        margin = MARGIN_OF_KNOWN if self._is_beside(run) else MARGIN
        return meant if meant != run and heard.cost + margin <= typed.cost else None

    def spelt(self, words: Sequence[str]) -> str | None:
        """The Chinese that words in toneless pinyin stand for, one after another; None where it is none."""
        letters = "".join(words).replace("'", "")
        if not letters.isascii() or not letters.isalpha() or not SHORTEST <= len(letters) <= 2 * READ:
            return None
        if letters in self._by_sound:
            return self._by_sound[letters]
        ends = frozenset(accumulate(map(len, words)))
        for cuts in (ends, frozenset(range(1, len(letters) + 1))):  # who writes a space ends a syllable there
            found = _best(len(letters), partial(self._sounding, letters, cuts))
            alone = sum(len(sound_of(term)) for term in found.terms if len(term) == 1)
            if found.terms and alone <= ALONE * len(letters):
                return "".join(found.terms)
        return None

    def _is_said(self, run: str) -> bool:
        """Whether every two words of the run stand side by side in the catalogue."""
        import rjieba

        words = rjieba.cut(run)
        return len(words) > 1 and all(one + other in self._said for one, other in pairwise(words))

    def _is_beside(self, run: str) -> bool:
        """Whether every two characters of the run stand side by side in the catalogue."""
        pairs = _pairs(run)
        at = np.minimum(np.searchsorted(self._pairs, pairs), len(self._pairs) - 1)
        return bool((self._pairs[at] == pairs).all())

    def _cost(self, term: str) -> float:
        return A_TERM - log(self._said[term] + 1)

    def _as_typed(self, run: str, start: int) -> Iterator["_Step"]:
        """The terms of the catalogue, as they are written, that begin here; a character of none stands alone."""
        stranger = run[start]
        if stranger not in self._said:
            yield _Step(start + 1, A_TERM + A_STRANGER, stranger)
        for end in range(start + 1, min(start + CHARACTERS, len(run)) + 1):
            if run[start:end] in self._said:
                yield _Step(end, self._cost(run[start:end]), run[start:end])

    def _by_ear(self, run: str, sounds: Sequence[str], start: int) -> Iterator["_Step"]:
        """The terms, as they are written or by their sound, that begin here."""
        yield from self._as_typed(run, start)
        for end in range(start + 2, min(start + CHARACTERS, len(run)) + 1):
            term = self._by_sound.get("".join(sounds[start:end]))
            if term is not None and len(term) == end - start:
                changed = sum(one != other for one, other in zip(term, run[start:end], strict=True))
                yield _Step(end, self._cost(term) + A_CHANGE * changed, term)

    def _sounding(self, letters: str, cuts: frozenset[int], start: int) -> Iterator["_Step"]:
        """The terms whose sound begins here and ends at a cut."""
        for end in range(start + 1, min(start + LETTERS, len(letters)) + 1):
            if end in cuts and (term := self._by_sound.get(letters[start:end])) is not None:
                yield _Step(end, self._cost(term), term)


class _Step(NamedTuple):
    end: int
    cost: float
    term: str


class _Reading(NamedTuple):
    cost: float
    terms: tuple[str, ...]


def _best(n: int, steps: Callable[[int], Iterator[_Step]]) -> _Reading:
    """The cheapest row of terms from 0 to n; no terms where none reaches."""
    best: list[_Step | None] = [None] * (n + 1)
    came = [0] * (n + 1)
    costs = [0.0] + [inf] * n
    for start in range(n):
        if costs[start] == inf:
            continue
        for step in steps(start):
            if costs[start] + step.cost < costs[step.end]:
                costs[step.end], best[step.end], came[step.end] = costs[start] + step.cost, step, start
    terms: list[str] = []
    at = n
    while at and (step_here := best[at]) is not None:
        terms.append(step_here.term)
        at = came[at]
    return _Reading(costs[n], tuple(reversed(terms)))


def _pairs(text: str) -> Codes:
    """Every two characters side by side, sorted, each once; of characters beyond the basic plane only a half."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    return np.unique((codes[:-1] << np.uint32(16)) | (codes[1:] & np.uint32(0xFFFF)))


def sound_of(word: str) -> str:
    """The word's pinyin without tones, syllables joined: 牛奶 is niunai."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(word))


def _terms(words: list[str]) -> set[tuple[str, ...]]:
    """Runs of one to LONGEST Chinese words side by side."""
    found = set()
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
            if not has_han(words[end - 1]):
                break
            found.add(tuple(words[start:end]))
    return found
