"""What was chosen together with, or soon after, what the shopper has in hand."""

from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.observed import Observed
from shopkeeper.portrait import Portrait
from shopkeeper.ports import Past
from shopkeeper.recall.latest import LEAN, LEANS, added_up, is_given, seeds_of
from shopkeeper.recall.neighbours import LivePairs, Neighbours
from shopkeeper.recall.offers import best, without
from shopkeeper.settings import SCENE_WEIGHTS, SourceSettings, Weight
from shopkeeper.types import (
    NEW_USER,
    Batch,
    Catalog,
    DayArray,
    FloatArray,
    IntArray,
    Offer,
    Request,
    RowArray,
    Scene,
    Snapshot,
)


def _visit(session: str, day: float) -> str:
    """Outside of any session a shopper's day is one."""
    return session or f"day {int(day)}"


class Covisit:
    """Offers neighbours by distance-weighted co-occurrence T: T[i, j] gains 1 / distance where j came soon after i.

    T is scaled by D^-damping on both sides, D = popularity + prior. A score is the sum over seeds of weight x T[seed]:
    on a product's page and in the cart the seeds are given; at home they are the shopper's latest lines, each basket
    back counting `decay` times less. Live events add to T at once. Beside given seeds a score is held back by S / (S +
    support), S the sum of the undamped T[seed], and what has less than `least` of it is not offered: a basket or two do
    not make "often".
    Source: Linden, Smith, York, "Amazon.com recommendations: item-to-item collaborative filtering", IEEE Internet
    Computing 2003, with pairs counted by their nearness.
    """

    class Settings(SourceSettings):
        # what is bought with a product is seldom like it: here it only fills up what meaning leaves empty
        scene_weights: dict[Scene, Weight] = Field(default={"similar": 0.1}, description=SCENE_WEIGHTS)
        neighbours: int = Field(100, ge=1, description="How many neighbours of each product are kept.")
        window: int = Field(8, ge=1, description="How many steps apart two products may be and still be together.")
        largest_basket: int = Field(40, ge=2, description="Baskets of more different products say nothing of pairs.")
        least_nearness: float = Field(
            0.1, ge=0, description="Pairs that come to less in all are left out; 0.1 is ten steps apart, once."
        )
        damping: float = Field(0.3, ge=0, le=1, description="How much popular products are held back.")
        prior: float = Field(5.0, gt=0, description="Added to each product's popularity before damping.")
        decay: float = Field(0.9, gt=0, le=1, description="What a basket counts beside the one after it.")
        support: float = Field(
            3.0, ge=0, description="Beside a product, scores count n / (n + this) for n times together."
        )
        least: float = Field(1.0, ge=0, description="Times together below which nothing is offered beside a product.")
        last: int = Field(50, ge=1, description="How many of a shopper's latest lines are seeds.")
        live_sessions: int = Field(20_000, ge=1, description="Sessions remembered for live co-occurrence.")
        live_pairs: int = Field(200_000, ge=1, description="Live pairs held; the oldest go first.")

    scenes: frozenset[Scene] = frozenset({"home", "similar", "together", "cart"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._neighbours = Neighbours.none()
        self._damping = np.empty(0, np.float32)
        self._live = self._no_pairs()

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        table, n = snapshot.interactions, len(snapshot.catalog)
        popularity = offline.by_row(offline.counts(table, tuple(LEANS)), "n", n)
        damping = (popularity + self.settings.prior) ** -self.settings.damping
        nearness = offline.Nearness(
            window=self.settings.window,
            basket_lines=self.settings.largest_basket,
            min_weight=self.settings.least_nearness,
            actions=tuple(LEANS),
        )
        pairs = offline.cooccurrence(table, nearness).to_pyarrow()
        rows, others = pairs["row"].to_numpy(), pairs["other"].to_numpy()
        weights = pairs["weight"].to_numpy() * damping[rows] * damping[others]
        self._neighbours = Neighbours.of(rows, others, weights, n, self.settings.neighbours)
        self._damping = damping.astype(np.float32)
        self._live = self._no_pairs()

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        pairs = zip(batch.requests, batch.portraits, strict=True)
        return [self._offer(request, portrait, limit) for request, portrait in pairs]

    def observe(self, event: Observed) -> None:
        if event.row >= 0 and LEAN[event.action] and (event.session or event.user != NEW_USER):
            self._live.see(event.user, _visit(event.session, event.day), event.row)

    def replay(self, past: Past) -> None:
        held = (past.rows >= 0) & (LEAN[past.actions] > 0)
        held &= np.array([bool(session) for session in past.sessions], bool) | (past.users != NEW_USER)
        told = past.where(held)
        days = zip(told.sessions, told.days.tolist(), strict=True)
        self._live.see_all(told.users, [_visit(session, day) for session, day in days], told.rows)

    def forget(self, user: int) -> None:
        self._live.forget(user)

    def save(self, folder: Path) -> None:
        self._neighbours.save(folder)
        np.save(folder / "damping.npy", self._damping)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._neighbours = Neighbours.load(folder)
        self._damping = np.load(folder / "damping.npy")
        self._live = self._no_pairs()

    def _no_pairs(self) -> LivePairs:
        return LivePairs(self.settings.window, self.settings.live_sessions, self.settings.live_pairs)

    def _offer(self, request: Request, portrait: Portrait, limit: int) -> Offer:
        seeds = seeds_of(request, portrait, self.settings.last, self.settings.decay)
        rows, scores = added_up(*self._beside(*seeds))
        if is_given(request):
            times = self._times(request.seeds, rows)
            often = times >= self.settings.least
            held: DayArray = scores * (times / np.maximum(times + self.settings.support, 1e-9))
            rows, scores = rows[often], held[often]
        return best(*without(rows, scores.astype(np.float32), request.seeds), limit, request.allowed)

    def _beside(self, seeds: RowArray, factors: DayArray) -> tuple[RowArray, DayArray]:
        """All that stands beside the seeds, learnt and live, one seed after another: rows and damped weights."""
        others, weights = self._neighbours.of_all(seeds, factors)
        live = self._live.of_all(seeds, factors)
        return self._joined(others, weights, live) if live else (others, weights)

    def _times(self, seeds: RowArray, rows: RowArray) -> DayArray:
        """float64 (m,): how often, by nearness, each row came with any of the seeds: the undamped T, added up."""
        others, weights = self._beside(seeds, 1.0 / self._damp(seeds).astype(np.float64))
        summed = np.bincount(others, weights, minlength=int(rows.max(initial=-1)) + 1)
        return summed[rows] / self._damp(rows)

    def _joined(
        self, others: RowArray, weights: DayArray, live: list[tuple[int, int, float]]
    ) -> tuple[RowArray, DayArray]:
        """The learnt neighbours and the live ones, these damped like those."""
        seed, other, weight = (np.array(column) for column in zip(*live, strict=True))
        damped = weight * self._damp(seed) * self._damp(other)
        return np.concatenate((others, other.astype(np.int32))), np.concatenate((weights, damped))

    def _damp(self, rows: IntArray | RowArray) -> FloatArray:
        """D^-damping of each row; a product that came since has no popularity yet."""
        known = rows < len(self._damping)
        damping = np.full(len(rows), self.settings.prior**-self.settings.damping, np.float32)
        damping[known] = self._damping[rows[known]]
        return damping
