"""What is done to the log beside writing it: full days move to the lake, a shopper's events are removed.

Each change is one transaction over `shop.db`; the files it names are on the disk before, those it no longer names are
deleted after. Killed at any instruction, every event is in the log exactly once.
"""

import threading
from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from shopkeeper.store.database import Database
from shopkeeper.store.lake import DAY_US, Lake
from shopkeeper.store.log import day_table, keep_last_seq, tail_table
from shopkeeper.store.tables import EVENTS


class Upkeep:
    """Compaction and erasure, one at a time; appending goes on beside them."""

    def __init__(self, database: Database, lake: Lake) -> None:
        self.turn = threading.Lock()
        """Held while files of the lake come or go."""
        self._database = database
        self._lake = lake

    def compact(self, before_us: int) -> int:
        """How many events of days before this microsecond (a midnight) went from the tail to the lake."""
        with self.turn:
            return sum(self._compact_day(day_us) for day_us in self._full_days(before_us))

    def visits(self, user_id: str) -> set[str]:
        """The sessions in which the shopper did anything."""
        with self.turn:
            return self._visits(user_id, self._files_with(user_id))

    def erase(self, user_id: str, others: Collection[str] = ()) -> int:
        """How many events of the shopper were removed, from the tail and from the lake.

        What a guest did and said in a visit of the shopper's is the shopper's too; `others` are visits of which only
        pages tell.
        """
        with self.turn:
            self._lake.gathered.forget()  # first: killed after this line or before it, no copy outlives the events
            files = self._files_with(user_id)
            visits = self._visits(user_id, files).union(others)
            files += [file for file in self._all_files() if file not in files and self._of_guests(file, visits)]
            days = [day_table(self._lake.root / file) for file in files]
            kept = [day.filter(pc.invert(_theirs(day, user_id, visits))) for day in days]
            staged = self._lake.stage(pa.concat_tables(kept)) if kept else []
            with self._database.writing() as connection:
                keep_last_seq(connection)
                self._lake.retire(connection, files)
                self._lake.register(connection, staged)
                lines = sa.select(EVENTS.c.seq, EVENTS.c.session_id).where(EVENTS.c.user_id == "")
                guests = (
                    [{"line": seq} for seq, visit in connection.execute(lines) if visit in visits] if visits else []
                )
                gone = connection.execute(sa.delete(EVENTS).where(EVENTS.c.user_id == user_id)).rowcount
                if guests:
                    connection.execute(sa.delete(EVENTS).where(EVENTS.c.seq == sa.bindparam("line")), guests)
            self._lake.sweep()
            self._database.truncate_log()
        return int(gone) + len(guests) + sum(map(len, days)) - sum(map(len, kept))

    def _full_days(self, before_us: int) -> list[int]:
        stamp = EVENTS.c.timestamp_us
        day = stamp - (stamp % DAY_US + DAY_US) % DAY_US  # SQLite divides towards zero, also before 1970
        with self._database.reading() as connection:
            found = connection.execute(sa.select(day).where(stamp < before_us).distinct()).scalars()
            return sorted(int(day_us) for day_us in found)

    def _compact_day(self, day_us: int) -> int:
        of_day = (EVENTS.c.timestamp_us >= day_us) & (EVENTS.c.timestamp_us < day_us + DAY_US)
        with self._database.reading() as connection:
            table = tail_table(connection, of_day)
        if not len(table):
            return 0
        staged = self._lake.stage(table)
        with self._database.writing() as connection:
            self._lake.register(connection, staged)
            read = EVENTS.c.seq <= pc.max(table.column("seq")).as_py()  # what came since has a higher number
            connection.execute(sa.delete(EVENTS).where(of_day & read))
        return len(table)

    def _all_files(self) -> list[str]:
        with self._database.reading() as connection:
            return list(self._lake.files(connection))

    def _files_with(self, user_id: str) -> list[str]:
        users = ((file, day_table(self._lake.root / file, ["user_id"]).column("user_id")) for file in self._all_files())
        return [file for file, column in users if pc.index(column, user_id).as_py() >= 0]

    def _visits(self, user_id: str, files: Sequence[str]) -> set[str]:
        """The sessions in which the shopper did anything."""
        with self._database.reading() as connection:
            own = sa.select(EVENTS.c.session_id).where(EVENTS.c.user_id == user_id)
            visits = set(connection.execute(own).scalars())
        for file in files:
            day = day_table(self._lake.root / file, _WHOSE)
            visits.update(day.filter(pc.equal(day.column("user_id"), user_id)).column("session_id").to_pylist())
        return visits - {""}

    def _of_guests(self, file: str, visits: Collection[str]) -> bool:
        """Whether the file holds anything of a guest in these visits."""
        return bool(visits) and bool(pc.any(_theirs(day_table(self._lake.root / file, _WHOSE), None, visits)).as_py())


_WHOSE = ("user_id", "session_id")


def _theirs(day: pa.Table, user_id: str | None, visits: Collection[str]) -> pa.ChunkedArray:
    """Which events are the shopper's, or a guest's in one of these visits."""
    users, visited = day.column("user_id"), pc.is_in(day.column("session_id"), pa.array(sorted(visits), pa.string()))
    guests = pc.and_(pc.equal(users, ""), visited)
    return guests if user_id is None else pc.or_(pc.equal(users, user_id), guests)
