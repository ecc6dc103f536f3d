"""Texts as somebody else might have written them.

    varied("waterproof running shoes 42", Edits(typing=0.3), draw)  # "watterproof running shoes 42"

Codes, numbers, units and words that deny are never changed nor moved: they say which product it is, or turn an opinion
round.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from shopkeeper.encode.slips import misheard, neighbours, slipped
from shopkeeper.errors import TrainingError
from shopkeeper.text import UNITS, has_han

DENIALS = frozenset({"not", "no", "never", "none", "nor", "without", "free", "non", "cannot", "hardly"})
_DENYING = frozenset("不没无未别非勿莫")
_WORD = re.compile(r"[^\W_]+(?:[.'’/-][^\W_]+)*")
LONGEST = 3
"""Terms of up to this many words side by side have synonyms."""

Groups = tuple[tuple[str, ...], ...]
Term = tuple[str, ...]


@dataclass(frozen=True)
class Edits:
    """What is done to a text, each to a share of its words; `synonyms` are groups of terms that mean the same.

    Source: Wei, Zou, "EDA: Easy Data Augmentation Techniques", EMNLP 2019 (synonym, deletion, swap).
    """

    typing: float = 0.0
    deletion: float = 0.0
    swap: float = 0.0
    synonym: float = 0.0
    synonyms: Groups = ()

    def __bool__(self) -> bool:
        return any((self.typing, self.deletion, self.swap, self.synonym))

    @cached_property
    def others(self) -> Mapping[Term, Sequence[str]]:
        """What each term may be replaced by, the term as its words in small letters."""
        return {
            tuple(word.casefold() for word in _Parted.of(term).words): [other for other in group if other != term]
            for group in self.synonyms
            for term in group
        }


@dataclass
class _Parted:
    """A text's words, and what stands before each and behind the last."""

    words: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=lambda: [""])

    @classmethod
    def of(cls, text: str) -> "_Parted":
        parted, end = cls(), 0
        for found in _WORD.finditer(text):
            parted.gaps[-1] += text[end : found.start()]
            parted.add(found[0])
            end = found.end()
        parted.gaps[-1] += text[end:]
        return parted

    def add(self, word: str) -> None:
        """One word, or the words that a run of Chinese is."""
        if has_han(word):
            import rjieba

            pieces = rjieba.cut(word)
        else:
            pieces = [word]
        self.words += pieces
        self.gaps += [""] * len(pieces)

    def beside(self, at: int) -> bool:
        """Whether nothing but spaces stands between this word and the next one."""
        return not self.gaps[at + 1].strip()

    def leave_out(self, at: int) -> None:
        """Without the word at `at`, and one of the spaces around it."""
        before, behind = self.gaps[at], self.gaps.pop(at + 1)
        self.gaps[at] = before.rstrip() + behind if behind.strip() or at + 1 == len(self.words) else before
        del self.words[at]

    def replace(self, at: int, n: int, term: str) -> None:
        """The term in place of `n` words."""
        self.words[at : at + n] = [term]
        del self.gaps[at + 1 : at + n]

    def __str__(self) -> str:
        return self.gaps[0] + "".join(word + gap for word, gap in zip(self.words, self.gaps[1:], strict=True))


def varied(text: str, edits: Edits, draw: np.random.Generator) -> str:
    """The text with these edits, drawn with `draw`; one word at least is left, and signs between words stay."""
    if not edits:
        return text
    parted = _Parted.of(text)
    if edits.synonym:
        _exchange_terms(parted, edits, draw)
    if edits.deletion:
        _leave_out(parted, edits.deletion, draw)
    if edits.swap:
        _swap(parted, edits.swap, draw)
    if edits.typing:
        for at in _drawn(parted, edits.typing, draw):
            word = parted.words[at]
            parted.words[at] = misheard(word, draw) if has_han(word) else slipped(word, draw, neighbours)
    return str(parted)


def stays(word: str) -> bool:
    """Whether the word is never changed: a code, a number or a unit, or one that denies."""
    low = word.casefold()
    if low in UNITS or low in DENIALS or low.endswith(("n't", "n’t")):
        return True
    return any(letter.isnumeric() or letter in _DENYING for letter in low)


def synonyms(path: Path) -> Groups:
    """The groups of terms in a file: one a line, commas between them, `#` begins a comment.

    Raises TrainingError where there is no such file, or a line holds a single term.
    """
    form = "Write terms that mean the same on one line, commas between: sneakers, trainers"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path}: no synonyms can be read from it ({type(error).__name__}). {form}") from error
    groups = []
    for number, line in enumerate(lines, start=1):
        terms = tuple(dict.fromkeys(filter(None, (term.strip() for term in line.partition("#")[0].split(",")))))
        if len(terms) == 1:
            raise TrainingError(f"{path} line {number}: '{terms[0]}' stands alone. {form}")
        groups += [terms] if terms else []
    return tuple(groups)


def _drawn(parted: _Parted, share: float, draw: np.random.Generator) -> list[int]:
    """The places of words that are to change; each that may is drawn by itself."""
    chosen = draw.random(len(parted.words)) < share
    return [at for at, word in enumerate(parted.words) if chosen[at] and not stays(word)]


def _leave_out(parted: _Parted, share: float, draw: np.random.Generator) -> None:
    for at in reversed(_drawn(parted, share, draw)):
        if len(parted.words) > 1:
            parted.leave_out(at)


def _swap(parted: _Parted, share: float, draw: np.random.Generator) -> None:
    words, moved = parted.words, -1
    for at in _drawn(parted, share, draw):
        if moved < at < len(words) - 1 and parted.beside(at) and not stays(words[at + 1]):
            words[at], words[at + 1] = words[at + 1], words[at]
            moved = at + 1


def _exchange_terms(parted: _Parted, edits: Edits, draw: np.random.Generator) -> None:
    at = 0
    while at < len(parted.words):
        n, others = _known(parted, at, edits.others)
        if others and draw.random() < edits.synonym:
            parted.replace(at, n, others[int(draw.integers(len(others)))])
            n = 1
        at += n


def _known(parted: _Parted, at: int, others: Mapping[Term, Sequence[str]]) -> tuple[int, Sequence[str]]:
    """How many words from `at` on are the longest known term, and what else it is called."""
    words = parted.words
    for n in range(min(LONGEST, len(words) - at), 0, -1):
        whole = all(parted.beside(place) for place in range(at, at + n - 1))
        term = tuple(word.casefold() for word in words[at : at + n])
        if whole and term in others and not any(map(stays, term)):
            return n, others[term]
    return 1, ()
