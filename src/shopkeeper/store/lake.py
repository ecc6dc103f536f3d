"""The lake: full days of the log as Parquet, `events/day=YYYY-MM-DD/<content>.parquet`.

A file counts only once a transaction has named it in `days`. Before it is renamed into place its name is written to
`leftovers`, and so is the name of a file that is being replaced: whatever instruction the process is killed at, the
next opening deletes exactly the files that must not be there.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from shopkeeper.store.arrays import numbers, numbers_of
from shopkeeper.store.database import Database
from shopkeeper.store.disk import full_disk_as_error, sync
from shopkeeper.store.gathered import Gathered
from shopkeeper.store.records import MICROSECONDS
from shopkeeper.store.tables import DAYS, LEFTOVERS

_REPEATED = ["action", "user_id", "session_id", "product_id", "query", "request_id", "context"]
DAY_US = 86_400 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class DayFile:
    """A file of the lake, as a row of `days`."""

    file: str
    n_events: int
    last_seq: int
    last_timestamp_us: int
    sha256: str


class Lake:
    """Writes, names and deletes the files of full days."""

    def __init__(self, database: Database, root: Path, gathered: Gathered) -> None:
        self.root = root
        self.gathered = gathered
        self._database = database

    def stage(self, table: pa.Table) -> list[DayFile]:
        """Writes a table of events (with `seq`) as one file a day, durably, not counted yet. Raises StorageFull."""
        drafts: list[tuple[Path, DayFile]] = []
        with full_disk_as_error(self.root):
            try:
                drafts.extend(self._draft(day) for day in _by_day(table))
                self._expect([file.file for _, file in drafts])
                for draft, file in drafts:
                    draft.replace(self.root / file.file)
            finally:
                for draft, _ in drafts:
                    draft.unlink(missing_ok=True)
            for folder in {draft.parent for draft, _ in drafts}:
                sync(folder)
            if drafts:
                sync(self.root)
        return [file for _, file in drafts]

    def register(self, connection: sa.Connection, files: Sequence[DayFile]) -> None:
        """Makes staged files count, in the caller's transaction."""
        if not files:
            return
        rows = [{name: getattr(file, name) for name in DayFile.__slots__} for file in files]
        connection.execute(sa.insert(DAYS), rows)
        gone = sa.delete(LEFTOVERS).where(LEFTOVERS.c.file == sa.bindparam("name"))
        connection.execute(gone, [{"name": file.file} for file in files])

    def retire(self, connection: sa.Connection, files: Sequence[str]) -> None:
        """Makes files count no longer, in the caller's transaction; `sweep` deletes them afterwards."""
        if not files:
            return
        gone = sa.delete(DAYS).where(DAYS.c.file == sa.bindparam("name"))
        connection.execute(gone, [{"name": file} for file in files])
        connection.execute(sa.insert(LEFTOVERS), [{"file": file} for file in files])

    def sweep(self) -> int:
        """Deletes what a crash or a replacement has left over; returns how many files that were."""
        with self._database.reading() as connection:
            named = set(connection.execute(sa.select(DAYS.c.file)).scalars())
            leftovers = connection.execute(sa.select(LEFTOVERS.c.file)).scalars().all()
        gone = [self.root / file for file in leftovers if file not in named]
        gone.extend(self.root.glob("day=*/.*.tmp"))
        for path in gone:
            path.unlink(missing_ok=True)
        if leftovers:
            with self._database.writing() as connection:
                connection.execute(sa.delete(LEFTOVERS))
        return len(gone)

    def files(self, connection: sa.Connection) -> list[str]:
        """The names of the files that count, by day, relative to the lake."""
        return list(connection.execute(sa.select(DAYS.c.file).order_by(DAYS.c.file)).scalars())

    def _draft(self, day: pa.Table) -> tuple[Path, DayFile]:
        stamps = pc.min_max(day.column("timestamp").cast(pa.int64())).as_py()
        name = str(np.datetime64(stamps["min"] // DAY_US, "D"))
        folder = self.root / f"day={name}"
        folder.mkdir(exist_ok=True)
        draft = folder / f".{uuid4().hex}.tmp"
        try:
            pq.write_table(day, draft, compression="zstd", compression_level=1, use_dictionary=_REPEATED)
            content = draft.read_bytes()
            with draft.open("rb") as file:
                os.fsync(file.fileno())
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        sha256 = hashlib.sha256(content).hexdigest()
        last_seq = pc.max(day.column("seq")).as_py()
        return draft, DayFile(f"{folder.name}/{sha256[:16]}.parquet", len(day), last_seq, stamps["max"], sha256)

    def _expect(self, files: Sequence[str]) -> None:
        if files:
            with self._database.writing() as connection:
                statement = sa.insert(LEFTOVERS).prefix_with("OR IGNORE")
                connection.execute(statement, [{"file": file} for file in files])


def _by_day(table: pa.Table) -> list[pa.Table]:
    if not len(table):
        return []
    days = numbers_of(table.column("timestamp").cast(pa.int64())) // DAY_US
    order = np.lexsort((numbers_of(table.column("seq")), days))
    table = table.take(numbers(order, pa.int64()))
    days = days[order]
    starts = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    ends = np.append(starts[1:], len(days))
    return [table.slice(start, end - start) for start, end in zip(starts, ends, strict=True)]
