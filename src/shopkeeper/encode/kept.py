"""The vectors of the last queries."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from shopkeeper.types import FloatArray


class KeptVectors:
    """Vectors by text, the least recently used leave first. Safe to call from several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[str, FloatArray] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, texts: Iterable[str]) -> dict[str, FloatArray]:
        """The vectors of those texts that are held."""
        with self._lock:
            found = {text: self._held[text] for text in texts if text in self._held}
            for text in found:
                self._held.move_to_end(text)
        return found

    def keep(self, vectors: Mapping[str, FloatArray]) -> None:
        """Holds these vectors too."""
        with self._lock:
            self._held.update(vectors)
            while len(self._held) > self._limit:
                self._held.popitem(last=False)
