"""A shop's own text as a model reads it, token by token, with the words that the tokens belong to.

Needs the model extra.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from shopkeeper.encode.corpus import Corpus, held_out
from shopkeeper.encode.model import Kind, TextModel, cut
from shopkeeper.errors import TrainingError
from shopkeeper.text import spans
from shopkeeper.types import IntArray

LEAST, MEASURED = 200, 500
"""Fewer texts than LEAST of two words and more teach no shop's language; so many held-out ones are measured."""
DICE = 2**31
AT_ONCE, TOGETHER = 2048, 64


@dataclass(frozen=True, slots=True)
class Worded:
    """A text's token ids, and of each token the number of its word from 0, -1 where it is no word's; int64 (t,)."""

    ids: IntArray
    words: IntArray

    @property
    def n_words(self) -> int:
        return int(self.words.max()) + 1


def worded(model: TextModel, texts: Sequence[str], kind: Kind) -> Iterator[Worded]:
    """Each text as the model reads it, cut as it cuts. The prefix, punctuation and what opens and closes are no words.

    Words are those of `text.spans`, so that Chinese ones are of several characters; where a token reaches over two
    words, they count as one.
    """
    prefix = model.prefix(kind)
    for start in range(0, len(texts), AT_ONCE):
        some = [prefix + text for text in texts[start : start + AT_ONCE]]
        for text, encoding in zip(some, model.tokenizer.encode_batch(some), strict=True):
            places = [place for place in spans(text) if place[0] >= len(prefix)]
            ids, words = encoding.ids, _words_of(encoding.offsets, places)
            yield Worded(*(np.array(cut(own, model.max_tokens), np.int64) for own in (ids, words)))


def _words_of(offsets: Sequence[tuple[int, int]], places: Sequence[tuple[int, int]]) -> list[int]:
    """The word of each token, both in the order of the text."""
    found, number, at, reached = [], -1, 0, 0
    for start, end in offsets:
        while at < len(places) and places[at][1] <= start:
            at += 1
        if at == len(places) or end <= places[at][0] or start == end:
            found.append(-1)
            continue
        number += places[at][0] >= reached
        while at + 1 < len(places) and places[at + 1][0] < end:
            at += 1
        reached = max(reached, places[at][1])
        found.append(number)
    return found


Thrown = Sequence[tuple[Worded, np.random.Generator]]
"""Texts, each with its own dice."""


@dataclass(frozen=True)
class OwnText:
    """What is written in a shop, each text once: those that are taught, and some of those that are held out.

    `known` int64 (n,), ascending, are the tokens of their words, `counts` how often there is each.
    """

    taught: Sequence[Worded]
    aside: Sequence[Worded]
    known: IntArray
    counts: IntArray

    @classmethod
    def of(cls, model: TextModel, corpus: Corpus, most: int, task: str, draw: np.random.Generator) -> "OwnText":
        """At most `most` of the corpus's texts, queries and reviews; those of one word alone are left out.

        Raises TrainingError, in the name of the task, where fewer than LEAST are left.
        """
        said = list(dict.fromkeys((*corpus.queries, *corpus.reviews.texts)))
        sources: list[tuple[Kind, dict[str, bool]]] = [
            ("passage", dict(zip(corpus.texts, corpus.held_out.tolist(), strict=True))),
            ("query", dict(zip(said, held_out(said).tolist(), strict=True))),
        ]
        n = sum(len(out) for _, out in sources)
        kept, start = np.sort(draw.permutation(n)[:most]), 0
        taught, aside = list[Worded](), list[Worded]()
        for kind, out in sources:
            texts = list(out)
            some = [texts[place - start] for place in kept[(kept >= start) & (kept < start + len(texts))].tolist()]
            for text, read in zip(some, worded(model, some, kind), strict=True):
                if read.n_words > 1:
                    (aside if out[text] else taught).append(read)
            start += len(texts)
        if len(taught) + len(aside) < LEAST or not taught or not aside:
            raise TrainingError(
                f"encode.{task}: {n} texts, of which {len(taught)} of two words and more can be taught and "
                f"{len(aside)} held out; at least {LEAST} and one of each are needed. Import more products, queries "
                f"or reviews, or leave {task} out of encode.tasks"
            )
        measured = [aside[place] for place in draw.permutation(len(aside))[:MEASURED].tolist()]
        tokens = np.concatenate([text.ids[text.words >= 0] for text in (*taught, *measured)])
        return cls(taught, measured, *np.unique(tokens, return_counts=True))

    def drawn(self, n: int, draw: np.random.Generator) -> IntArray:
        """`n` examples, int64: each a text that is taught and the seed of what happens to it, in one number."""
        return draw.integers(len(self.taught), size=n) * DICE + draw.integers(DICE, size=n)

    def read(self, examples: IntArray) -> Thrown:
        """The texts of the examples: the same example is thrown alike every time."""
        return [(self.taught[each // DICE], np.random.default_rng(each % DICE)) for each in examples.tolist()]

    def measured(self) -> list[Thrown]:
        """The held-out texts in parts, with the same dice at every measurement."""
        return in_parts([(text, np.random.default_rng(at)) for at, text in enumerate(self.aside)])


def in_parts(thrown: Thrown) -> list[Thrown]:
    """Few enough at once for the logits of all known tokens."""
    return [thrown[start : start + TOGETHER] for start in range(0, len(thrown), TOGETHER)]
