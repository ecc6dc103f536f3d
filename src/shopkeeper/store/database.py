"""`shop.db`: SQLite in WAL mode with full sync. What a write transaction returned from is on the disk."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from shopkeeper.errors import ShopNotFound, StoreError
from shopkeeper.store import migrate
from shopkeeper.store.disk import full_disk_as_error

DATABASE_FILE = "shop.db"
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "cache_size=-8192", "temp_store=MEMORY", "secure_delete=ON")


class Database:
    """Connections to one file: many readers, one writer at a time."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Opens the file and, if writable, brings it to the newest migration. Raises StoreError, ShopNotFound."""
        if not writable and not path.is_file():
            raise ShopNotFound(f"{path.parent} holds no shop: {path.name} is missing.")
        self.path = path
        self._writable = writable
        self._closed = False
        self.turn = threading.RLock()
        """Held during a write transaction; hold it longer to change memory together with the disk."""
        self._engine = sa.create_engine(
            f"sqlite:///{path}",
            connect_args={"timeout": 30.0},
            pool_size=8,
            max_overflow=56,
            hide_parameters=True,  # a shopper's words must not reach a log with an error
        )
        pragmas = _PRAGMAS if writable else ("query_only=ON",)
        sa.event.listen(self._engine, "connect", lambda raw, _: _configure(raw, pragmas))
        sa.event.listen(self._engine, "begin", _begin)
        self._migrate(writable)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one moment of the database. Raises StorageFull: its log's index needs room."""
        self._must_be_open()
        told = full_disk_as_error(self.path), _damage_as_error(self.path)
        with told[0], told[1], self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A write transaction, durable when the block is left; undone when it raises. Raises StorageFull."""
        if not self._writable:
            raise StoreError(f"{self.path}: the shop is open for reading only. Open it for writing to change it.")
        self._must_be_open()
        told = full_disk_as_error(self.path), _damage_as_error(self.path)
        with self.turn, told[0], told[1], self._engine.connect() as connection:
            connection.execution_options(shopkeeper_writes=True)
            with connection.begin():
                yield connection

    def truncate_log(self) -> None:
        """Moves the write-ahead log into the database and empties it, so that deleted rows are on no page."""
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")

    def scrub(self) -> None:
        """Writes the whole file anew: freed pages and page ends may hold copies of what was deleted since."""
        with full_disk_as_error(self.path):
            # the copy goes to a file: a large shop's would not fit into memory
            self._run("PRAGMA temp_store=FILE", "VACUUM", "PRAGMA temp_store=MEMORY", "PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes every connection; nothing is read or written afterwards."""
        self._closed = True
        self._engine.dispose()

    def _must_be_open(self) -> None:
        if self._closed:  # the engine would connect again, beside whoever has the shop now
            raise StoreError(f"{self.path}: the shop is closed. Open it again.")

    def _run(self, *statements: str) -> None:
        """Runs statements that no transaction may hold."""
        with self.turn, _damage_as_error(self.path), self._engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            for statement in statements:
                raw.execute(statement).fetchall()

    def _migrate(self, writable: bool) -> None:
        with self.reading() as connection:
            found, newest = migrate.revision(connection), migrate.head()
        if found == newest:
            return
        if found is not None and found > newest:
            raise StoreError(
                f"{self.path}: written by a newer shopkeeper (migration {found}, this one knows up to {newest}). "
                "Upgrade shopkeeper."
            )
        if not writable:
            raise StoreError(
                f"{self.path}: stands at migration {found}, needs {newest}. Open the shop once for writing."
            )
        with self.writing() as connection:
            migrate.upgrade(connection)


def insert_many(connection: sa.Connection, statement: sa.Insert, names: Sequence[str], rows: Iterable[Any]) -> None:
    """Inserts tuples in the order of `names`, several times faster than by name.

    `statement` is kept with its SQL: pass a constant of the module, not one that is made for the call.
    """
    bound = list(rows)
    if bound:
        connection.exec_driver_sql(_insert_sql(statement, tuple(names)), bound)


@cache
def _insert_sql(statement: sa.Insert, names: tuple[str, ...]) -> str:
    compiled = statement.values({name: sa.bindparam(name) for name in names}).compile(dialect=sqlite.dialect())
    assert tuple(compiled.positiontup or ()) == names, "the names must stand in the order of the table's columns"
    return str(compiled)


def fetch_many(connection: sa.Connection, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement without parameters as plain tuples: for whole tables."""
    driver: Any = connection.connection.driver_connection
    found: list[tuple[Any, ...]] = driver.execute(str(statement.compile(dialect=connection.dialect))).fetchall()
    return found


@contextmanager
def _damage_as_error(path: Path) -> Iterator[None]:
    """Turns what SQLite says of a damaged file into StoreError; everything else passes."""
    try:
        yield
    except (sqlite3.DatabaseError, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:  # the low byte; the rest says where
            raise
        raise StoreError(
            f"{path}: the database is damaged ({cause}). Stop what uses the shop, keep a copy of its folder, and put "
            f"{path.name} back from a backup; `sqlite3 {path.name} .recover` saves what can still be read."
        ) from error


def _configure(raw: Any, pragmas: tuple[str, ...]) -> None:
    raw.isolation_level = None  # the driver shall not begin transactions by itself: `_begin` does
    for pragma in pragmas:
        raw.execute(f"PRAGMA {pragma}").fetchall()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("shopkeeper_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
