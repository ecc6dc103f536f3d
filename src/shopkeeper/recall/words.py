"""An inverted index over texts: BM25 over fields, and what to do when nothing matches."""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path
from re import compile as pattern

import numpy as np
import tantivy

from shopkeeper.text import UNITS, has_han, is_code, other_numbers, singular_of, tokens_and_unmeasured
from shopkeeper.types import BoolArray, FloatArray, RowArray
from shopkeeper.understood import Alternative

STEMS = "stems"
_PIECES = pattern(r"[./'\-]")
_MODEL = pattern(r"([a-z]{2,})-?(\d{1,5})")
_LETTERS, _DIGITS = pattern(r"[a-z]{2,}"), pattern(r"\d{1,5}")
_HEAP_BYTES = 50_000_000
_PREFIX_TERMS = 30
BELOW = 0.25
"""The best text that holds some of the words has this part of the score of the last that holds all."""
_MIN_FUZZY = 5
_TWO_EDITS_FROM = 8
_PREPOSITIONS = frozenset({"for", "with", "without", "of", "in", "from"})
SMALL = _PREPOSITIONS | {"a", "an", "the", "and", "的"}


@dataclass(frozen=True, slots=True)
class FieldText:
    """What is searched of a text, by field: each a string of words as people write them."""

    title: str
    brand: str
    category: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """What is asked beside the words: `others` stand in for parts of them, for a single word everywhere, for several
    only where all words are asked for; `hints` may miss, but count."""

    others: Sequence[Alternative] = ()
    hints: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Matches:
    """Texts that match, best first: numbers int32 (m,), BM25 scores float32 (m,); the first `n_whole` hold every word.

    The scores of the others are `scaled` to lie below, unless a ranker is to weigh them all.
    """

    texts: RowArray
    scores: FloatArray
    n_whole: int = 0

    def among(self, kept: BoolArray) -> "Matches":
        """Those of the matches that are kept, bool (m,)."""
        return Matches(self.texts[kept], self.scores[kept], int(kept[: self.n_whole].sum()))

    def worth(self, share: float) -> "Matches":
        """Those that hold every word, and of the others those that score this share of the best of all."""
        least = share * float(self.scores.max(initial=0.0))
        return self.among((np.arange(len(self.texts)) < self.n_whole) | (self.scores >= least))

    def followed_by(self, texts: RowArray, scores: FloatArray, *, scaled: bool = True) -> "Matches":
        """These matches, and then those of the others, best first, that are not among them; see `scaled` above."""
        new = ~np.isin(texts, self.texts)
        if not new.any():
            return self
        below = BELOW * float(self.scores.min()) / float(scores[new].max()) if scaled and len(self.texts) else 1.0
        joined = np.concatenate((self.texts, texts[new])), np.concatenate((self.scores, scores[new] * below))
        return Matches(*joined, self.n_whole)


