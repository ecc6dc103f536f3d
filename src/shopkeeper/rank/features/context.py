"""What is bought at such a moment more than at others: its hour, weekday, season and holiday, and what callers say."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal, get_args

import numpy as np
import orjson
from pydantic import AfterValidator, Field

from shopkeeper.moments import SAID, Said, said_in
from shopkeeper.rank.holidays import SPELT, Holidays, calendar, checked
from shopkeeper.rank.leanings import Counted, lifts, supported
from shopkeeper.rank.times import N_SPANS, Clock, Told, shop_time
from shopkeeper.settings import PluginSettings
from shopkeeper.text import language_of
from shopkeeper.types import Batch, Candidates, Catalog, FloatArray, Language, RowArray, Snapshot

KINDS: tuple[Told | Said, ...] = (*get_args(Told), *SAID)
PATHS_FILE, LIFTS_FILE, COLUMNS_FILE = "paths.json", "lifts.npy", "columns.json"
"""Versions of earlier days have no file of columns: they know the parts of the day alone."""
YEARLY, HALF_A_YEAR = frozenset({"season", "holiday"}), 180
"""What comes back each year, and how far apart in days its purchases are then at least."""
LOOKED_AT = 1000
"""So many titles tell the shop's language."""
CategoryPath = tuple[str, ...]
Date = Annotated[str, AfterValidator(checked)]


