"""Misspelt words to words of the catalogue.

A word the catalogue says is never touched, nor one with a digit; one of everyday English that it does not say is
another thing, and touched only where the words beside it bear that out: `solar` is not a misspelt `solid`.

Candidates come from a symmetric-delete index (W. Garbe, SymSpell, 2012) under the optimal string alignment distance:
one edit in four letters, two from five on. What is meant is the cheapest by a noisy channel: what the errors cost on a
keyboard, against how often the catalogue and past queries say the word, and whether it stands beside its neighbour.
Source: Kernighan, Church, Gale, "A spelling correction program based on a noisy channel model", COLING 1990.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from shopkeeper.text import UNITS, has_han, is_code, singular_of, tokens
from shopkeeper.understand.english import everyday
from shopkeeper.understand.keyboard import BESIDE, DOUBLED, cost
from shopkeeper.understand.lexicon import Lexicon
from shopkeeper.understood import Change

if TYPE_CHECKING:
    from symspellpy.suggest_item import SuggestItem  # type: ignore[import-untyped]  # it has no types

_SMALL = frozenset(("a", "an", "and", "the", "for", "with", "without", "of", "in", "from", "to", "on", "by", "or"))
"""What stands beside one of these may be anything."""
SHORTEST = 4
"""Shorter words have too many neighbours to guess from."""
TARGET = 3
"""The shortest word that another is corrected to; to one as short only by a letter struck twice."""
OFTEN = 50
"""To one as short that is said more often, by one key struck wrongly besides."""
TWO_EDITS_FROM = 5
MOST_WORDS = 8
"""So many unknown words of a query are looked up: nobody misspells more, and each takes its time."""
WEIGHED = 16
"""Of the candidates so many are weighed, the nearest and most frequent ones."""


@dataclass(frozen=True, slots=True)
class Channel:
    """How errors are weighed: `an_error` is how many e-folds of frequency an error of cost 1 outweighs, `beside` how
    many a word is worth that stands beside its neighbour in the catalogue. No correction costs more than `most` a
    letter, and none that costs over `doubtful` a letter is to a word said less than `known` times."""

    an_error: float = 5.0
    beside: float = 5.0
    most: float = 0.36
    doubtful: float = 0.25
    known: int = 3


@dataclass(frozen=True, slots=True)
class Mended:
    """A word or two as typed, the words that were meant, and which part of the spelling says so: empty for none."""

    said: tuple[str, ...]
    meant: tuple[str, ...]
    by: str = ""


_CHANNEL = Channel()


class Speller:
    """Corrects the words of one query against a lexicon."""

    def __init__(self, lexicon: Lexicon, channel: Channel = _CHANNEL) -> None:
        from symspellpy import SymSpell  # type: ignore[import-untyped]  # it has no types

        self.lexicon = lexicon
        self._channel = channel
        self._asked: Mapping[str, int] = {}
        everyday()  # read now, not with the first query
        self._index = SymSpell(max_dictionary_edit_distance=2, prefix_length=7)
        self._learn(lexicon.counts)

    def grown(self, texts: Iterable[str]) -> "Speller":
        """A speller that knows these texts too. It shares the index of words, which only ever grows."""
        grown = copy(self)
        grown.lexicon = self.lexicon.grown(texts)
        counts = grown.lexicon.counts
        grown._learn({word: counts[word] for word in counts if not self.lexicon.says(word)})
        return grown

    def over(self, lexicon: Lexicon) -> "Speller":
        """A speller of the same words that knows what this lexicon knows."""
        other = copy(self)
        other.lexicon = lexicon
        return other

    def asked(self, queries: Mapping[str, int]) -> "Speller":
        """A speller that knows how often past queries were asked: of two words the one asked for is meant."""
        words: Counter[str] = Counter()
        for query, times in queries.items():
            for word in set(tokens(query)):
                words[word] += times
        asked = copy(self)
        asked._asked = words
        return asked

    def _learn(self, counts: Mapping[str, int]) -> None:
        for word, count in counts.items():
            if len(word) >= TARGET and not is_code(word) and not has_han(word):
                self._index.create_dictionary_entry(word, count)
                if (singular := singular_of(word)) is not None:
                    self._index.create_dictionary_entry(singular, count)

    def correct(self, words: list[str]) -> list[str] | None:
        """The words as they were meant; None when nothing is to be corrected or nothing near is known."""
        found = [word for part in self.mended(words) for word in part.meant]
        return found if found != words else None

    def mended(self, words: list[str]) -> list[Mended]:
        """The words in order, each alone or with the next one, with what was meant."""
        found: list[Mended] = []
        place = looked_up = 0
        while place < len(words):
            word = words[place]
            after = words[place + 1] if place + 1 < len(words) else ""
            known = self.lexicon.knows(word)
            if after and self._is_torn(word, after):
                found.append(Mended((word, after), (word + after,), "joined"))
                place += 2
                continue
            before = found[-1].meant[-1] if found else ""
            looked_up += not known
            plain = known or looked_up > MOST_WORDS
            found.append(Mended((word,), (word,)) if plain else self._mend(word, (before, after)))
            place += 1
        return found

    def _is_torn(self, word: str, after: str) -> bool:
        """Whether two words are one of the catalogue's, and not both its own; numbers are never put together."""
        knows = self.lexicon.knows
        return self.lexicon.says(word + after) and not (
            is_code(word) or is_code(after) or (knows(word) and knows(after))
        )

    def doubted(self, words: Sequence[str]) -> Change | None:
        """The first word that a text or two say and that is most likely a much more frequent one, misspelt there."""
        for word in words[:MOST_WORDS]:
            rare = (count := self.lexicon.count(word)) <= RARE and self.lexicon.knows(word)
            if rare and not _is_left_alone(word) and word not in everyday():
                meant = self._nearest(word, ("", ""), at_least=max(count, 1) * FAR_MORE)
                if meant is not None and cost(word, meant) <= SURE:
                    return Change("did_you_mean", word, meant)
        return None

    def _mend(self, word: str, beside: tuple[str, str]) -> Mended:
        if not _is_left_alone(word):
            if parts := self._split(word):
                return Mended((word,), tuple(parts), "split")
            if (meant := self._nearest(word, beside)) is not None:
                return Mended((word,), (meant,), "spelling")
        return Mended((word,), (word,))

    def _split(self, word: str) -> list[str]:
        pairs = ([word[:cut], word[cut:]] for cut in range(2, len(word) - 1))
        return next((pair for pair in pairs if self.lexicon.says_pair(" ".join(pair))), [])

    def _nearest(self, word: str, beside: tuple[str, str], at_least: int = 0) -> str | None:
        from symspellpy import Verbosity

        own = self._channel
        edits = 2 if len(word) >= TWO_EDITS_FROM else 1
        is_word = not at_least and word in everyday()
        near = [
            item
            for item in self._index.lookup(word, Verbosity.ALL, max_edit_distance=edits)
            if item.count >= at_least and item.term != word
        ]
        near.sort(key=lambda item: own.an_error * item.distance - log(self._often(item)))
        best, found = float("inf"), None
        for item in near[:WEIGHED]:
            fits = self._fits(item.term, beside)
            errors = cost(word, item.term)
            if errors > SURE if is_word else not fits and not self._is_likely(word, item, errors):
                continue
            if is_word and not fits:
                continue
            weighed = own.an_error * errors - log(self._often(item)) - (own.beside if fits else 0.0)
            if weighed < best:
                best, found = weighed, item.term
        return found

    def _often(self, item: "SuggestItem") -> int:
        """How often texts and past queries say the word, and once more."""
        return int(item.count) + self._asked.get(item.term, 0) + 1

    def _fits(self, term: str, beside: tuple[str, str]) -> bool:
        before, after = ("" if word in _SMALL or word in UNITS or is_code(word) else word for word in beside)
        says = self.lexicon.says_pair
        return says(f"{before} {term}") or says(f"{term} {after}")

    def _is_likely(self, word: str, item: "SuggestItem", errors: float) -> bool:
        """Whether a word that its neighbours do not bear out may be meant at all."""
        own = self._channel
        if len(item.term) < SHORTEST:
            return errors <= (BESIDE if self._often(item) > OFTEN else DOUBLED)
        if len(word) == SHORTEST and len(item.term) == SHORTEST and sorted(word) != sorted(item.term):
            return False  # one letter for another makes too many words: `coke` is not a misspelt `cake`
        most = own.most if self._often(item) > own.known else own.doubtful
        return errors <= most * len(word)


RARE, FAR_MORE, SURE = 2, 50, 1.0
"""A word of so few texts, beside one of so many times as many, by errors of so little cost, may be misspelt itself."""


def _is_left_alone(word: str) -> bool:
    return len(word) < SHORTEST or is_code(word) or word in UNITS or has_han(word)
