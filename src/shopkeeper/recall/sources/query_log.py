"""What others chose after the same search."""

from collections import defaultdict
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.observed import Choice
from shopkeeper.recall.chosen import NOTHING_LEARNT, Chosen, Learnt, Live, Words, chosen_after, told_of, words_of
from shopkeeper.recall.offers import NOTHING, best
from shopkeeper.settings import SourceSettings
from shopkeeper.types import Batch, Catalog, Intent, Offer, Request, Scene, Snapshot

_REMEMBERED = 512


class QueryLog:
    """Offers what shoppers clicked, put into the cart or bought after this query, in any order, case and number of its
    words, whether those products say them or not.

    A choice counts by what it is (bought 1, cart .5, click .2), each shopper once for a product, and fades with
    `half_life_days`. A product that fewer than `shoppers` chose is not offered. Its score is (n + support x p) / (N +
    support): n of all N that is counted after this query, and p its part of what is counted after similar queries,
    those that share the most telling of their words. So a query with little of its own leans on others, and little
    evidence means a low score. What only similar queries led to is marked as matching in part.
    Source: additive smoothing towards a background (Chen, Goodman, 1999, section 2.2: Jelinek-Mercer, Dirichlet).
    """

    class Settings(SourceSettings):
        half_life_days: float = Field(60.0, gt=0, description="After so long a choice counts half.")
        shoppers: int = Field(
            2, ge=1, description="A product is offered once so many shoppers, or visits of nobody known, chose it."
        )
        support: float = Field(3.0, ge=0, description="What similar queries count together beside a query's own log.")
        similar: float = Field(
            0.6, gt=0, le=1, description="How much of their telling words queries share that are alike."
        )
        least: float = Field(0.02, ge=0, le=1, description="What has a lower score is not offered.")

    scenes: frozenset[Scene] = frozenset({"search"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._learnt = NOTHING_LEARNT
        self._live = Live()
        self._similar: dict[Words, list[tuple[Words, float]]] = {}

    def fit(self, snapshot: Snapshot) -> None:
        own = self.settings
        # what one shopper alone typed is not for a version to keep, however few are enough for an offer
        self._begin(Learnt.of(snapshot.choices, snapshot.day, own.half_life_days, max(own.shoppers, 2)))

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        pairs = zip(batch.requests, batch.intents, strict=True)
        return [self._offer(request, intent, limit) for request, intent in pairs]

    def follow(self, choice: Choice) -> None:
        told, words = told_of(choice), words_of(choice.query)
        if told is not None and words:
            self._live.see(words, told)

    def forget(self, user: int) -> None:
        self._live.forget(user)

    def save(self, folder: Path) -> None:
        self._learnt.save(folder)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._begin(Learnt.load(folder))

    def _begin(self, learnt: Learnt) -> None:
        self._learnt, self._live, self._similar = learnt, Live(), {}

    def _offer(self, request: Request, intent: Intent, limit: int) -> Offer:
        words = words_of(intent.correction or intent.query or request.query)
        if not words:
            return NOTHING
        own = self._chosen(words, request.day)
        scores, in_part = self._shrunk(own, self._background(words, request.day))
        rows = np.array(list(scores), np.int32)
        offer = best(rows, np.array(list(scores.values()), np.float32), limit, request.allowed)
        return Offer(offer.rows, offer.scores, partly=offer.rows[np.isin(offer.rows, list(in_part))])

    def _chosen(self, words: Words, day: float) -> Chosen:
        return chosen_after(words, self._learnt, self._live, day, self.settings.half_life_days)

    def _background(self, words: Words, day: float) -> dict[int, float]:
        """Each product's part of what was chosen after similar queries, by enough shoppers of one of them."""
        similar = self._similar.get(words)
        if similar is None:
            if len(self._similar) >= _REMEMBERED:
                self._similar.clear()  # cheaper and safer among threads than keeping order
            similar = self._similar[words] = self._learnt.similar(words, self.settings.similar)
        summed, total = defaultdict[int, float](float), 0.0
        for other, likeness in similar:
            chosen = self._chosen(other, day)
            for row, count in chosen.counts.items():
                total += likeness * count
                if chosen.shoppers[row] >= self.settings.shoppers:
                    summed[row] += likeness * count
        return {row: count / total for row, count in summed.items()}

    def _shrunk(self, own: Chosen, background: dict[int, float]) -> tuple[dict[int, float], set[int]]:
        """The scores of what is offered, and what only similar queries led to."""
        bar, support = self.settings.shoppers, self.settings.support
        sure = {row for row, n in own.shoppers.items() if n >= bar}
        total = sum(own.counts.values()) + support
        found = {
            row: (own.counts.get(row, 0.0) + support * background.get(row, 0.0)) / total
            for row in sorted(sure | set(background))
        }
        kept = {row: score for row, score in found.items() if score > 0 and score >= self.settings.least}
        return kept, set(kept) - sure
