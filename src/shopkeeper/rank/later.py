"""Feature rows that no ranker read: computed when they are written, for all pages that wait at once.

A page that the fused score orders needs no features, but what it showed is to be learnt from one day. Assembling the
rows of one page costs as much as those of a hundred, so nobody who asks for a page waits for it.
"""

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from shopkeeper.ports import Feature
from shopkeeper.rank.assemble import assemble, columns_of
from shopkeeper.types import Batch, Candidates, FloatArray


class LaterRows:
    """The rows of shown products by the features of one version.

    The shopper is as known when the page was made; what features learn live may be a moment newer. Thread-safe.
    """

    def __init__(self, features: Mapping[str, Feature]) -> None:
        self.names = columns_of(features)
        self._features = features
        self._pages: weakref.WeakSet[_Page] = weakref.WeakSet()  # a page whose exposure was dropped waits for nothing
        self._listing, self._computing = threading.Lock(), threading.Lock()

    def of(self, batch: Batch, shown: Candidates) -> Callable[[], FloatArray]:
        """What gives the feature rows float32 (n, f) of the products shown to a batch of one, whenever it is called."""
        page = _Page(batch, shown)
        with self._listing:
            self._pages.add(page)
        return lambda: self._values(page)

    def _values(self, page: "_Page") -> FloatArray:
        with self._computing:
            if page.values is None:
                with self._listing:
                    waiting = list(self._pages)
                    self._pages.clear()
                self._compute(waiting if page in waiting else [page])
            assert page.values is not None
            return page.values

    def _compute(self, pages: "Sequence[_Page]") -> None:
        """The values of all pages; those whose candidates come from the same sources are assembled together."""
        alike: dict[tuple[str, ...], list[_Page]] = {}
        for page in pages:
            alike.setdefault(page.shown.sources, []).append(page)
        for together in alike.values():
            shown = _joined([page.shown for page in together])
            values = assemble(self._features, _one([page.batch for page in together]), shown).values
            for page, own in zip(together, np.split(values, shown.offsets[1:-1]), strict=True):
                page.values = own


class _Page:
    """A page that waits for its values."""

    def __init__(self, batch: Batch, shown: Candidates) -> None:
        self.batch, self.shown = batch, shown
        self.values: FloatArray | None = None


def _one(batches: Sequence[Batch]) -> Batch:
    return Batch(
        tuple(request for batch in batches for request in batch.requests),
        tuple(intent for batch in batches for intent in batch.intents),
        tuple(portrait for batch in batches for portrait in batch.portraits),
    )


def _joined(parts: Sequence[Candidates]) -> Candidates:
    """The candidates of several requests, one after another."""
    return Candidates(
        np.concatenate(([0], np.cumsum([len(part.rows) for part in parts]))).astype(np.int64),
        np.concatenate([part.rows for part in parts]),
        parts[0].sources,
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.shares for part in parts]),
        np.concatenate([part.fused for part in parts]),
        np.concatenate([part.ranks for part in parts]),
    )
