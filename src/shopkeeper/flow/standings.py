"""What products are sorted by that their catalogue does not say: how they sell, and how shoppers rate them."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shopkeeper.amounts import amount_of
from shopkeeper.portrait import Portrait
from shopkeeper.ports import Past
from shopkeeper.types import (
    ACTION_CODES,
    PURCHASE,
    Catalog,
    CodeArray,
    DayArray,
    Event,
    FloatArray,
    Interactions,
    RowArray,
    Sort,
)

if TYPE_CHECKING:
    import ibis

HALF_LIFE_DAYS = 30.0
"""A purchase counts half of one that is so much later."""
REFUND = ACTION_CODES["refund"]
STARS = (1.0, 5.0)
"""Ratings are from the first to the last; others say nothing."""
USUAL = 10.0
"""A product's ratings stand beside so many at the mean of the shop."""
RATING, RATINGS = ("rating", "average rating", "评分"), ("rating count", "ratings", "reviews", "review count", "评分数")
"""What attributes are called that say how a product was rated elsewhere, and by how many."""
RATINGS_FILE = "ratings.npz"


class Standings:
    """Purchases faded by days, of guests too, and ratings, by row; each new one counts at once. Thread-safe."""

    def __init__(self, log: Interactions, guests: Past, n: int) -> None:
        self._base = float(log.days.max(initial=0.0))
        self._sold = np.zeros(n)
        for lines in (log, guests):
            self._count(lines.rows, lines.actions, lines.days, 1.0)
        self._stars, self._n = np.zeros(n), np.zeros(n)
        self._rated: dict[str, dict[int, float]] = {}
        self._told: tuple[Catalog, DayArray, DayArray] | None = None
        self._lock = threading.Lock()

    def know(self, stars: DayArray, n: DayArray, since: Iterable[tuple[int, Event]]) -> None:
        """Takes the ratings of a version, float64 (m,) their sum and number by row, and those that came since."""
        with self._lock:
            self._stars, self._n = _wide(stars, len(self._sold)), _wide(n, len(self._sold))
            self._rated = {}
        for row, event in since:
            self.see(row, event)

    def see(self, row: int, event: Event, day: float = 0.0) -> None:
        """Takes in a purchase or refund of day `day`, or a rating."""
        if row < 0 or event.action not in ("purchase", "refund", "rate"):
            return
        with self._lock:
            if row >= len(self._sold):
                more = row + 1 + row // 8
                self._sold, self._stars, self._n = (_wide(own, more) for own in (self._sold, self._stars, self._n))
            if event.action != "rate":
                self._count(np.array([row]), np.array([ACTION_CODES[event.action]]), np.array([day]), 1.0)
            elif event.value is not None and STARS[0] <= event.value <= STARS[1]:
                self._rate(row, event.user_id, event.value)

    def forget(self, user_id: str, known: Portrait) -> None:
        """Takes back what the shopper bought, and the ratings that came since the version; what that learnt goes with
        the next.
        """
        with self._lock:
            self._count(known.rows, known.actions, known.days, -1.0)
            for row, stars in self._rated.pop(user_id, {}).items():
                self._stars[row] -= stars
                self._n[row] -= 1

    def _count(self, rows: RowArray, actions: CodeArray, days: DayArray, times: float) -> None:
        """Takes in so many times what these lines sold, all (m,); refunds count against it, a row of -1 is nothing."""
        signs = np.where(actions == PURCHASE, times, np.where(actions == REFUND, -times, 0.0))
        worth = np.exp2(np.minimum((days - self._base) / HALF_LIFE_DAYS, 500.0))
        here = rows >= 0
        np.add.at(self._sold, rows[here], (signs * worth)[here])

    def _rate(self, row: int, user_id: str, stars: float) -> None:
        """A rating in the place of the shopper's earlier one; each of nobody known counts."""
        own = self._rated.setdefault(user_id, {}) if user_id else {}
        before = own.get(row)
        own[row] = stars
        self._stars[row] += stars - (before or 0.0)
        self._n[row] += before is None

    def order(self, sort: Sort, catalog: Catalog) -> FloatArray | None:
        """float32 (n,), what the sort goes by, highest first; NaN for what nobody rated; None where the catalogue says.

        A rating is the mean of a product's own and USUAL ratings at the mean of all: two fives are no proof.
        """
        n = len(catalog)
        if sort == "best_selling":
            sold = np.maximum(_wide(self._sold, n)[:n], 0.0)
            return np.asarray(sold / max(float(sold.max(initial=0.0)), 1e-300), np.float32)
        if sort != "rating":
            return None
        stars, ratings = self._said(catalog)
        stars, ratings = stars + _wide(self._stars, n)[:n], ratings + _wide(self._n, n)[:n]
        mean = stars.sum() / max(float(ratings.sum()), 1.0)
        rated = (stars + USUAL * mean) / (ratings + USUAL)
        return np.asarray(np.where(ratings > 0, rated, np.nan), np.float32)

    def _said(self, catalog: Catalog) -> tuple[DayArray, DayArray]:
        """What the catalogue says of ratings, float64 (n,): their sum and number."""
        if self._told is None or self._told[0] is not catalog:
            ratings = _numbers(catalog, RATING)
            known = (ratings >= STARS[0]) & (ratings <= STARS[1])
            counts = np.where(known, np.maximum(np.nan_to_num(_numbers(catalog, RATINGS), nan=1.0), 1.0), 0.0)
            self._told = catalog, np.where(known, ratings, 0.0) * counts, counts
        return self._told[1:]


def ratings_table(events: "ibis.Table", catalog: Catalog) -> tuple[DayArray, DayArray]:
    """The sum and the number of ratings by row, float64 (n,): each shopper's latest of a product."""
    lines = events.filter((events.action == "rate") & events["value"].between(*STARS) & (events.product_id != ""))
    stars, n = np.zeros(len(catalog)), np.zeros(len(catalog))
    latest: dict[tuple[str, str], float] = {}
    names = ("product_id", "user_id", "event_id", "value")
    for line in lines.order_by("timestamp", "event_id").select(*names).to_pyarrow().to_pylist():
        latest[line["product_id"], line["user_id"] or f" {line['event_id']}"] = line["value"]
    for (product_id, _), value in latest.items():
        if (row := catalog.row_of.get(product_id)) is not None:
            stars[row] += value
            n[row] += 1
    return stars, n


def read_ratings(version: Path) -> tuple[DayArray, DayArray]:
    """The ratings that a version learnt; none in a version of earlier days."""
    file = version / RATINGS_FILE
    if not file.is_file():
        return np.zeros(0), np.zeros(0)
    with np.load(file, allow_pickle=False) as saved:
        return np.asarray(saved["stars"], np.float64), np.asarray(saved["n"], np.float64)


def _wide(values: DayArray, n: int) -> DayArray:
    """The values, with zeros up to n of them."""
    wide = np.zeros(max(n, len(values)))
    wide[: len(values)] = values
    return wide


def _numbers(catalog: Catalog, names: tuple[str, ...]) -> DayArray:
    """float64 (n,): the numbers of the first of these attributes that there is, NaN where a product has none."""
    own, found = catalog.attributes, np.full(len(catalog), np.nan)
    at = next((at for name in names if (at := own.place(name)) is not None), None)
    if at is None:
        return found
    told = (amount_of(text.strip()) for text in own.texts[at])
    numbers = np.array([*(np.nan if one is None else one.number for one in told), np.nan])  # the last is of no value
    return np.asarray(numbers[own.column(at, len(catalog))], np.float64)
