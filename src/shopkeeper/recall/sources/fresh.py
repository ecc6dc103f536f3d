"""What is new: the youngest products, those first that are for this shopper."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shopkeeper.births import ages, born, witnessed
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.portrait import Portrait
from shopkeeper.recall.offers import NOTHING, best, inside, last_places, without
from shopkeeper.recall.shelf import StandsOnShelf
from shopkeeper.settings import SourceSettings
from shopkeeper.types import (
    NO_ROWS,
    Batch,
    Catalog,
    DayArray,
    FloatArray,
    IntArray,
    Offer,
    PriceArray,
    Request,
    RowArray,
    Scene,
    Snapshot,
)

_MOST = 2_000
"""So many of the youngest products are looked through."""
_LOOKED_FROM = 50
"""So many of the shopper's latest products are texts to be near to."""
_NARROWEST, _FARTHEST = 0.5, 3.0
"""Of the logs of prices: the least spread that a shopper is taken to have, and the most spreads that count."""


class Fresh(StandsOnShelf):
    """Offers products from their first second on for `days`, by how likely this shopper is to be after such a one.

    The log odds are those of a naive Bayes over what is known without a single buyer: the category's and the brand's
    share of the shopper's lines, held back by `prior` lines of everybody's, against their share of what is new; how far
    the price is from what the shopper pays, in spreads; and `closeness` times how far the bits of its text agree with
    those of the latest ones: 1 all, 0 half of them. Half of the odds go with each `half_life_days` of age. Who is
    unknown is offered the youngest.
    """

    class Settings(SourceSettings):
        enabled: bool = Field(False, description="Whether this plug-in takes part.")
        weight: float = Field(0.5, ge=0, description="Weight of this source's ranks in the fusion.")
        days: float = Field(30.0, gt=0, description="For so many days a product is new.")
        half_life_days: float = Field(30.0, gt=0, description="How fast being new wears off.")
        lines: int = Field(100, ge=1, description="How many of a shopper's latest lines say what is wanted.")
        prior: float = Field(5.0, gt=0, description="How many lines of everybody's stand beside the shopper's own.")
        closeness: float = Field(
            60.0, ge=0, description="What a text adds that agrees with all of the shopper's latest."
        )

    scenes: frozenset[Scene] = frozenset({"home"})
    in_memory: ClassVar[bool] = True
    exact = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._first: DayArray | None = None
        self._young: _Young | None = None
        self._changing = threading.Lock()

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        super().fit(snapshot)
        first = offline.by_row(offline.first_days(snapshot.interactions), "day", len(snapshot.catalog), np.nan)
        self._first = witnessed(first, self.settings.days)
        self._list(snapshot.catalog, np.arange(len(snapshot.catalog)))

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        super().update(catalog, rows, vectors)
        with self._changing:
            known = NO_ROWS if self._young is None else self._young.rows
            self._list(catalog, np.union1d(known, rows))

    def save(self, folder: Path) -> None:
        super().save(folder)
        assert self._first is not None, "a version is written when it has learnt"
        np.save(folder / "first.npy", self._first)

    def load(self, folder: Path, catalog: Catalog) -> None:
        super().load(folder, catalog)
        self._first = np.load(folder / "first.npy")
        self._list(catalog, np.arange(len(catalog)))

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        young = self._young
        if young is None or not len(young.rows):
            return [NOTHING] * len(batch)
        asked = zip(batch.requests, batch.portraits, strict=True)
        return [self._offer(young, request, portrait, limit) for request, portrait in asked]

    def _offer(self, young: "_Young", request: Request, portrait: Portrait, limit: int) -> Offer:
        own, age = self.settings, ages(young.days, request.day)
        scores = -np.log(2.0) * age / own.half_life_days
        lines = np.concatenate((portrait.rows, portrait.session_rows))[-own.lines :]
        if len(lines := lines[lines < len(young.catalog)]):
            scores = scores + self._fit_for(young, lines)
        new = age < own.days  # nothing is younger than NaN
        rows, found = without(young.rows[new], scores[new].astype(np.float32), lines)
        return best(rows, found, limit, request.allowed)

    def _fit_for(self, young: "_Young", lines: RowArray) -> DayArray:
        """float64 (m,): the log odds that somebody with these lines is after each of the young."""
        catalog, prior = young.catalog, self.settings.prior
        category = young.categories.log_odds(catalog.categories[lines].tolist(), prior)
        brand = young.brands.log_odds([catalog.brands[row] for row in lines.tolist()], prior)
        texts = self.settings.closeness * self._agreement(young, lines)
        return category + brand + texts - _apart(_logs(catalog.prices[lines]), _logs(catalog.prices[young.rows]))

    def _agreement(self, young: "_Young", lines: RowArray) -> DayArray:
        """float64 (m,) from -1 to 1: the mean over the latest different lines; 0 where nothing is known of a text."""
        shelf = self._shelf
        if shelf is None or not young.signs.size:
            return np.zeros(len(young.rows))
        known = lines[inside(lines, shelf.groups.group_of >= 0)]
        _, places = last_places(known)
        latest = known[np.sort(places)[-_LOOKED_FROM:]].tolist()
        if not latest:
            return np.zeros(len(young.rows))
        seeds = np.stack([shelf.codes.code_of(shelf.group(row)) for row in latest], axis=1)
        taste = _signs(seeds).mean(axis=0)
        return np.where(young.has_text, young.signs @ taste / len(taste), 0.0).astype(np.float64)

    def _list(self, catalog: Catalog, rows: IntArray | RowArray) -> None:
        """The youngest of these rows are those that are offered; what is yet to come by its date waits behind them."""
        days = born(catalog, self._first, rows)
        ahead = np.isfinite(days) & (days > time.time() / SECONDS_A_DAY)
        youngest = np.lexsort((-days, ahead | np.isnan(days)))[: min(_MOST, int((~np.isnan(days)).sum()))]
        chosen, shelf = rows[youngest].astype(np.int32), self._shelf
        groups = [] if shelf is None else [shelf.group(row) for row in chosen.tolist()]
        # the code of a product without a text is not looked at
        codes = (
            [] if shelf is None or not len(shelf.codes) else [shelf.codes.code_of(max(group, 0)) for group in groups]
        )
        self._young = _Young(
            catalog=catalog,
            rows=chosen,
            days=days[youngest],
            categories=_Shares.of_young(catalog.categories[chosen].tolist()),
            brands=_Shares.of_young([catalog.brands[row] for row in chosen.tolist()]),
            signs=_signs(np.stack(codes, axis=1) if codes else np.empty((0, len(chosen)), np.uint64)),
            has_text=np.array(groups, np.int64) >= 0,
        )


