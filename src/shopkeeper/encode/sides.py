"""Two encoders as one: queries are read by one of them, products by the other."""

from collections.abc import Sequence
from typing import Literal

from shopkeeper.ports import Encoder
from shopkeeper.types import FloatArray


class Sides:
    """Answers like any encoder. Its fingerprint is that of product vectors: adapted queries leave those as they are."""

    def __init__(self, queries: Encoder, passages: Encoder) -> None:
        assert queries.dimensions == passages.dimensions
        self._queries, self._passages = queries, passages
        self.dimensions = passages.dimensions
        self.fingerprint = passages.fingerprint

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"]) -> FloatArray:
        """float32 (len(texts), dimensions), unit length."""
        side = self._queries if kind == "query" else self._passages
        return side.encode(texts, kind)
