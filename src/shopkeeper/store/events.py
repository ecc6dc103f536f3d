"""The event log: a tail in `shop.db`, full days in the lake. An event is in it once, for ever, or not at all."""

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from shopkeeper.ports import Past
from shopkeeper.store.arrays import numbers, numbers_of
from shopkeeper.store.commit import GroupCommit
from shopkeeper.store.database import Database, fetch_many, insert_many
from shopkeeper.store.lake import DAY_US, Lake
from shopkeeper.store.log import (
    coded_day,
    coded_tail,
    content_hash,
    day_table,
    last_seq,
    past_of,
    searching,
    tail_table,
    told_apart,
    whole_log,
)
from shopkeeper.store.records import LOG, MICROSECONDS, Record, event_of, event_record
from shopkeeper.store.schema import EVENTS as SCHEMA
from shopkeeper.store.schema import conform
from shopkeeper.store.tables import DAYS, EVENTS, SEEN
from shopkeeper.store.upkeep import Upkeep
from shopkeeper.store.users import Users
from shopkeeper.types import Action, Catalog, Event, IntArray, Interactions

if TYPE_CHECKING:
    import ibis

Outcome = Literal["accepted", "duplicate"]
_OfTail = Callable[[sa.Connection, sa.ColumnElement[bool]], pa.Table]
_OfDay = Callable[[Path], pa.Table]
_CHUNK = 500
_NAMES = EVENTS.c.keys()
_INSERT_EVENTS = sa.insert(EVENTS)
_INSERT_SEEN = sa.insert(SEEN)


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How many lines were taken, and how many were in the log already or twice in the table."""

    accepted: int
    duplicate: int


class Events:
    """The log of one shop."""

    def __init__(self, database: Database, lake: Lake, users: Users, tail_days: int) -> None:
        self._database = database
        self._lake = lake
        self._users = users
        self._tail_days = tail_days
        self._upkeep = Upkeep(database, lake)
        self._commit = GroupCommit[Record, Outcome](database.turn, self._write)
        self._next_seq = self.last_seq() + 1
        self._opening = False
        self._tail_once: pa.Table | None = None

    @contextmanager
    def opening(self) -> Iterator[None]:
        """While a shop opens, before anybody else uses it: the tail is read once, whatever asks for it."""
        self._opening = True
        try:
            yield
        finally:
            self._opening, self._tail_once = False, None

    def append(self, events: Sequence[Event]) -> list[Outcome]:
        """What became of each event; all of them are durable on return. Raises StorageFull: then none was kept."""
        return self._commit.submit([event_record(event) for event in events])

    def import_table(self, table: pa.Table, now: float | None = None) -> ImportCounts:
        """Takes a table with the columns of schema.EVENTS; full days go straight to the lake. Raises IntakeError.

        `now` (UTC seconds; the clock's by default) says which days are full. The whole table is taken, or nothing.
        """
        table = conform(table, SCHEMA)
        with self._upkeep.turn, self._database.turn:
            return self._import(table, self._first_day_of_tail(time.time() if now is None else now))

    def compact(self, now: float) -> int:
        """How many events went from the tail to the lake: those of full days older than `tail_days`."""
        return self._upkeep.compact(self._first_day_of_tail(now))

    def visits(self, user_id: str) -> set[str]:
        """The sessions in which the shopper did anything."""
        return self._upkeep.visits(user_id)

    def erase(self, user_id: str, others: Collection[str] = ()) -> int:
        """How many events of the shopper were removed, with a guest's in the shopper's visits and in these `others`.

        Their ids stay known: a late retry does not bring them back.
        """
        return self._upkeep.erase(user_id, others)

    def table(self) -> "ibis.Table":
        """The whole log as it is now: the columns of schema.EVENTS. Days of the lake are read when it is executed."""
        with self._database.reading() as connection:
            files, tail = self._files(connection), tail_table(connection)
        return whole_log(files, tail).select(SCHEMA.names)

    def filed(self) -> frozenset[str]:
        """The files of full days that count now, each named by its content."""
        with self._database.reading() as connection:
            return frozenset(self._lake.files(connection))

    def interactions(self, catalog: Catalog, users: Users) -> Interactions:
        """The whole log as columns of rows; products outside the catalogue are left out."""
        return self.told_apart(catalog, users)[0]

    def told_apart(self, catalog: Catalog, users: Users) -> tuple[Interactions, Past]:
        """As `interactions`, and beside them what guests did of whom nobody knows who they are."""
        users.refresh()
        with self._upkeep.turn:  # or a shopper who is erased meanwhile would be gathered again
            with self._database.reading() as connection:
                files, tail = self._files(connection), self._coded_tail(connection)
            days = self._lake.gathered.days(files)
        return told_apart([*days, tail], catalog, users.ids())

    def gather(self) -> None:
        """Gathers the full days in the cache where that pays, so that the next opening need not."""
        with self._upkeep.turn:
            with self._database.reading() as connection:
                files = self._files(connection)
            self._lake.gathered.days(files)

    def tail(self, after: float) -> list[Event]:
        """The events at `after` (UTC seconds) or later, oldest first, wherever they are kept."""
        return _events_of(self._tail(after, tail_table, day_table))

    def since(self, seq: int) -> list[Event]:
        """The events that arrived after the one with this number, oldest arrival first, wherever they are kept."""
        return _events_of(self._since(seq, tail_table, day_table))

    def past_tail(self, after: float, catalog: Catalog, users: Users) -> Past:
        """What `tail` tells, in rows and days."""
        return past_of(self._tail(after, self._coded_tail, coded_day), catalog, users.ids())

    def past_since(self, seq: int, catalog: Catalog, users: Users) -> Past:
        """What `since` tells, in rows and days."""
        return past_of(self._since(seq, self._coded_tail, coded_day), catalog, users.ids())

    def after_searches(self, seq: int, after: float) -> list[tuple[int, Event]]:
        """Searches, and what may have followed one, with the number of each, oldest first: those that arrived after the
        event with number `seq`, or are of `after` (UTC seconds) or later."""
        after_us = round(after * MICROSECONDS)
        lately = (EVENTS.c.seq > seq) | (EVENTS.c.timestamp_us >= after_us)
        with self._database.reading() as connection:
            tail = tail_table(connection, lately & _of_searches())
            files = self._named(connection, (DAYS.c.last_seq > seq) | (DAYS.c.last_timestamp_us >= after_us))
        found = pa.concat_tables([tail, *(searching(day_table(file)) for file in files)])
        late = numbers_of(found.column("timestamp").cast(pa.int64())) >= after_us
        kept = np.flatnonzero(late | (numbers_of(found.column("seq")) > seq))
        ordered = found.take(numbers(kept, pa.int64())).sort_by([("timestamp", "ascending"), ("seq", "ascending")])
        return list(zip(ordered.column("seq").to_pylist(), _events_of(ordered), strict=True))

    def rated_since(self, seq: int) -> list[Event]:
        """The ratings that arrived after the event with this number, oldest arrival first, wherever they are kept."""
        rating = EVENTS.c.action == "rate"
        return _events_of(
            self._since(
                seq,
                lambda connection, condition: tail_table(connection, condition & rating),
                lambda file: day_table(file).filter(pc.equal(pc.field("action"), "rate")),
            )
        )

    def of_action(self, action: Action) -> list[Event]:
        """All events of this action, oldest arrival first. Of a day that has none only the actions are read."""
        with self._upkeep.turn:
            with self._database.reading() as connection:
                files, tail = self._files(connection), tail_table(connection, EVENTS.c.action == action)
            done = ((file, day_table(file, ["action"]).column("action")) for file in files)
            named = [file for file, column in done if pc.index(column, action).as_py() >= 0]
            days = [day_table(file).filter(pc.equal(pc.field("action"), action)) for file in named]
        return _events_of(pa.concat_tables([tail, *days]).sort_by("seq"))

    def last_seq(self) -> int:
        """The number of the event that arrived last, even if it was erased since; -1 for an empty log."""
        with self._database.reading() as connection:
            return last_seq(connection)

    def last_timestamp(self) -> float:
        """UTC seconds of the latest event; 0.0 for an empty log."""
        latest = self._highest(EVENTS.c.timestamp_us, DAYS.c.last_timestamp_us)
        return 0.0 if latest is None else latest / MICROSECONDS

    def __len__(self) -> int:
        with self._database.reading() as connection:
            tail = connection.execute(sa.select(sa.func.count()).select_from(EVENTS)).scalar_one()
            lake = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(DAYS.c.n_events), 0))).scalar_one()
        return int(tail) + int(lake)

    def data_hash(self) -> str:
        """sha256 over the log's content; the same wherever its events are kept and in whatever order they came."""
        return content_hash(self.table())

    def _write(self, records: list[Record]) -> list[Outcome]:
        keys = event_keys(record["event_id"] for record in records).tolist()
        fresh: dict[int, Record] = {}
        outcomes: list[Outcome] = []
        with self._database.writing() as connection:
            known = _known(connection, keys)
            for key, record in zip(keys, records, strict=True):
                if key in known or key in fresh:
                    outcomes.append("duplicate")
                else:
                    fresh[key] = {**record, "seq": self._next_seq + len(fresh)}
                    outcomes.append("accepted")
            users = self._users.insert_missing(connection, (record["user_id"] for record in fresh.values()))
            if fresh:
                rows = [tuple(record[name] for name in _NAMES) for record in fresh.values()]
                insert_many(connection, _INSERT_EVENTS, _NAMES, rows)
                _remember(connection, fresh)
        self._users.remember(users)
        self._next_seq += len(fresh)
        return outcomes

    def _import(self, table: pa.Table, tail_us: int) -> ImportCounts:
        with self._database.reading() as connection:
            known = np.array(fetch_many(connection, sa.select(SEEN.c.key)), np.int64).reshape(-1)
        keys, first = np.unique(event_keys(table.column("event_id").to_pylist()), return_index=True)
        new = np.isin(keys, known, assume_unique=True, invert=True)
        fresh = table.take(pa.array(np.sort(first[new])))
        seqs = pa.array(np.arange(len(fresh)) + self._next_seq, pa.int64())
        fresh = pa.Table.from_arrays([seqs, *fresh.columns], schema=LOG)
        full = pc.less(fresh.column("timestamp").cast(pa.int64()), tail_us)
        staged = self._lake.stage(fresh.filter(full))
        with self._database.writing() as connection:
            users = self._users.insert_missing(connection, pc.unique(fresh.column("user_id")).to_pylist())
            self._lake.register(connection, staged)
            _remember(connection, keys[new].tolist())
            _insert_tail(connection, fresh.filter(pc.invert(full)))
        self._users.remember(users)
        self._next_seq += len(fresh)
        return ImportCounts(len(fresh), len(table) - len(fresh))

    def _first_day_of_tail(self, now: float) -> int:
        return (round(now * MICROSECONDS) // DAY_US - self._tail_days) * DAY_US

    def _files(self, connection: sa.Connection) -> list[Path]:
        return [self._lake.root / file for file in self._lake.files(connection)]

    def _coded_tail(self, connection: sa.Connection, condition: sa.ColumnElement[bool] | None = None) -> pa.Table:
        """As `coded_tail`; all of it while the shop opens."""
        if not self._opening:
            return coded_tail(connection, condition)
        if self._tail_once is None:
            self._tail_once = coded_tail(connection)
        return self._tail_once

    def _tail(self, after: float, of_tail: _OfTail, of_day: _OfDay) -> pa.Table:
        after_us = round(after * MICROSECONDS)
        with self._database.reading() as connection:
            tail = of_tail(connection, EVENTS.c.timestamp_us >= after_us)
            files = self._named(connection, DAYS.c.last_timestamp_us >= after_us)
        found = pa.concat_tables([tail, *map(of_day, files)])
        recent = np.flatnonzero(numbers_of(found.column("timestamp").cast(pa.int64())) >= after_us)
        return found.take(numbers(recent, pa.int64())).sort_by([("timestamp", "ascending"), ("seq", "ascending")])

    def _since(self, seq: int, of_tail: _OfTail, of_day: _OfDay) -> pa.Table:
        with self._database.reading() as connection:
            tail = of_tail(connection, EVENTS.c.seq > seq)
            files = self._named(connection, DAYS.c.last_seq > seq)
        found = pa.concat_tables([tail, *map(of_day, files)])
        later = np.flatnonzero(numbers_of(found.column("seq")) > seq)
        return found.take(numbers(later, pa.int64())).sort_by("seq")

    def _named(self, connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Path]:
        """These files of the lake."""
        return [
            self._lake.root / file for file in connection.execute(sa.select(DAYS.c.file).where(condition)).scalars()
        ]

    def _highest(self, *columns: sa.Column[int]) -> int | None:
        with self._database.reading() as connection:
            found = [connection.execute(sa.select(sa.func.max(column))).scalar() for column in columns]
        return max((int(value) for value in found if value is not None), default=None)


def _events_of(table: pa.Table) -> list[Event]:
    stamps = table.column("timestamp").cast(pa.int64()).to_pylist()
    rows = table.drop_columns(["timestamp", "seq"]).to_pylist()
    return [event_of({**row, "timestamp_us": stamp}) for row, stamp in zip(rows, stamps, strict=True)]


def _of_searches() -> sa.ColumnElement[bool]:
    """What names a search, or belongs to a visit that searched."""
    named = (EVENTS.c["query"] != "") | (EVENTS.c.request_id != "")
    visits = sa.select(EVENTS.c.session_id).where((EVENTS.c["query"] != "") & (EVENTS.c.session_id != ""))
    return named | EVENTS.c.session_id.in_(visits)


def event_keys(event_ids: Iterable[str]) -> IntArray:
    """int64 (n,): a key for each id. Among 10 million events the chance that any two ids share one is 1 in 370,000."""
    digests = b"".join([hashlib.blake2b(event_id.encode(), digest_size=8).digest() for event_id in event_ids])
    return np.frombuffer(digests, np.dtype("<i8")).astype(np.int64)


def _known(connection: sa.Connection, keys: Sequence[int]) -> set[int]:
    known: set[int] = set()
    for start in range(0, len(keys), _CHUNK):
        chunk = sa.select(SEEN.c.key).where(SEEN.c.key.in_(keys[start : start + _CHUNK]))
        known.update(connection.execute(chunk).scalars())
    return known


def _remember(connection: sa.Connection, keys: Iterable[int]) -> None:
    insert_many(connection, _INSERT_SEEN, ["key"], [(key,) for key in keys])


def _insert_tail(connection: sa.Connection, recent: pa.Table) -> None:
    place = recent.column_names.index("timestamp")
    recent = recent.set_column(place, "timestamp_us", recent.column(place).cast(pa.int64()))
    rows = zip(*(column.to_pylist() for column in recent.columns), strict=True)
    insert_many(connection, _INSERT_EVENTS, _NAMES, rows)