class WordIndex:
    """Texts by number in a folder of its own, which goes when the index does. Searching and adding are thread-safe."""

    def __init__(self, boosts: Mapping[str, float], saved: Path | None = None) -> None:
        """An empty index, or a copy of a saved one: saved folders belong to versions and are never written.

        `boosts` is what a match in each field counts, `plural` a match of the title in the word's other number; a
        word's best field counts in full, the others a tenth.
        """
        self._boosts = boosts
        self._folder = tempfile.mkdtemp(prefix="shopkeeper-words-")
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        if saved is not None:
            shutil.copytree(saved, self._folder, dirs_exist_ok=True)
        self._index = tantivy.Index(_schema(), path=self._folder)
        self._index.register_tokenizer("words", _analyser().build())
        self._index.register_tokenizer("stems", _analyser().build())
        self._schema = self._index.schema
        self._searcher = self._index.searcher()
        self._lock = threading.Lock()

    def add(self, numbered: Iterable[tuple[int, FieldText]]) -> None:
        """Adds texts under their numbers; they are found when this returns."""
        with self._lock:
            writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
            for number, text in numbered:
                writer.add_document(_document(number, text))
            writer.commit()
            writer.wait_merging_threads()
            self._index.reload()
            self._searcher = self._index.searcher()

    def save(self, folder: Path) -> None:
        """Copies the index into an existing folder."""
        with self._lock:
            shutil.copytree(self._folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.lock"))

    def any(self, words: Sequence[str], most: int = 10_000) -> Matches:
        """Texts that hold one of the words at least."""
        searcher = self._searcher
        return Matches(*self._hits(self._any(words, searcher), searcher, most))

    def says(self, word: str) -> bool:
        """Whether any text says the word, in this number or the other."""
        return bool(self._searcher.doc_freq(STEMS, _stem(word)))

    def search(
        self,
        words: Sequence[str],
        beside: Beside | None = None,
        *,
        exact: bool = False,
        most: int = 10_000,
        enough: int | None = 1,
    ) -> Matches:
        """Texts that hold all words; where there are none, the first of these that finds any:

        the last word as a prefix, unknown words spelt nearly so, all without small words such as "for", all but one
        with the head, the head, all but one, any. The head is the noun that says what is wanted: the last known word
        before a preposition. Of Chinese words, which no prepositions stand between, the least informative one is left
        out, by how many texts say it, then the next. `exact` stops after the prefix: a code is never guessed. Fewer
        than `enough` texts that hold all words are followed by those that hold some, as above; None: by all that hold
        any, each with its score.
        """
        searcher = self._searcher
        found = Matches(np.empty(0, np.int32), np.empty(0, np.float32))
        beside = beside or Beside()
        for query, whole in self._ladder(list(dict.fromkeys(words)), searcher, exact, beside.others):
            if whole and len(found.texts):
                continue
            liked = [(tantivy.Occur.Should, self._word(word, searcher, False)) for word in beside.hints]
            asked = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *liked]) if liked else query
            texts, scores = self._hits(asked, searcher, most)
            if not len(texts):
                continue
            if not len(found.texts):
                found = Matches(texts, scores, len(texts) if whole else 0)
            else:
                found = found.followed_by(texts, scores)
            if enough is None or not found.n_whole or len(found.texts) >= enough:
                break
        if enough is None and len(words) > 1 and not exact:
            found = found.followed_by(*self._hits(self._any(words, searcher), searcher, most), scaled=False)
        return found

    def _any(self, words: Sequence[str], searcher: tantivy.Searcher) -> tantivy.Query:
        """One of the words at least, small ones apart."""
        said = [word for word in dict.fromkeys(words) if word not in SMALL] or words
        return _some([self._near(word, searcher) or self._word(word, searcher, False) for word in said])

    @staticmethod
    def _hits(query: tantivy.Query, searcher: tantivy.Searcher, most: int) -> tuple[RowArray, FloatArray]:
        """The texts that match, best first, and their scores."""
        hits = searcher.search(query, limit=most, count=False).hits
        if not hits:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        scores, addresses = zip(*hits, strict=True)  # of many hits a third of the time that two comprehensions take
        return np.array(searcher.fast_field_values("text", list(addresses)), np.int32), np.array(scores, np.float32)

    def _ladder(
        self, words: list[str], searcher: tantivy.Searcher, exact: bool, others: Sequence[Alternative]
    ) -> Iterator[tuple[tantivy.Query, bool]]:
        if not words:
            return
        whole = [self._word(word, searcher, len(words) == 1) for word in words]
        whole = [self._or(query, (word,), searcher, others) for word, query in zip(words, whole, strict=True)]
        yield _all(list(self._parts(words, whole, searcher, others))), True
        begun = self._begun(words[-1], searcher)
        if begun:
            yield _all([*whole[:-1], _either(begun)]), True
        if exact:
            return
        near = [self._near(word, searcher) or query for word, query in zip(words, whole, strict=True)]
        if any(one is not other for one, other in zip(near, whole, strict=True)):
            yield _all(near), True
        said = [at for at, word in enumerate(words) if word not in SMALL]
        if 0 < len(said) < len(words):
            yield _all([near[at] for at in said]), True
        if any(has_han(words[at]) for at in said):
            for kept in _by_frequency([words[at] for at in said], searcher):
                yield _all([near[words.index(word)] for word in kept]), False
        elif len(said) > 1:
            for query in _in_part([near[at] for at in said], said.index(_head(words, said, searcher))):
                yield query, False

    def _word(self, word: str, searcher: tantivy.Searcher, alone: bool) -> tantivy.Query:
        """The word in any field, in either number; a joined word ("ice-cream") also as its pieces.

        Of a word `alone`, a title that says it in the other number is found as well as by the word.
        """
        ways = [self._term(name, word) for name in _schema_fields()]
        if alone:
            others = [form for form in other_numbers(word) if searcher.doc_freq("title", form)]
            ways.extend(self._term("title", form, "plural") for form in others)
        ways.append(self._term(STEMS, _stem(word)))
        if (model := _MODEL.fullmatch(word)) is not None and "-" in word:
            ways.append(self._term(STEMS, model[1] + model[2]))
        pieces = [piece for piece in _PIECES.split(word) if piece]
        if len(pieces) > 1:
            ways.append(_all([self._term(STEMS, _stem(piece)) for piece in pieces]))
        return _either(ways)

    def _or(
        self, query: tantivy.Query, said: tuple[str, ...], searcher: tantivy.Searcher, others: Sequence[Alternative]
    ) -> tantivy.Query:
        """The query for a part of the words, or what stands in for it at its lower weight."""
        instead = [
            tantivy.Query.boost_query(_all([self._word(word, searcher, False) for word in other.meant]), other.weight)
            for other in others
            if other.said == said
        ]
        return _either([query, *instead]) if instead else query

    def _parts(
        self, words: list[str], whole: list[tantivy.Query], searcher: tantivy.Searcher, others: Sequence[Alternative]
    ) -> Iterator[tantivy.Query]:
        """A query for each word, but one for several words together that others stand in for."""
        at = 0
        while at < len(words):
            said = next((one.said for one in others if len(one.said) > 1 and _begins(words[at:], one.said)), ())
            n = max(len(said), 1)
            yield self._or(_all(whole[at : at + n]), said, searcher, others) if said else whole[at]
            at += n

    def _term(self, name: str, word: str, counts_as: str = "") -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, name, word, index_option="freq")
        return tantivy.Query.boost_query(query, self._boosts.get(counts_as or name, 1.0))

    def _begun(self, prefix: str, searcher: tantivy.Searcher) -> list[tantivy.Query]:
        terms = searcher.terms_with_prefix("title", prefix, limit=_PREFIX_TERMS)
        return [self._term("title", term) for term, _ in terms]

    def _near(self, word: str, searcher: tantivy.Searcher) -> tantivy.Query | None:
        """The words spelt nearly like an unknown one; None for known words, short ones and anything with a digit."""
        if len(word) < _MIN_FUZZY or any(letter.isdigit() for letter in word):
            return None
        if searcher.doc_freq(STEMS, _stem(word)):
            return None
        distance = 1 if len(word) < _TWO_EDITS_FROM else 2
        return _either(
            [
                tantivy.Query.boost_query(
                    tantivy.Query.fuzzy_term_query(self._schema, name, word, distance), self._boosts.get(name, 1.0)
                )
                for name in _schema_fields()
            ]
        )


