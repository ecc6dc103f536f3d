"""What was just bought rests until it is wanted again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import orjson
from pydantic import Field

from shopkeeper.arrange.arrange import keep, title_codes
from shopkeeper.arrange.returning import EDGES, CategoryPath, counted, rests
from shopkeeper.portrait import Portrait
from shopkeeper.settings import PluginSettings
from shopkeeper.types import (
    ACTION_CODES,
    PURCHASE,
    BoolArray,
    Catalog,
    DayArray,
    FloatArray,
    Ranked,
    Request,
    RowArray,
    Snapshot,
)

FILE = "rests.json"
REFUND = ACTION_CODES["refund"]


class BoughtBefore:
    """Drops what this shopper bought once, so lately that buyers of its category do not come back for it yet, with its
    variants and namesakes: a kettle for years, milk for days. A search still finds it, and a refund brings it back.

    It rests until `chance` of the category's buyers have taken the same thing again, as learnt from the log and drawn
    towards the category above. What was bought on two days has a rhythm of its own, which the ranker knows: it never
    rests.
    """

    place: ClassVar[int] = 13

    class Settings(PluginSettings):
        chance: float = Field(
            # on 1,740 households every value up to .2 leaves the next basket as it is: see docs/LOG.md, 2026-11-23
            0.1,
            gt=0,
            lt=1,
            description="Shown again once so many of the category's buyers have bought the same thing again.",
        )
        prior: float = Field(5.0, gt=0, description="How many buyers of the category above a category starts with.")
        usual_days: float = Field(
            180.0, gt=0, description="The mean interval between purchases where the log says nothing."
        )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._days: Mapping[CategoryPath, float] = self._learnt([], np.zeros((2, 0, len(EDGES) - 1)))
        # those of a catalogue's categories, made anew when the catalogue is another
        self._known: tuple[Sequence[CategoryPath], DayArray] = (), np.empty(0)

    def fit(self, snapshot: Snapshot) -> None:
        import ibis  # half a second that only learning needs
        import pyarrow as pa

        from shopkeeper.store import offline

        shelf = snapshot.catalog
        none = len(shelf.category_paths)  # products without a category are one of their own
        klass = np.where(shelf.categories < 0, none, shelf.categories)
        classes = ibis.memtable(
            pa.table({"row": np.arange(len(shelf), dtype=np.int32), "good": shelf.groups, "klass": klass})
        )
        found = offline.returns(snapshot.interactions, classes).to_pyarrow()
        who, waited, again, n = (found[name].to_numpy() for name in ("klass", "days", "again", "n"))
        self._days = self._learnt([*shelf.category_paths, ()], np.stack(counted(who, waited, again, n, none + 1)))
        self._known = (), np.empty(0)

    def save(self, folder: Path) -> None:
        (folder / FILE).write_bytes(orjson.dumps(sorted(self._days.items())))

    def load(self, folder: Path, catalog: Catalog) -> None:
        saved = orjson.loads((folder / FILE).read_bytes())
        self._days, self._known = {tuple(path): days for path, days in saved}, ((), np.empty(0))

    def days(self, path: CategoryPath) -> float:
        """How long what is bought of a category rests; as that of the nearest above it which the log knows."""
        return next(self._days[path[:depth]] for depth in range(len(path), -1, -1) if path[:depth] in self._days)

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]:
        if request.scene == "search" or request.sort != "relevance" or not len(portrait.rows) or not len(ranked.rows):
            return ranked, ""
        resting, mine = self._resting(ranked.rows, request.day, portrait, catalog)
        if not resting.any():
            return ranked, ""
        titles = title_codes(catalog, ranked.rows)
        kept = ~resting & (mine | ~np.isin(titles, titles[resting]))
        dropped = len(kept) - int(kept.sum())
        return keep(ranked, kept), f"{dropped} bought lately, not wanted again yet"

    def _resting(self, rows: RowArray, day: float, portrait: Portrait, catalog: Catalog) -> tuple[BoolArray, BoolArray]:
        """bool (n,) each: whether a candidate was bought on one day only, and too lately; whether it was bought."""
        groups = catalog.groups[rows]
        known = np.sort(groups)
        lines = np.flatnonzero((portrait.actions == PURCHASE) | (portrait.actions == REFUND))
        lines = lines[portrait.rows[lines] < len(catalog)]  # a product may have come since the page began
        own = catalog.groups[portrait.rows[lines]]
        at = np.minimum(np.searchsorted(known, own), len(known) - 1)
        held = known[at] == own
        lines, at = lines[held], at[held]
        bought, days = portrait.actions[lines] == PURCHASE, np.floor(portrait.days[lines])
        first, last, back = np.full((3, len(known)), -np.inf)
        last[at[bought]] = days[bought]  # oldest first: the newest is written last
        first[at[bought][::-1]] = days[bought][::-1]
        back[at[~bought]] = days[~bought]
        mine, place = last > back, np.searchsorted(known, groups)
        until = last[place] + self._of(catalog)[catalog.categories[rows]]
        resting = (mine & (first == last))[place] & (day < until)
        return resting, mine[place]

    def _of(self, catalog: Catalog) -> DayArray:
        """float64 (n_categories + 1,): how long what is bought of each category rests, and what has none."""
        paths, days = self._known
        if paths is not catalog.category_paths:
            days = np.array([*map(self.days, catalog.category_paths), self.days(())])
            self._known = catalog.category_paths, days
        return days

    def _learnt(self, paths: Sequence[CategoryPath], table: DayArray) -> Mapping[CategoryPath, float]:
        return rests(paths, table[0], table[1], (self.settings.prior, self.settings.usual_days), self.settings.chance)
