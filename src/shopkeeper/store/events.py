"""The event log: a tail in `shop.db`, full days in the lake. An event is in it once, for ever, or not at all."""

import hashlib
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from shopkeeper.store.database import Database, fetch_many, insert_many
from shopkeeper.store.lake import DAY_US, Lake
from shopkeeper.store.log import interactions_of, tail_table, whole_log
from shopkeeper.store.records import LOG, MICROSECONDS, Record, event_of, event_record
from shopkeeper.store.schema import EVENTS as SCHEMA
from shopkeeper.store.schema import conform
from shopkeeper.store.tables import DAYS, EVENTS, SEEN
from shopkeeper.store.users import Users
from shopkeeper.types import Catalog, Event, IntArray, Interactions

if TYPE_CHECKING:
    import ibis
    from ibis.backends.duckdb import Backend

Outcome = Literal["accepted", "duplicate"]
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How many lines were taken, and how many were in the log already or twice in the table."""

    accepted: int
    duplicate: int


@dataclass(slots=True)
class _Ticket:
    """One caller's events on their way to the disk."""

    records: list[Record]
    outcomes: list[Outcome] = field(default_factory=list)
    error: BaseException | None = None
    done: bool = False


class Events:
    """The log of one shop."""

    def __init__(self, database: Database, lake: Lake, users: Users, tail_days: int) -> None:
        self._database = database
        self._lake = lake
        self._users = users
        self._tail_days = tail_days
        self._waiting: list[_Ticket] = []
        self._waiting_turn = threading.Lock()
        self._upkeep = threading.Lock()
        self._engine: Backend | None = None
        self._next_seq = self._following_seq()

    def append(self, events: Sequence[Event]) -> list[Outcome]:
        """What became of each event; all of them are durable on return. Raises StorageFull: then none was kept.

        Callers that arrive while another one's transaction is on its way share the next one.
        """
        ticket = _Ticket([event_record(event) for event in events])
        with self._waiting_turn:
            self._waiting.append(ticket)
        with self._database.turn:
            if not ticket.done:
                self._commit_waiting()
        if ticket.error is not None:
            raise ticket.error
        return ticket.outcomes

    def import_table(self, table: pa.Table, now: float | None = None) -> ImportCounts:
        """Takes a table with the columns of schema.EVENTS; full days go straight to the lake. Raises IntakeError.

        `now` (UTC seconds; the clock's by default) says which days are full. The whole table is taken, or nothing.
        """
        table = conform(table, SCHEMA)
        with self._upkeep, self._database.turn:
            return self._import(table, self._first_day_of_tail(time.time() if now is None else now))

    def compact(self, now: float) -> int:
        """How many events went from the tail to the lake: those of full days older than `tail_days`."""
        moved = 0
        with self._upkeep:
            for day_us in self._full_days(self._first_day_of_tail(now)):
                moved += self._compact_day(day_us)
        return moved

    def erase(self, user_id: str) -> int:
        """How many events of the shopper were removed, from the tail and from the lake."""
        with self._upkeep:
            files = self._files_with(user_id)
            kept = [self._without(file, user_id) for file in files]
            staged = [day for table, _ in kept if len(table) for day in self._lake.stage(table)]
            with self._database.writing() as connection:
                self._lake.retire(connection, files)
                self._lake.register(connection, staged)
                gone = connection.execute(sa.delete(EVENTS).where(EVENTS.c.user_id == user_id)).rowcount
            self._lake.sweep()
            self._database.truncate_log()
        return int(gone) + sum(removed for _, removed in kept)

    def table(self) -> "ibis.Table":
        """The whole log as it is now: the columns of schema.EVENTS. Days of the lake are read when it is executed."""
        return self._log().select(SCHEMA.names)

    def interactions(self, catalog: Catalog, users: Users) -> Interactions:
        """The whole log as columns of rows; products outside the catalogue are left out."""
        users.refresh()
        return interactions_of(self._backend(), self._log(), catalog, users.ids())

    def tail(self, after: float) -> list[Event]:
        """The events later than `after` (UTC seconds), oldest first, wherever they are kept."""
        after_us = round(after * MICROSECONDS)
        with self._database.reading() as connection:
            found = [tail_table(connection, EVENTS.c.timestamp_us > after_us)]
            statement = sa.select(DAYS.c.file).where(DAYS.c.last_timestamp_us > after_us)
            files = [self._lake.root / file for file in connection.execute(statement).scalars()]
        moment = pa.scalar(after_us, pa.timestamp("us", tz="UTC"))
        found.extend(_read(file, filters=pc.field("timestamp") > moment) for file in files)
        table = pa.concat_tables(found).sort_by([("timestamp", "ascending"), ("seq", "ascending")])
        stamps = table.column("timestamp").cast(pa.int64()).to_pylist()
        rows = table.drop_columns(["timestamp", "seq"]).to_pylist()
        return [event_of({**row, "timestamp_us": stamp}) for row, stamp in zip(rows, stamps, strict=True)]

    def last_timestamp(self) -> float:
        """UTC seconds of the latest event; 0.0 for an empty log."""
        with self._database.reading() as connection:
            latest = [
                connection.execute(sa.select(sa.func.max(column))).scalar()
                for column in (EVENTS.c.timestamp_us, DAYS.c.last_timestamp_us)
            ]
        return max((stamp / MICROSECONDS for stamp in latest if stamp is not None), default=0.0)

    def __len__(self) -> int:
        with self._database.reading() as connection:
            tail = connection.execute(sa.select(sa.func.count()).select_from(EVENTS)).scalar_one()
            lake = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(DAYS.c.n_events), 0))).scalar_one()
        return int(tail) + int(lake)

    def data_hash(self) -> str:
        """sha256 over the log's content; the same wherever its events are kept and in whatever order they came."""
        import ibis

        log = self.table()
        stamp = log.timestamp.cast("string")
        texts = [log[name].cast("string").fill_null("\x00") for name in SCHEMA.names if name != "timestamp"]
        line = ibis.literal("\x1f").join([stamp, *texts])
        digest = line.hexdigest("md5")
        halves = [("0x" + digest.substr(start, 8)).cast("int64") for start in (0, 8, 16, 24)]
        sums = log.aggregate([log.count().name("n")] + [half.sum().name(f"s{i}") for i, half in enumerate(halves)])
        content = self._backend().to_pyarrow(sums).to_pylist()[0]
        return hashlib.sha256(repr(sorted(content.items())).encode()).hexdigest()

    def close(self) -> None:
        """Closes what reading has opened."""
        if self._engine is not None:
            self._engine.disconnect()
            self._engine = None

    def _commit_waiting(self) -> None:
        with self._waiting_turn:
            tickets, self._waiting = self._waiting, []
        try:
            self._write(tickets)
        except BaseException as error:
            for ticket in tickets:
                ticket.error = error
        for ticket in tickets:
            ticket.done = True

    def _write(self, tickets: Sequence[_Ticket]) -> None:
        records = [record for ticket in tickets for record in ticket.records]
        keys = event_keys(record["event_id"] for record in records).tolist()
        with self._database.writing() as connection:
            known = _known(connection, keys)
            fresh: dict[int, Record] = {}
            outcomes: list[Outcome] = []
            for key, record in zip(keys, records, strict=True):
                outcomes.append("duplicate" if key in known or key in fresh else "accepted")
                fresh.update({} if outcomes[-1] == "duplicate" else {key: record})
            users = self._users.insert_missing(connection, (record["user_id"] for record in fresh.values()))
            if fresh:
                rows = [{**record, "seq": self._next_seq + i} for i, record in enumerate(fresh.values())]
                connection.execute(sa.insert(EVENTS), rows)
                _remember(connection, list(fresh))
        self._users.remember(users)
        self._next_seq += len(fresh)
        taken = iter(outcomes)
        for ticket in tickets:
            ticket.outcomes = [next(taken) for _ in ticket.records]

    def _import(self, table: pa.Table, tail_us: int) -> ImportCounts:
        with self._database.reading() as connection:
            known = np.array(fetch_many(connection, sa.select(SEEN.c.key)), np.int64).reshape(-1)
        keys, first = np.unique(event_keys(table.column("event_id").to_pylist()), return_index=True)
        new = np.isin(keys, known, assume_unique=True, invert=True)
        fresh = table.take(pa.array(np.sort(first[new])))
        seqs = pa.array(np.arange(len(fresh)) + self._next_seq, pa.int64())
        fresh = pa.Table.from_arrays([seqs, *fresh.columns], schema=LOG)
        stamps = fresh.column("timestamp").cast(pa.int64())
        full = pc.less(stamps, tail_us)
        staged = self._lake.stage(fresh.filter(full))
        recent = fresh.filter(pc.invert(full))
        with self._database.writing() as connection:
            users = self._users.insert_missing(connection, pc.unique(fresh.column("user_id")).to_pylist())
            self._lake.register(connection, staged)
            _remember(connection, keys[new].tolist())
            if len(recent):
                place = recent.column_names.index("timestamp")
                recent = recent.set_column(place, "timestamp_us", recent.column(place).cast(pa.int64()))
                rows = zip(*(column.to_pylist() for column in recent.columns), strict=True)
                insert_many(connection, sa.insert(EVENTS), recent.column_names, rows)
        self._users.remember(users)
        self._next_seq += len(fresh)
        return ImportCounts(len(fresh), len(table) - len(fresh))

    def _first_day_of_tail(self, now: float) -> int:
        return (round(now * MICROSECONDS) // DAY_US - self._tail_days) * DAY_US

    def _full_days(self, tail_us: int) -> list[int]:
        day = sa.cast(EVENTS.c.timestamp_us // DAY_US, sa.Integer)
        with self._database.reading() as connection:
            found = connection.execute(sa.select(day).where(EVENTS.c.timestamp_us < tail_us).distinct()).scalars()
            return sorted(int(number) * DAY_US for number in found)

    def _compact_day(self, day_us: int) -> int:
        of_day = (EVENTS.c.timestamp_us >= day_us) & (EVENTS.c.timestamp_us < day_us + DAY_US)
        with self._database.reading() as connection:
            table = tail_table(connection, of_day)
        staged = self._lake.stage(table)
        with self._database.writing() as connection:
            self._lake.register(connection, staged)
            read = EVENTS.c.seq <= pc.max(table.column("seq")).as_py()  # what came since has a higher number
            connection.execute(sa.delete(EVENTS).where(of_day & read))
        return len(table)

    def _files_with(self, user_id: str) -> list[str]:
        with self._database.reading() as connection:
            files = self._lake.files(connection)
        own = pc.field("user_id") == user_id
        return [file for file in files if len(_read(self._lake.root / file, columns=["user_id"], filters=own))]

    def _without(self, file: str, user_id: str) -> tuple[pa.Table, int]:
        table = _read(self._lake.root / file)
        kept = table.filter(pc.not_equal(table.column("user_id"), user_id))
        return kept, len(table) - len(kept)

    def _log(self) -> "ibis.Table":
        with self._database.reading() as connection:
            files = [self._lake.root / file for file in self._lake.files(connection)]
            tail = tail_table(connection)
        return whole_log(files, tail)

    def _backend(self) -> "Backend":
        if self._engine is None:
            import ibis

            self._engine = ibis.duckdb.connect()
        return self._engine

    def _following_seq(self) -> int:
        with self._database.reading() as connection:
            tail = connection.execute(sa.select(sa.func.max(EVENTS.c.seq))).scalar()
            lake = connection.execute(sa.select(sa.func.max(DAYS.c.last_seq))).scalar()
        return 1 + max(-1 if tail is None else tail, -1 if lake is None else lake)


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


def _remember(connection: sa.Connection, keys: Sequence[int]) -> None:
    insert_many(connection, sa.insert(SEEN), ["key"], zip(keys, strict=True))


def _read(file: Path, **options: object) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.read_table(file, partitioning=None, **options)
