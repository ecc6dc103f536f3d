"""The products' attributes in one file, `cache/attributes.arrow`: their JSON in `shop.db` is slow to read.

As with `store/listed.py` the file says which state of the products it was made from.
"""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import sqlalchemy as sa

from shopkeeper.attributes import Attributes
from shopkeeper.packed import PackedTexts
from shopkeeper.store.arrays import numbers, numbers_of
from shopkeeper.store.copies import Copy
from shopkeeper.store.listed import State
from shopkeeper.store.tables import PRODUCTS
from shopkeeper.types import RowArray

FILE = "attributes.arrow"
FEW = 1000
"""After more products than these are written at once the whole catalogue is read again."""
_SCHEMA = pa.schema([("rows", pa.int32()), ("codes", pa.int32())])


class Described:
    """The attributes in the latest state that was asked for or written, and their copy."""

    def __init__(self, cache: Path) -> None:
        self._copy = Copy(cache / FILE)
        self._held: tuple[State, Attributes] | None = None
        self._kept: State | None = None

    def attributes(self, connection: sa.Connection, state: State) -> Attributes:
        """The attributes in this state, which is the connection's."""
        held = self._held
        if held is None or held[0] != state:
            found = self._read(state)
            self._held = held = (state, _attributes_of(connection) if found is None else found)
        return held[1]

    def held(self, state: State) -> Attributes | None:
        """The attributes in this state where they are at hand."""
        return self._held[1] if self._held is not None and self._held[0] == state else None

    def changed(self, before: State, after: State, rows: RowArray, said: list[str]) -> None:
        """Keeps up with products written: these rows, each with its attributes as JSON."""
        held = self._held
        if len(rows) > FEW:
            self._held = None  # as quickly read anew, where anybody asks
        elif held is not None and held[0] == before:
            self._held = (after, held[1].updated(rows, list(map(orjson.loads, said))) if len(rows) else held[1])

    def is_kept(self, state: State) -> bool:
        """Whether the copy is of this state."""
        return self._kept == state or self._read(state) is not None

    def write(self, connection: sa.Connection, state: State) -> None:
        """Writes the copy of this state."""
        own = self.attributes(connection, state).whole()
        arrays = [numbers(own.rows, pa.int32()), numbers(own.codes, pa.int32())]
        about = {"state": state, "names": own.names, "texts": list(map(list, own.texts)), "starts": own.starts.tolist()}
        self._copy.write(pa.Table.from_arrays(arrays, schema=_SCHEMA), about)
        self._kept = state

    def _read(self, state: State) -> Attributes | None:
        found = self._copy.read()
        if found is None or found[0].schema != _SCHEMA or found[1]["state"] != list(state):
            return None
        self._kept = state
        table, about = found
        return Attributes(
            tuple(about["names"]),
            tuple(map(PackedTexts.of, about["texts"])),
            np.array(about["starts"], np.int64),
            numbers_of(table.column("rows")).copy(),  # else all of the file would be kept
            numbers_of(table.column("codes")).copy(),
        )


def _attributes_of(connection: sa.Connection) -> Attributes:
    driver: Any = connection.connection.driver_connection  # row by row: all at once take gigabytes of a large catalogue
    statement = sa.select(PRODUCTS.c.attributes).order_by(PRODUCTS.c.row)
    found = driver.execute(str(statement.compile(dialect=connection.dialect)))
    return Attributes.of(orjson.loads(text) for (text,) in found)