class Context:
    """Lifts of categories, one column for each label of a kind that purchases support (`rank/leanings.py`).

    A kind whose lifts foretell nothing of the latest purchases has none, so that a page leans by the moment only as far
    as data support it. No ranker is taught on it, since windows all ask at one moment; pages without words lean by the
    sum over the moment's labels, `strength` of the way from the twentieth to the best product for each factor of e.
    """

    taught: ClassVar[bool] = False
    names = KINDS

    class Settings(PluginSettings):
        strength: float = Field(
            # weeks 45 and 46 of Complete Journey: see docs/LOG.md, 2026-11-23
            0.37,
            ge=0,
            le=1,
            description="How far pages without words lean by the moment; 0 not at all.",
        )
        knows: tuple[Told | Said, ...] = Field(
            # weekdays foretell purchases and moved no page for the better: docs/LOG.md, 2026-11-23
            tuple(kind for kind in KINDS if kind != "weekday"),
            description="What of a moment counts, where purchases bear it out: these and weekday.",
        )
        prior: float = Field(1000.0, gt=0, description="A category starts with so many purchases at usual moments.")
        utc_offset_hours: float = Field(0.0, ge=-12, le=14, description="The shop's clock, in hours ahead of UTC.")
        calendar: Literal["auto", "en", "zh", "none"] = Field(
            "auto", description="Whose holidays the shop sells for; auto looks at titles."
        )
        holidays: dict[str, tuple[Date, ...]] = Field({}, description=f"More of them by name, or others: {SPELT}.")
        days_before: int = Field(7, ge=0, le=60, description="A holiday's purchases begin so many days before it.")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.strength = settings.strength
        self._clock = self._clock_of("en")
        self._paths: dict[CategoryPath, int] = {}
        self._columns: dict[tuple[str, str], int] = {}
        self._by_clock: tuple[Told, ...] = ()
        # float32 (n_paths + 1, n_columns): the last row is of products whose category nobody knew
        self._lifts: FloatArray = np.zeros((1, 0), np.float32)
        self._classes: RowArray = np.empty(0, np.int32)
        self._language: Language = "en"

    def fit(self, snapshot: Snapshot) -> None:
        shelf = snapshot.catalog
        self._language = language_of(" ".join(shelf.titles[:LOOKED_AT]))
        self._clock = self._clock_of(self._language)
        self._paths = {path: at for at, path in enumerate(shelf.category_paths)}
        size, prior = len(self._paths) + 1, self.settings.prior
        self._columns, found = {}, [np.zeros((size, 0), np.float32)]
        for kind, labels, counted in self._counted(snapshot):
            if supported(counted, size, len(labels), prior):
                self._columns |= {(kind, own): len(self._columns) + at for at, own in enumerate(labels)}
                found.append(lifts(counted, size, len(labels), prior))
        self._lifts = np.concatenate(found, axis=1)
        self._by_clock = tuple(kind for kind in get_args(Told) if kind in self.borne_out)
        self._classes = self._classes_of(shelf)

    def _counted(self, snapshot: Snapshot) -> Iterator[tuple[str, tuple[str, ...], Counted]]:
        """The purchases of each kind that counts, with its labels."""
        import ibis  # half a second that only learning needs
        import pyarrow as pa

        from shopkeeper.store import offline

        shelf, offset = snapshot.catalog, self.settings.utc_offset_hours
        classes = {"row": np.arange(len(shelf), dtype=np.int32), "klass": shelf.categories}
        table = offline.hours(snapshot.interactions, ibis.memtable(pa.table(classes)), offset).to_pyarrow()
        klass, day, hour, n = (table[name].to_numpy().astype(np.int64) for name in ("klass", "day", "hour", "n"))
        counted = Counted(klass, klass, day, n.astype(np.float64)).where(klass >= 0)
        hours = np.minimum(hour[klass >= 0], 23)
        for kind in get_args(Told):
            if kind in self.settings.knows:
                codes = self._clock.codes(kind, counted.days, hours)
                apart = HALF_A_YEAR if kind in YEARLY else 0
                yield kind, self._clock.labels[kind], replace(counted, labels=codes, apart=apart)
        moments = snapshot.moments
        days, _ = shop_time(moments.days, offset)
        sold = shelf.categories[moments.rows].astype(np.int64)
        for at, kind in enumerate(SAID):
            if kind in self.settings.knows and moments.labels[at]:
                codes = moments.codes[:, at].astype(np.int64)
                own = Counted(sold, codes, days, np.ones(len(days))).where((codes >= 0) & (sold >= 0))
                yield kind, moments.labels[at], own

    @property
    def borne_out(self) -> tuple[str, ...]:
        """The kinds that purchases support."""
        return tuple(dict.fromkeys(kind for kind, _ in self._columns))

    def lifts(self, rows: RowArray, day: float, context: Mapping[str, str]) -> FloatArray:
        """float32 (n,): the lift of each row's category at that moment, of which the caller says this."""
        columns = [column for _, column in self._at(day, context)]
        return np.asarray(self._lifts[self._of(rows)[:, None], columns].sum(axis=1), np.float32)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        found = np.zeros((len(candidates.rows), len(KINDS)), np.float32)
        for at, request in enumerate(batch.requests):
            own = slice(int(candidates.offsets[at]), int(candidates.offsets[at + 1]))
            classes = self._of(candidates.rows[own])
            for kind, column in self._at(request.day, request.context):
                found[own, kind] = self._lifts[classes, column]
        return found

    def _at(self, day: float, context: Mapping[str, str]) -> Iterator[tuple[int, int]]:
        """The places in KINDS and the columns of what is known of a moment, of labels that were learnt."""
        known = said_in(context)
        days, hours = shop_time(day, self.settings.utc_offset_hours)
        for told in self._by_clock:
            known[told] = self._clock.labels[told][int(self._clock.codes(told, days, hours)[0])]
        for at, kind in enumerate(KINDS):
            column = self._columns.get((kind, known.get(kind, "")))
            if column is not None:
                yield at, column

    def _of(self, rows: RowArray) -> RowArray:
        """int32 (n,): the class of each row, the last of a row that is new."""
        known = rows < len(self._classes)
        classes = np.full(len(rows), len(self._lifts) - 1, np.int32)
        classes[known] = self._classes[rows[known]]
        return classes

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        classes = np.full(len(catalog), len(self._lifts) - 1, np.int32)
        classes[: len(self._classes)] = self._classes
        classes[rows] = self._classes_of(catalog, rows)
        self._classes = classes

    def save(self, folder: Path) -> None:
        columns = {"language": self._language, "columns": list(self._columns)}
        (folder / PATHS_FILE).write_bytes(orjson.dumps(list(self._paths)))
        (folder / COLUMNS_FILE).write_bytes(orjson.dumps(columns))
        np.save(folder / LIFTS_FILE, self._lifts, allow_pickle=False)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._paths = {tuple(path): at for at, path in enumerate(orjson.loads((folder / PATHS_FILE).read_bytes()))}
        self._lifts = np.load(folder / LIFTS_FILE, allow_pickle=False)
        columns = [("hour", str(span)) for span in range(N_SPANS)]
        if (folder / COLUMNS_FILE).is_file():
            said = orjson.loads((folder / COLUMNS_FILE).read_bytes())
            self._language, columns = said["language"], said["columns"]
        self._clock = self._clock_of(self._language)
        self._columns = {(kind, own): at for at, (kind, own) in enumerate(columns)}
        self._by_clock = tuple(kind for kind in get_args(Told) if kind in self.borne_out)
        self._classes = self._classes_of(catalog)

    def _clock_of(self, language: Language) -> Clock:
        settings = self.settings
        dates = calendar(language if settings.calendar == "auto" else settings.calendar)
        return Clock(Holidays({**dates, **settings.holidays}, settings.days_before))

    def _classes_of(self, catalog: Catalog, rows: RowArray | slice = slice(None)) -> RowArray:
        """int32 (m,): the place of each row's category among those that were learnt, the last where it was not."""
        places = [self._paths.get(path, len(self._lifts) - 1) for path in (*catalog.category_paths, ())]
        return np.array(places, np.int32)[catalog.categories[rows]]
