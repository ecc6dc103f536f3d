"""The first few of a search read again before the page is arranged, and what that added to each score."""

from dataclasses import dataclass

import numpy as np

from shopkeeper.rank.rerank import PART, Rerank, meant, reordered
from shopkeeper.types import Catalog, FloatArray, IntArray, Intent, Ranked, Request

Parts = tuple[tuple[str, ...], FloatArray]


@dataclass(frozen=True)
class ReadAgain:
    """`added` float32 (n,) by candidate, None where nothing was read; `late` names it where the time was up."""

    added: FloatArray | None = None
    late: tuple[str, ...] = ()

    def beside(self, parts: Parts, places: IntArray) -> Parts:
        """A ranker's parts of the candidates at `places`, and what reading them added: both sum to the score."""
        if self.added is None:
            return parts
        names, values = parts
        return (*names, PART), np.column_stack((values, self.added[places])).astype(np.float32)


def reread(
    rerank: Rerank | None, asked: tuple[Request, Intent], ranked: Ranked, catalog: Catalog, until: float
) -> tuple[Ranked, ReadAgain]:
    """The order after the cross-encoder; as it was where there is none, it was too late, or no words ask for it."""
    request, intent = asked
    searched = request.scene == "search" and bool(request.query) and request.sort == "relevance"
    if rerank is None or not searched or intent.is_code or not len(ranked.rows):
        return ranked, ReadAgain()
    gained = rerank.added(meant(intent), ranked, catalog, until)
    if gained is None:
        return ranked, ReadAgain(late=(PART,))
    added = np.zeros(int(ranked.index.max()) + 1, np.float32)
    added[ranked.index] = gained
    return reordered(ranked, gained), ReadAgain(added)
