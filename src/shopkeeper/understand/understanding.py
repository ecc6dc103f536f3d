"""A query's words to what is meant by them."""

import threading
from collections.abc import Iterable

from shopkeeper.ports import Encoder
from shopkeeper.text import has_han, language_of, normalise, tokens
from shopkeeper.types import Catalog, FloatArray, Intent, RowArray
from shopkeeper.understand.lexicon import Lexicon, is_code_query, row_texts
from shopkeeper.understand.pinyin import Pinyin
from shopkeeper.understand.spelling import Speller

LONGEST = 256
"""Characters of a query that are read."""


class Understanding:
    """Understands queries to one catalogue; `texts` are what it says (`lexicon.catalog_texts`)."""

    def __init__(self, encoder: Encoder | None, texts: Iterable[str]) -> None:
        said = list(dict.fromkeys(texts))
        self.encoder = encoder
        self._speller = Speller(Lexicon.of(said))
        self._updating = threading.Lock()
        self._pinyin = Pinyin(said) if any(map(has_han, said)) else None

    @property
    def lexicon(self) -> Lexicon:
        """The words that are known now."""
        return self._speller.lexicon

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        """Knows the words of new and renamed products at once. What a catalogue said once is never corrected."""
        said = row_texts(catalog, rows)
        with self._updating:
            if any(map(has_han, said)):
                if self._pinyin is None:
                    self._pinyin = Pinyin(said)
                else:
                    self._pinyin.add(said)
            self._speller = self._speller.grown(said)

    def understand(self, query: str) -> Intent:
        """The intent of a query; an empty one where there are no words.

        `query` is what was asked, in normal form. Where a `correction` is given, `tokens` and `vector` are of it.
        """
        asked = normalise(query)[:LONGEST].strip()
        words = tokens(asked)
        if not words:
            return Intent(query=asked, language=language_of(asked))
        correction = self._correct(asked, words)
        meant = correction or asked
        vector = self.encoder.encode([meant], "query")[0] if self.encoder is not None else None
        return Intent(
            query=asked,
            language=language_of(meant),
            tokens=tuple(tokens(meant) if correction else words),
            is_code=is_code_query(words),
            correction=correction,
            vector=vector,
        )

    def _correct(self, asked: str, words: list[str]) -> str | None:
        if is_code_query(words):
            return None
        if has_han(asked):
            # a wrong character still gives words the catalogue knows, so its sound is asked in any case
            return self._pinyin.term(asked) if self._pinyin is not None else None
        speller = self._speller  # one for the whole query, whatever comes meanwhile
        if all(map(speller.lexicon.knows, words)):
            return None
        sounded = self._pinyin.term(asked) if self._pinyin is not None else None
        if sounded is not None:
            return sounded
        corrected = speller.correct(words)
        return " ".join(corrected) if corrected else None