_FIELDS = tuple(FieldText.__dataclass_fields__)


def _schema_fields() -> tuple[str, ...]:
    return _FIELDS


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name in _schema_fields():
        builder.add_text_field(name, tokenizer_name="words", index_option="freq")
    builder.add_text_field(STEMS, tokenizer_name="stems", index_option="freq")
    # Signed on purpose: Python's int reaches tantivy as signed, and an unsigned column kills its writer.
    builder.add_integer_field("text", fast=True)
    return builder.build()


def _analyser() -> tantivy.TextAnalyzerBuilder:
    """Words are segmented before they come here, so that splitting at spaces is all that is left to do."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())


def _document(number: int, text: FieldText) -> tantivy.Document:
    document = tantivy.Document()
    document.add_integer("text", number)
    stems: list[str] = []
    for name in _schema_fields():
        words, apart = tokens_and_unmeasured(getattr(text, name))
        if not words:
            continue
        document.add_text(name, " ".join(words))
        stems.extend(chain.from_iterable(map(_stems, words)))
        stems.extend(_joined(words))
        stems.extend(map(_stem, apart))
    document.add_text(STEMS, " ".join(stems))
    return document


@lru_cache(maxsize=1 << 16)
def _stems(word: str) -> tuple[str, ...]:
    """The stem of a word, those of its pieces, and what a model may be typed as: `wd40` and both its parts of wd-40."""
    found = [word, *(piece for piece in _PIECES.split(word) if piece and piece != word)]
    if (parts := _MODEL.fullmatch(word)) is not None:
        found += [parts[1] + parts[2], parts[1], parts[2]]
    return tuple(map(_stem, found))


def _joined(words: Sequence[str]) -> Iterator[str]:
    """What a name and its number may be typed as besides: `iphone12` of iphone 12."""
    for word, after in pairwise(words):
        if after.isdigit() and _LETTERS.fullmatch(word) and _DIGITS.fullmatch(after):
            yield _stem(word + after)


def _stem(word: str) -> str:
    """The word without its plural: no more, since a treat is no treatment."""
    singular = singular_of(word) or word
    return singular.removesuffix("ie") + "y" if singular.endswith("ie") else singular  # cookies would be of a cooky


def _head(words: Sequence[str], said: Sequence[int], searcher: tantivy.Searcher) -> int:
    """Which of the words said is what is wanted, the others what it is like: wine of `red wine for cooking`."""
    end = next((at for at, word in enumerate(words) if word in _PREPOSITIONS), len(words))
    nouns = [at for at in said if not is_code(words[at]) and words[at] not in UNITS] or list(said)
    known = [at for at in nouns if searcher.doc_freq(STEMS, _stem(words[at]))] or nouns
    return ([at for at in known if at < end] or known)[-1]


def _by_frequency(words: Sequence[str], searcher: tantivy.Searcher) -> Iterator[list[str]]:
    """The words that some text says, then without the most frequent of them, and so on down to the rarest one.

    Single characters and codes say less than words and go first.
    """
    said = {word: searcher.doc_freq(STEMS, _stem(word)) for word in words}
    known = [word for word in words if said[word]]
    rarest = sorted(known, key=lambda word: (len(word) < 2 or is_code(word), said[word]))
    for n in range(min(len(rarest), len(words) - 1), 0, -1):
        yield rarest[:n]


def _in_part(words: list[tantivy.Query], head: int) -> Iterator[tantivy.Query]:
    """All words but one and the head alone, then any words but one and any."""
    others = [(tantivy.Occur.Should, word) for at, word in enumerate(words) if at != head]
    for fewest in dict.fromkeys((len(words) - 2, 0)):
        yield tantivy.Query.boolean_query([(tantivy.Occur.Must, words[head]), *others], fewest or None)
    for fewest in dict.fromkeys((len(words) - 1, 1)):
        yield tantivy.Query.boolean_query([(tantivy.Occur.Should, word) for word in words], fewest)


def _begins(words: Sequence[str], said: tuple[str, ...]) -> bool:
    return tuple(words[: len(said)]) == said


def _all(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in queries])


def _some(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def _either(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.disjunction_max_query(list(queries), 0.1)
