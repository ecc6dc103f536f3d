"""Misspelt words to words of the catalogue.

A word the catalogue says is never touched, nor one with a digit. Candidates come from a symmetric-delete index
(W. Garbe, SymSpell, 2012) under the optimal string alignment distance: one edit up to seven letters, two from eight on.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING

from shopkeeper.text import has_han, is_code, singular_of
from shopkeeper.understand.lexicon import Lexicon

if TYPE_CHECKING:
    from symspellpy.suggest_item import SuggestItem  # type: ignore[import-untyped]  # it has no types

SHORTEST = 4
"""Shorter words have too many neighbours to guess from."""
TWO_EDITS_FROM = 8
SURE_FROM = 6
"""A shorter word must keep its first letter: `book` is not a misspelt `cook`."""


class Speller:
    """Corrects the words of one query against a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        from symspellpy import SymSpell  # type: ignore[import-untyped]  # it has no types

        self.lexicon = lexicon
        self._index = SymSpell(max_dictionary_edit_distance=2, prefix_length=7)
        self._learn(lexicon.counts)

    def grown(self, texts: Iterable[str]) -> "Speller":
        """A speller that knows these texts too. It shares the index of words, which only ever grows."""
        grown = copy(self)
        grown.lexicon = self.lexicon.grown(texts)
        counts = grown.lexicon.counts
        grown._learn({word: counts[word] for word in counts if not self.lexicon.says(word)})
        return grown

    def _learn(self, counts: Mapping[str, int]) -> None:
        for word, count in counts.items():
            if len(word) >= SHORTEST and not is_code(word) and not has_han(word):
                self._index.create_dictionary_entry(word, count)
                if (singular := singular_of(word)) is not None:
                    self._index.create_dictionary_entry(singular, count)

    def correct(self, words: list[str]) -> list[str] | None:
        """The words as they were meant; None when nothing is to be corrected or nothing near is known."""
        found: list[str] = []
        place = 0
        while place < len(words):
            word = words[place]
            joined = word + words[place + 1] if place + 1 < len(words) else ""
            known = self.lexicon.knows(word)
            if self.lexicon.says(joined) and not (known and self.lexicon.knows(words[place + 1])):
                found.append(joined)
                place += 2
                continue
            beside = (found[-1] if found else "", words[place + 1] if joined else "")
            found.extend([word] if known else self._mend(word, beside))
            place += 1
        return found if found != words else None

    def _mend(self, word: str, beside: tuple[str, str]) -> list[str]:
        if len(word) < SHORTEST or is_code(word) or has_han(word):
            return [word]
        return self._split(word) or [self._nearest(word, beside) or word]

    def _split(self, word: str) -> list[str]:
        pairs = ([word[:cut], word[cut:]] for cut in range(2, len(word) - 1))
        return next((pair for pair in pairs if self.lexicon.says_pair(" ".join(pair))), [])

    def _nearest(self, word: str, beside: tuple[str, str]) -> str | None:
        from symspellpy import Verbosity

        edits = 2 if len(word) >= TWO_EDITS_FROM else 1
        near = self._index.lookup(word, Verbosity.ALL, max_edit_distance=edits)
        if len(word) < SURE_FROM:
            near = [item for item in near if item.term[0] == word[0]]

        def fits(item: "SuggestItem") -> bool:
            says = self.lexicon.says_pair
            return says(f"{beside[0]} {item.term}") or says(f"{item.term} {beside[1]}")

        def order(item: "SuggestItem") -> tuple[int, bool, bool, int]:
            return item.distance, not fits(item), item.term[0] != word[0], -item.count

        if len(word) == SHORTEST:  # one letter for another makes too many words: `coke` is not a misspelt `cake`
            near = [item for item in near if not _exchanged(word, item.term) or fits(item)]

        return min(near, key=order).term if near else None


def _exchanged(word: str, other: str) -> bool:
    """Whether the words differ by another letter, not by one more, one less or two swapped."""
    return len(word) == len(other) and sorted(word) != sorted(other)
