"""A table of words made from a text model: each word is read alone, then all together are fitted to whole queries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from shopkeeper.encode.compress.table import Table
from shopkeeper.encode.model import Kind, TextModel
from shopkeeper.errors import TrainingError
from shopkeeper.text import tokens
from shopkeeper.types import FloatArray

ROUNDS = 30
"""Steps of conjugate gradients; later ones move nothing that is seen."""


@dataclass(frozen=True, slots=True)
class Size:
    """What gets a row: pieces of the model's vocabulary (those that the shop uses first, then by number), and words
    that at least `seen` of the shop's texts use. A word seen in a share `rare` of all counts half."""

    pieces: int = 32_000
    words: int = 12_000
    seen: int = 3
    rare: float = 1e-3


def tabulated(model: TextModel, texts: Sequence[str], size: Size | None = None, kind: Kind = "query") -> Table:
    """A table whose rows are the model's vectors of words and pieces read alone, the rarer the longer.

    Raises TrainingError where the texts hold no word. Source: Arora, Liang, Ma, ICLR 2017, eq. 3 (a / (a + p)); van
    Dongen, Tulkens, "Model2Vec", 2024 (the vocabulary read through the encoder).
    """
    size = size or Size()
    counts = Counter(word for text in texts for word in set(tokens(text)))
    if not counts:
        raise TrainingError(
            f"a table of words from {len(texts)} texts, none of which holds a word. Give titles or searches of the shop"
        )
    common = [word for word, count in counts.most_common(size.words) if count >= size.seen]
    pieces = _pieces(model, counts, size.pieces)
    said = [model.tokenizer.decode([piece]) for piece in pieces]
    vectors = model.vectors([*common, *(text.replace("##", "") for text in said)], kind)
    shares = np.array([counts[word] for word in (*common, *said)], np.float32) / len(texts)
    weighted = vectors * (size.rare / (size.rare + shares))[:, None]
    words = {word: row for row, word in enumerate(common)}
    rows = {piece: len(common) + row for row, piece in enumerate(pieces)}
    return Table(weighted.astype(np.float32), words, rows, model.tokenizer.to_str())


def fitted(table: Table, texts: Sequence[str], vectors: FloatArray, pull: float = 0.3) -> Table:
    """The table whose texts come nearest to these vectors (len(texts), d), unit ones; rows far from need stay.

    Least squares, with `pull` the price of moving a row by 1 against one text being 1 off. What no text uses stays as
    it was. One answer, found without drawing: no seed. Raises TrainingError where texts and vectors are not as many.
    """
    if len(texts) != len(vectors):
        raise TrainingError(f"fitting a table of words to {len(texts)} texts and {len(vectors)} vectors: give one each")
    used = [table.rows(text) for text in texts]
    columns = np.fromiter((row for rows in used for row in rows), np.int64)
    ends = np.cumsum([0, *map(len, used)])
    shape = len(texts), len(table.vectors)
    sums = csr_array((np.ones(len(columns), np.float32), columns, ends), shape=shape)
    lengths = np.sqrt(np.square(sums @ table.vectors).sum(axis=1))
    sums.data /= np.repeat(np.maximum(lengths, 1e-6), np.diff(ends)).astype(np.float32)
    missing = np.where(lengths[:, None] > 0, vectors - sums @ table.vectors, 0)
    moved = table.vectors + _least_squares(sums, missing, pull)
    return Table(moved.astype(np.float32), table.words, table.pieces, table.json)


def _pieces(model: TextModel, counts: Counter[str], most: int) -> list[int]:
    """The pieces that get a row: those of the shop's words first, then the lowest numbers."""
    words = list(counts)
    encodings = model.tokenizer.encode_batch(words, add_special_tokens=False)
    used = Counter(piece for encoding in encodings for piece in encoding.ids)
    rest = (piece for piece in range(model.tokenizer.get_vocab_size()) if piece not in used)
    return [*(piece for piece, _ in used.most_common()), *rest][:most]


def _least_squares(sums: csr_array, missing: FloatArray, pull: float) -> FloatArray:
    """What to add to the rows: conjugate gradients on (S'S + pull) X = S'Y, each column of Y for itself."""
    across = csr_array(sums.T)
    found = np.zeros((sums.shape[1], missing.shape[1]), np.float32)
    left = (across @ missing).astype(np.float32)
    way, size = left.copy(), np.square(left).sum(axis=0)
    for _ in range(ROUNDS):
        turned = across @ (sums @ way) + pull * way
        step = size / np.maximum((way * turned).sum(axis=0), 1e-20)
        found += step * way
        left -= step * turned
        size, before = np.square(left).sum(axis=0), size
        way = left + size / np.maximum(before, 1e-20) * way
    return found
