"""The first few of a search's order, read once more together with the query."""

from dataclasses import dataclass, replace

import numpy as np

from shopkeeper.ports import PairScorer
from shopkeeper.types import Catalog, FloatArray, IntArray, Intent, Ranked, RowArray

PART = "cross_encoder"
"""What its part of a score is called, and the page's note where it came too late."""


@dataclass(frozen=True)
class Rerank:
    """Who reads the first `top` of an order, and what that counts beside the order: see `part`."""

    scorer: PairScorer
    top: int
    weight: float

    def added(self, query: str, ranked: Ranked, catalog: Catalog, until: float) -> FloatArray | None:
        """float32 (n,): what each ranked row's score gains, 0 behind the first few; None where the time was up."""
        found = np.zeros(len(ranked.rows), np.float32)
        first = slice(0, self.top)
        said = self.scorer.scores(query, texts(catalog, ranked.rows[first]), until)
        if said is None:
            return None
        found[first] = part(ranked.scores[first], said, self.weight)
        return found


def part(scores: FloatArray, said: FloatArray, weight: float) -> FloatArray:
    """float32 (m,), from 0 to `weight` times the width of the scores, which fall: so none sinks below what follows.

    A linear combination of scores, both from 0 to 1 within the first few: Bruch, Gai, Ingber, TOIS 2023.
    """
    if len(scores) < 2:
        return np.zeros(len(scores), np.float32)
    width = max(float(scores[0] - scores[-1]), 1e-6)
    inside = (said - said.min()) / max(float(np.ptp(said)), 1e-9)
    return np.asarray(weight * width * inside, np.float32)


def reordered(ranked: Ranked, added: FloatArray) -> Ranked:
    """The same rows by their scores and what these gained."""
    scores = ranked.scores + added
    order: IntArray = np.argsort(-scores, kind="stable")
    return replace(ranked, rows=ranked.rows[order], scores=scores[order], index=ranked.index[order])


def texts(catalog: Catalog, rows: RowArray) -> list[str]:
    """What is read of each product: its title, and how its description begins."""
    said = catalog.descriptions
    titles = ((catalog.titles[row], said[row] if said else "") for row in rows.tolist())
    return [f"{title}. {more}" if more else title for title, more in titles]


def meant(intent: Intent) -> str:
    """The query as it is read: corrected where it was."""
    return intent.correction or intent.query
