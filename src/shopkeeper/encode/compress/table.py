"""A vector for each word, and a text is the mean of its words: microseconds a query, without torch or ONNX Runtime.

`tabulated.py` makes it from a text model. A folder holds `table.safetensors`, `words.json` and `tokenizer.json`.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from shopkeeper.errors import WeightsError
from shopkeeper.text import tokens
from shopkeeper.types import FloatArray

FILES = VECTORS, WORDS, TOKENIZER = "table.safetensors", "words.json", "tokenizer.json"
MOST_PIECED = 50_000
"""The pieces of so many unknown words are remembered."""


class Table:
    """Answers like an encoder. Words of the shop have rows of their own; any other is put together from its pieces.

    The order of words is lost, and so is what one says of another: do not use it where `not`, sizes or long questions
    decide. A text of which nothing is known has the vector 0. Source: Arora, Liang, Ma, "A simple but tough-to-beat
    baseline for sentence embeddings", ICLR 2017.
    """

    def __init__(
        self, vectors: FloatArray, words: Mapping[str, int], pieces: Mapping[int, int], tokenizer: str
    ) -> None:
        """`vectors` float32 (rows, d), `words` and `pieces` (of the tokenizer, given as its JSON) by row."""
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from tokenizers import Tokenizer

        self.vectors, self.words, self.pieces = vectors, words, pieces
        self.dimensions = int(vectors.shape[1])
        self.fingerprint = "table-" + hashlib.sha256(vectors.tobytes() + repr(list(words)).encode()).hexdigest()[:16]
        self.json = tokenizer
        self._tokenizer = Tokenizer.from_str(tokenizer)
        self._pieced: dict[str, list[int]] = {}

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"] = "query") -> FloatArray:
        """float32 (len(texts), dimensions), unit length; queries and passages are read alike."""
        sums = np.zeros((len(texts), self.dimensions), np.float32)
        for place, text in enumerate(texts):
            rows = self.rows(text)
            if rows:
                sums[place] = self.vectors[rows].sum(axis=0)
        return np.asarray(sums / np.maximum(np.sqrt(np.square(sums).sum(axis=1, keepdims=True)), 1e-12), np.float32)

    def rows(self, text: str) -> list[int]:
        """The rows of the text's words and pieces."""
        found: list[int] = []
        for word in tokens(text):
            row = self.words.get(word)
            if row is None:
                found.extend(self._pieces_of(word))
            else:
                found.append(row)
        return found

    def save(self, folder: Path) -> None:
        """Writes the three files, vectors as float16."""
        from safetensors.numpy import save_file

        (folder / TOKENIZER).write_text(self.json, encoding="utf-8")
        words = {"words": list(self.words), "of": list(self.words.values()), "pieces": list(self.pieces)}
        (folder / WORDS).write_text(json.dumps(words | {"at": list(self.pieces.values())}), encoding="utf-8")
        save_file({"vectors": self.vectors.astype(np.float16)}, folder / VECTORS)

    @classmethod
    def open(cls, folder: Path) -> "Table":
        """The table that was saved there. Raises WeightsError where a file is missing or not one of a table."""
        from safetensors.numpy import load_file

        try:
            held = json.loads((folder / WORDS).read_text(encoding="utf-8"))
            vectors = load_file(folder / VECTORS)["vectors"].astype(np.float32)
            words, pieces = (dict(zip(held[name], held[rows], strict=True)) for name, rows in _COLUMNS)
            return cls(vectors, words, pieces, (folder / TOKENIZER).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError) as error:
            raise WeightsError(
                f"{folder}: no whole table of words ({type(error).__name__}: {error}). It needs {', '.join(FILES)}: "
                f"make it again from the language model"
            ) from None

    def _pieces_of(self, word: str) -> list[int]:
        found = self._pieced.get(word)
        if found is None:
            ids = self._tokenizer.encode(word, add_special_tokens=False).ids
            found = [self.pieces[piece] for piece in ids if piece in self.pieces]
            if len(self._pieced) < MOST_PIECED:
                self._pieced[word] = found
        return found


_COLUMNS = (("words", "of"), ("pieces", "at"))
