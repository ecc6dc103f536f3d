"""A query's words to what is meant by them."""

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import compress
from pathlib import Path

from shopkeeper.ports import Encoder
from shopkeeper.settings import Understand
from shopkeeper.text import folded, has_han, language_of, normalise, tokens
from shopkeeper.types import Catalog, FloatArray, Intent, RowArray
from shopkeeper.understand.correction import Corrector
from shopkeeper.understand.forms import forms
from shopkeeper.understand.lexicon import Lexicon, is_code_query, row_texts
from shopkeeper.understand.pinyin import Pinyin
from shopkeeper.understand.question import service_of
from shopkeeper.understand.sentiment import sentiment_of
from shopkeeper.understand.spelling import Speller
from shopkeeper.understand.synonyms import Meant, Synonyms
from shopkeeper.understood import About, Mined

LONGEST = 256
"""Characters of a query that are read."""
READ = 8
"""Of so many times as many characters the normal form is taken: most of a query may be spaces."""
BY_DEFAULT = Understand()
NO_OTHERS = Meant()


class Understanding:
    """Understands queries to one catalogue; `texts` are what it says (`lexicon.catalog_texts`)."""

    def __init__(
        self, encoder: Encoder | None, texts: Iterable[str], settings: Understand = BY_DEFAULT, folder: Path = Path()
    ) -> None:
        """Raises SettingError where the settings' synonyms, or those in a file in `folder`, contradict one another."""
        self._synonyms = Synonyms(settings.synonyms, folder)
        self._mined = Synonyms.mined((), settings.synonyms)
        said = list(dict.fromkeys((*texts, *self._synonyms.texts())))
        self.encoder = encoder
        self._settings = settings
        self._updating = threading.Lock()
        lexicon = Lexicon.of(said)
        self._corrector = Corrector(
            lexicon,
            Speller(lexicon) if settings.spelling else None,
            Pinyin(said) if settings.pinyin and any(map(has_han, said)) else None,
        )

    @property
    def lexicon(self) -> Lexicon:
        """The words that are known now."""
        return self._corrector.lexicon

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        """Knows the words of new and renamed products at once. What a catalogue said once is never corrected."""
        self._heard(row_texts(catalog, rows))

    def mean(self, mined: Iterable[Mined]) -> None:
        """Takes what was mined for synonyms, as far as the settings allow; what stands for others is a known word."""
        self._mined = Synonyms.mined(mined, self._settings.synonyms)
        self._heard(self._mined.texts())

    def _heard(self, said: list[str]) -> None:
        with self._updating:
            speller, pinyin = self._corrector.speller, self._corrector.pinyin
            if self._settings.pinyin and any(map(has_han, said)):
                if pinyin is None:
                    pinyin = Pinyin(said)
                else:
                    pinyin.add(said)
            speller = speller.grown(said) if speller is not None else None
            lexicon = speller.lexicon if speller is not None else self.lexicon.grown(said)
            self._corrector = Corrector(lexicon, speller, pinyin)

    def find_in(self, is_found: Callable[[str], bool]) -> None:
        """Leaves alone whatever word is found by a search, though no title, brand or category says it."""
        with self._updating:
            lexicon = replace(self.lexicon, elsewhere=is_found)
            speller = self._corrector.speller
            self._corrector = Corrector(lexicon, speller and speller.over(lexicon), self._corrector.pinyin)

    def remember(self, queries: Mapping[str, int]) -> None:
        """Knows past queries, with how often each was asked."""
        with self._updating:
            speller = self._corrector.speller
            self._corrector = replace(self._corrector, speller=speller and speller.asked(queries))

    def understand(self, query: str, kept: re.Pattern[str] | None = None) -> Intent:
        """The intent of a query; an empty one where there are no words. What `kept` finds is never corrected.

        `query` is what was asked, in normal form. Where a `correction` is given, `tokens` and `vector` are of it.
        """
        asked = normalise(query[: READ * LONGEST])[:LONGEST].strip()
        words = tokens(asked)
        if not words:
            return Intent(query=asked, language=language_of(asked))
        corrector = self._corrector  # one for the whole query, whatever comes meanwhile
        says_all = corrector.lexicon.says_all
        feels = sentiment_of(asked, says_all) if self._settings.sentiment else None
        if self._settings.service and (about := service_of(asked, says_all, complains=feels == "negative")) is not None:
            return replace(self._question(asked, words, about), sentiment=feels)
        plain = folded(asked)
        corrected = corrector.correct(plain, words, kept)
        meant = corrected.text or (plain if has_han(asked) else asked)
        vector = self.encoder.encode([meant], "query")[0] if self.encoder is not None else None
        searched, is_code = tokens(meant) if corrected.text else words, self._settings.codes and is_code_query(words)
        stands = kept is not None and kept.search(plain) is not None
        others = NO_OTHERS if is_code or not self._settings.synonyms.enabled else self._meant(searched)
        return Intent(
            query=asked,
            language=language_of(meant),
            tokens=tuple(searched),
            is_code=is_code,
            kind="code" if is_code else "product",
            correction=corrected.text,
            vector=vector,
            changes=(*forms(asked), *corrected.changes, *others.changes),
            alternatives=others.alternatives,
            maybe=corrector.doubted(words) if self._settings.did_you_mean and not (corrected.text or stands) else None,
            sentiment=feels,
        )

    def _question(self, asked: str, words: list[str], about: About) -> Intent:
        """A question for the service: its words as they stand, neither corrected nor replaced."""
        vector = self.encoder.encode([asked], "query")[0] if self.encoder is not None else None
        return Intent(
            asked, language_of(asked), tuple(words), vector=vector, changes=forms(asked), kind="service", about=about
        )

    def _meant(self, searched: list[str]) -> Meant:
        """The merchant's synonyms, and of what was mined what those do not say."""
        own, mined = self._synonyms.meant(searched), self._mined.meant(searched)
        said = {(each.said, each.meant) for each in own.alternatives}
        new = [(each.said, each.meant) not in said for each in mined.alternatives]
        return Meant(
            (*own.alternatives, *compress(mined.alternatives, new)), (*own.changes, *compress(mined.changes, new))
        )
