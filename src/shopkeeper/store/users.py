"""Shoppers' ids and their rows, and what is known of them beside what they did.

A row is for life; an erased shopper's row is never used again.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import orjson
import pyarrow as pa
import sqlalchemy as sa

from shopkeeper.store.arrays import texts
from shopkeeper.store.database import Database
from shopkeeper.store.records import as_json
from shopkeeper.store.tables import USERS
from shopkeeper.types import NEW_USER, RowArray


class Users:
    """Ids to rows and back, held in memory; demographics are read when they are asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows: dict[str, int] = {}
        self._ids: list[str] = []
        self.refresh()

    def __len__(self) -> int:
        return len(self._ids)

    def row(self, user_id: str) -> int:
        """The shopper's row; NEW_USER where the table does not hold the id."""
        return self._rows.get(user_id, NEW_USER)

    def id(self, row: int) -> str:
        """The id of a row; empty where the shopper was erased."""
        return self._ids[row]

    def rows(self, user_ids: Iterable[str]) -> RowArray:
        """int32 (n,): the row of each id, NEW_USER where unknown."""
        return np.array([self._rows.get(user_id, NEW_USER) for user_id in user_ids], np.int32)

    def ids(self) -> pa.Array:
        """All ids by row, empty where erased."""
        return texts(self._ids)

    def ensure(self, user_ids: Sequence[str]) -> RowArray:
        """int32 (n,): the row of each id; new ids get the next rows, durably. An empty id stays NEW_USER."""
        with self._database.turn:
            with self._database.writing() as connection:
                fresh = self.insert_missing(connection, user_ids)
            self.remember(fresh)
        return self.rows(user_ids)

    def demographics(self, user_id: str) -> dict[str, str]:
        """What the shop was told of the shopper (age, household, ...); nothing of one it does not know."""
        with self._database.reading() as connection:
            told = sa.select(USERS.c.demographics).where(USERS.c.user_id == user_id)
            found: dict[str, str] = orjson.loads(connection.execute(told).scalar() or "{}")
        return found

    def describe(self, told: Mapping[str, Mapping[str, str]]) -> RowArray:
        """int32 (n,): the rows of these shoppers, whose demographics are now those told; nothing of them is kept."""
        with self._database.turn:
            with self._database.writing() as connection:
                fresh = self.insert_missing(connection, told)
                theirs = sa.update(USERS).where(USERS.c.user_id == sa.bindparam("whose"))
                lines = [{"whose": user_id, "demographics": as_json(dict(own))} for user_id, own in told.items()]
                if lines:
                    connection.execute(theirs, lines)
            self.remember(fresh)
        return self.rows(told)

    def insert_missing(self, connection: sa.Connection, user_ids: Iterable[str]) -> list[str]:
        """Writes the ids that are not held yet, in the caller's transaction; the caller holds the database's turn
        until it has passed them to `remember`.
        """
        fresh = [user_id for user_id in dict.fromkeys(user_ids) if user_id and user_id not in self._rows]
        if fresh:
            rows = [{"row": len(self._ids) + place, "user_id": user_id} for place, user_id in enumerate(fresh)]
            connection.execute(sa.insert(USERS), rows)
        return fresh

    def remember(self, fresh: Sequence[str]) -> None:
        """Takes ids that `insert_missing` wrote into memory, once they are durable."""
        for user_id in fresh:
            self._ids.append(user_id)
            self._rows[user_id] = len(self._ids) - 1

    def erase(self, user_id: str) -> int:
        """Removes the id, keeps the row unused. Returns 1 where the shopper was known, else 0."""
        with self._database.turn:
            with self._database.writing() as connection:
                gone = sa.update(USERS).where(USERS.c.user_id == user_id).values(user_id=None, demographics="{}")
                connection.execute(gone)
            row = self._rows.pop(user_id, None)
            if row is not None:
                self._ids[row] = ""
        return int(row is not None)

    def refresh(self) -> None:
        """Reads what another process has written since."""
        with self._database.reading() as connection:
            found = connection.execute(sa.select(USERS.c.user_id).order_by(USERS.c.row)).scalars().all()
        with self._database.turn:
            self._ids = [user_id or "" for user_id in found]
            self._rows = {user_id: row for row, user_id in enumerate(self._ids) if user_id}
