"""Words against fielded texts by BM25, for all texts at once: what a model that learns without labels is taught by.

A shop's searches have an index (`recall/sources/lexical.py`); this is a matrix, made in seconds and thrown away.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from shopkeeper.text import singular_of, tokens
from shopkeeper.types import FloatArray

K1, B = 1.2, 0.4


class Bm25:
    """Scores of texts whose fields count alike; a plural counts as its singular.

    Source: Robertson, Zaragoza, Taylor, "Simple BM25 extension to multiple weighted fields", CIKM 2004.
    """

    def __init__(self, fields: Sequence[Sequence[str]]) -> None:
        """`fields` are the fielded texts: as many fields of each, in the same order."""
        self._column: dict[str, int] = {}
        rows, columns, counts = [], [], []
        for place in range(len(fields[0]) if fields else 0):
            words = [Counter(_words(text[place])) for text in fields]
            lengths = np.array([sum(count.values()) for count in words], np.float64)
            usual = max(float(lengths[lengths > 0].mean()) if lengths.any() else 1.0, 1.0)
            for row, (count, length) in enumerate(zip(words, lengths.tolist(), strict=True)):
                for word, times in count.items():
                    rows.append(row)
                    columns.append(self._column.setdefault(word, len(self._column)))
                    counts.append(times / (1 - B + B * length / usual))
        shape = len(fields), len(self._column)
        matrix = csr_array((counts, (rows, columns)), shape=shape)
        matrix.sum_duplicates()
        texts_with = np.bincount(matrix.indices, minlength=shape[1])
        rareness = np.log1p((shape[0] - texts_with + 0.5) / (texts_with + 0.5))
        matrix.data = matrix.data * (K1 + 1) / (matrix.data + K1) * rareness[matrix.indices]
        self._by_word = csr_array(matrix.T.astype(np.float32))

    def scores(self, queries: Sequence[str]) -> FloatArray:
        """float32 (len(queries), len(fields)), 0 where no word is shared."""
        rows, columns = [], []
        for row, query in enumerate(queries):
            known = [self._column[word] for word in _words(query) if word in self._column]
            rows.extend([row] * len(known))
            columns.extend(known)
        asked = csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(queries), len(self._column)))
        return np.asarray((asked @ self._by_word).toarray(), np.float32)


def _words(text: str) -> list[str]:
    return [singular_of(word) or word for word in tokens(text)]