@dataclass(frozen=True)
class _Shares:
    """Names, the name int64 (m,) of each of the young, and the share of them that has each name."""

    places: dict[str | int, int]
    of: IntArray
    shares: DayArray

    @classmethod
    def of_young(cls, names: Sequence[str | int]) -> "_Shares":
        places: dict[str | int, int] = {}
        of = np.array([places.setdefault(name, len(places)) for name in names], np.int64)
        return cls(places, of, np.bincount(of, minlength=len(places)) / max(1, len(of)))

    def log_odds(self, names: Sequence[str | int], prior: float) -> DayArray:
        """float64 (m,): of each of the young, how much likelier its name is after lines of these names."""
        known = [self.places[name] for name in names if name in self.places]
        counts = np.bincount(np.array(known, np.int64), minlength=len(self.places))
        odds: DayArray = np.log((counts / self.shares + prior) / (len(names) + prior))
        return odds[self.of]


@dataclass(frozen=True)
class _Young:
    """The youngest products, replaced as a whole: rows int32 (m,), days float64 (m,), the bits of their texts as 1 and
    -1, float32 (m, bits), and has_text bool (m,), bits 0 without vectors.
    """

    catalog: Catalog
    rows: RowArray
    days: DayArray
    categories: _Shares
    brands: _Shares
    signs: FloatArray
    has_text: NDArray[np.bool_]


def _signs(codes: NDArray[np.uint64]) -> FloatArray:
    """float32 (m, bits): the bits of codes uint64 (words, m) as 1 and -1."""
    bits = np.unpackbits(np.ascontiguousarray(codes.T).view(np.uint8), axis=1)
    return 2.0 * bits.astype(np.float32) - 1.0


def _apart(paid: FloatArray, asked: FloatArray) -> DayArray:
    """float64 (m,): half the square of how many spreads what is asked is from what was paid; 0 if unknown."""
    paid = paid[~np.isnan(paid)]
    if not len(paid):
        return np.zeros(len(asked))
    spreads = np.abs(asked - paid.mean()) / max(_NARROWEST, float(paid.std()))
    return np.where(np.isnan(spreads), 0.0, np.minimum(spreads, _FARTHEST) ** 2 / 2).astype(np.float64)


def _logs(prices: PriceArray) -> FloatArray:
    return np.asarray(np.log(np.where(prices > 0, prices, np.nan)), np.float32)
