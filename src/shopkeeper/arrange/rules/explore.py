"""A new product gets a place on some pages, by a known chance, until it has been shown its share of times."""

import threading
from hashlib import blake2b
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.births import ages, born, witnessed
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import (
    NEW_USER,
    Catalog,
    DayArray,
    FloatArray,
    IntArray,
    Ranked,
    Request,
    RowArray,
    Snapshot,
)


class Explore:
    """Of the home pages a `share` has a new product, drawn by chance from the best ranked ones, lifted to one place.

    A product is new for `days`, and no longer once pages have shown it `shows` times, for whatever reason. Each product
    of the page carries the exact probability with which it stands where it stands, so that what pages are worth can
    be estimated from what others showed. One shopper's pages of one visit and day draw alike: the list stays one list.
    """

    place: ClassVar[int] = 90  # the place is the page's; rules that move products have done so

    class Settings(PluginSettings):
        enabled: bool = Field(False, description="Whether this plug-in takes part.")
        share: float = Field(0.5, gt=0, le=1, description="How likely a page tries a new product where there are any.")
        slot: int = Field(11, ge=0, description="The place of the list, from 0, that goes to it.")
        among: int = Field(10, ge=1, description="It is drawn from so many of the best ranked new products behind it.")
        days: float = Field(30.0, gt=0, description="For so many days a product is new.")
        shows: int = Field(200, ge=1, description="A product that pages have shown so often is not lifted any more.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._first: DayArray | None = None
        self._shown: IntArray = np.zeros(0, np.int64)
        self._counting = threading.Lock()

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        first = offline.by_row(offline.first_days(snapshot.interactions), "day", len(snapshot.catalog), np.nan)
        self._first = witnessed(first, self.settings.days)

    def save(self, folder: Path) -> None:
        assert self._first is not None, "a version is written when it has learnt"
        np.save(folder / "first.npy", self._first)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._first = np.load(folder / "first.npy")

    def show(self, rows: RowArray, times: IntArray) -> None:
        if not len(rows):
            return
        with self._counting:
            counted = np.zeros(max(len(self._shown), int(rows.max()) + 1), np.int64)
            counted[: len(self._shown)] = self._shown
            np.add.at(counted, rows, times)
            self._shown = counted

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        own = self.settings
        if request.scene != "home" or request.sort != "relevance" or len(ranked.rows) <= own.slot:
            return ranked, ""
        new = self._new(ranked.rows, request.day, catalog)
        if not len(new):
            return ranked, ""
        tried, which = _chances(request)
        lifted = int(new[int(which * len(new))]) if tried < own.share else -1
        propensities = self._propensities(len(ranked.rows), new, lifted)
        if lifted < 0:
            return Ranked(ranked.rows, ranked.scores, ranked.index, ranked.ranker, propensities), ""
        order = np.insert(np.delete(np.arange(len(ranked.rows)), lifted), own.slot, lifted)
        moved = Ranked(ranked.rows[order], ranked.scores[order], ranked.index[order], ranked.ranker, propensities)
        product = catalog.product_ids[ranked.rows[lifted]]
        return moved, f"{product} is new and tried at place {own.slot + 1}, one of {len(new)}"

    def _new(self, rows: RowArray, day: float, catalog: Catalog) -> IntArray:
        """int64 (m,): where the best ranked new products stand that could be lifted, best first."""
        behind = rows[self.settings.slot + 1 :]
        young = ages(born(catalog, self._first, behind), day) < self.settings.days
        counts = self._shown
        shown = np.where(behind < len(counts), counts[np.minimum(behind, len(counts) - 1)], 0) if len(counts) else 0
        found = np.flatnonzero(young & (shown < self.settings.shows))[: self.settings.among]
        return np.asarray(found + self.settings.slot + 1, np.int64)

    def _propensities(self, n: int, new: IntArray, lifted: int) -> FloatArray:
        """float32 (n,): how likely each place of the list holds what it holds; `lifted` is the place before, -1 none.

        What stands before the slot is certain. Behind it a product moves one down where one is lifted that stands
        behind it; one that is new stands where it stood only where it is not lifted itself.
        """
        each = self.settings.share / len(new)
        behind = each * (len(new) - np.searchsorted(new, np.arange(n), side="right"))
        stays = 1.0 - behind
        stays[new] -= each
        stays[: self.settings.slot] = 1.0
        if lifted < 0:
            return stays.astype(np.float32)
        found = stays
        found[self.settings.slot + 1 : lifted + 1] = behind[self.settings.slot : lifted]
        found[self.settings.slot] = each
        return found.astype(np.float32)


def _chances(request: Request) -> tuple[float, float]:
    """Two numbers in [0, 1), drawn by who asks and the day."""
    who = request.session or (f"user {request.user}" if request.user != NEW_USER else request.request_id)
    digest = blake2b(f"{who} {int(request.day)}".encode(), digest_size=16).digest()
    one, other = np.frombuffer(digest, "<u8").tolist()
    return one / 2**64, other / 2**64
