"""How much of what a query says each text holds, for all texts at once: the words' half of a teacher without labels.

A shop's searches have an index (`recall/sources/lexical.py`); this is a matrix, made in seconds and thrown away.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from shopkeeper.text import singular_of, tokens
from shopkeeper.types import FloatArray


class Coverage:
    """The share of a query's words that a text holds in any of its fields, a word counting by its rarity.

    How often a word stands there and how long the text is do not count: of texts that hold all words none is before
    another, as in BM25 the one would be that repeats them.
    """

    def __init__(self, fields: Sequence[Sequence[str]]) -> None:
        """`fields` are the fielded texts."""
        self._column: dict[str, int] = {}
        rows, columns = [], []
        for row, texts in enumerate(fields):
            for word in dict.fromkeys(word for text in texts for word in _words(text)):
                rows.append(row)
                columns.append(self._column.setdefault(word, len(self._column)))
        shape = len(self._column), len(fields)
        self._by_word = csr_array((np.ones(len(rows), np.float32), (columns, rows)), shape=shape)
        texts_with = np.diff(self._by_word.indptr)
        self._rareness = np.log1p((len(fields) - texts_with + 0.5) / (texts_with + 0.5)).astype(np.float32)

    def scores(self, queries: Sequence[str]) -> FloatArray:
        """float32 (len(queries), number of texts) in [0, 1]: 1 where all known words are, 0 where none is."""
        rows, columns, shares = [], [], []
        for row, query in enumerate(queries):
            known = list(dict.fromkeys(self._column[word] for word in _words(query) if word in self._column))
            rows.extend([row] * len(known))
            columns.extend(known)
            shares.extend((self._rareness[known] / max(float(self._rareness[known].sum()), 1e-6)).tolist())
        shape = len(queries), len(self._column)
        asked = csr_array((np.array(shares, np.float32), (rows, columns)), shape=shape)
        return np.asarray((asked @ self._by_word).toarray(), np.float32)


def _words(text: str) -> list[str]:
    return [singular_of(word) or word for word in tokens(text)]
