"""A query's words as they were meant: by spelling, and by sound where the catalogue is Chinese.

What is corrected is what the catalogue does not say; never codes, numbers and units.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shopkeeper.text import UNITS, has_han, is_code, tokens
from shopkeeper.understand.lexicon import Lexicon, is_code_query
from shopkeeper.understand.pinyin import Pinyin
from shopkeeper.understand.spelling import Speller
from shopkeeper.understood import Change

_PART = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\s\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|\s+")


@dataclass(frozen=True)
class Corrected:
    """The query as it was meant, None where it stands as typed, and what became of which words."""

    text: str | None = None
    changes: tuple[Change, ...] = ()


AS_TYPED = Corrected()


@dataclass(frozen=True)
class Corrector:
    """Corrects queries to one catalogue. `speller` or `pinyin` is None where that part is switched off or useless."""

    lexicon: Lexicon
    speller: Speller | None
    pinyin: Pinyin | None

    def correct(self, asked: str, words: Sequence[str], kept: re.Pattern[str] | None = None) -> Corrected:
        """The query in normal form, whose tokens are `words`, as it was meant. What `kept` finds is not touched."""
        if is_code_query(words):
            return AS_TYPED
        if kept is not None and kept.search(asked):
            return self._around(asked, kept)
        if has_han(asked):
            return self._mixed(asked)
        if all(map(self.lexicon.knows, words)):
            return AS_TYPED
        if (spelt := self._spelt(words)) is not None:
            return Corrected(spelt, (Change("pinyin", asked, spelt),))
        return self._mended(words)

    def _around(self, asked: str, kept: re.Pattern[str]) -> Corrected:
        """What stands before, between and after the words that are kept, each corrected by itself."""
        parts: list[str] = []
        changes: list[Change] = []
        at = 0
        for found in [*kept.finditer(asked), None]:
            free = asked[at : found.start() if found else len(asked)]
            inner = self.correct(free.strip(), words) if (words := tokens(free)) else AS_TYPED
            parts.append(free if inner.text is None else free.replace(free.strip(), inner.text))
            changes.extend(inner.changes)
            if found:
                parts.append(found[0])
                at = found.end()
        return Corrected("".join(parts), tuple(changes)) if changes else AS_TYPED

    def doubted(self, words: Sequence[str]) -> str | None:
        """What may have been meant by words that the catalogue says, but one of them perhaps misspelt."""
        doubt = None if self.speller is None or is_code_query(words) else self.speller.doubted(words)
        return None if doubt is None else " ".join(doubt.meant if word == doubt.said else word for word in words)

    def _spelt(self, words: Sequence[str]) -> str | None:
        return None if self.pinyin is None else self.pinyin.spelt(words)

    def _mended(self, words: Sequence[str]) -> Corrected:
        if self.speller is None:
            return AS_TYPED
        parts = self.speller.mended(list(words))
        changes = tuple(Change(part.by, " ".join(part.said), " ".join(part.meant)) for part in parts if part.by)
        if not changes:
            return AS_TYPED
        return Corrected(" ".join(word for part in parts for word in part.meant), changes)

    def _mixed(self, asked: str) -> Corrected:
        """Runs of Chinese characters by their sound, words of letters between them by pinyin or spelling."""
        parts: list[str] = []
        changes: list[Change] = []
        for part in _PART.findall(asked):
            meant, by = self._part(part)
            if meant is not None and meant != part:
                changes.append(Change(by, part, meant))
            parts.append(meant or part)
        return Corrected("".join(parts), tuple(changes)) if changes else AS_TYPED

    def _part(self, part: str) -> tuple[str | None, str]:
        if has_han(part):
            return (None if self.pinyin is None else self.pinyin.heard(part)), "homophone"
        words = tokens(part)
        if all(map(self._stands, words)):
            return None, ""
        if (spelt := self._spelt(words)) is not None:
            return spelt, "pinyin"
        mended = self._mended(words)
        return mended.text, mended.changes[0].by if mended.changes else ""

    def _stands(self, word: str) -> bool:
        return is_code(word) or word in UNITS or self.lexicon.knows(word)
