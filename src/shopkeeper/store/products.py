"""The catalogue: products by row. A row is for life; a deleted product leaves its tombstone there."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import orjson
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from shopkeeper.errors import UnknownProduct
from shopkeeper.store.columns import catalog_of, changed, without
from shopkeeper.store.database import Database, fetch_many, insert_many
from shopkeeper.store.described import FEW, Described
from shopkeeper.store.listed import Checksums, Listed, State
from shopkeeper.store.records import as_json, product_of, product_record
from shopkeeper.store.schema import PRODUCTS as SCHEMA
from shopkeeper.store.schema import conform
from shopkeeper.store.tables import CATALOGUE_MARK, PRODUCTS
from shopkeeper.types import NO_ROWS, Catalog, Product, RowArray

if TYPE_CHECKING:
    import ibis

_CHUNK = 500
_INSERT = insert(PRODUCTS)
_UPSERT = _INSERT.on_conflict_do_update(
    index_elements=[PRODUCTS.c.product_id],
    set_={c.name: _INSERT.excluded[c.name] for c in PRODUCTS.c if c.name not in ("row", "product_id")},
)
_SAID = (PRODUCTS.c.title, PRODUCTS.c.brand, PRODUCTS.c.category, PRODUCTS.c.attributes)
_ATTRIBUTES = SCHEMA.names.index("attributes")
_TEXTS = sa.select(PRODUCTS.c.deleted, *_SAID).order_by(PRODUCTS.c.row)


class Products:
    """Products written and read; rows are dense from 0 in the order in which ids first arrived."""

    def __init__(self, database: Database, cache: Path, *, keeps: bool) -> None:
        """`cache` is the shop's; whoever `keeps` writes a copy of the catalogue there."""
        self._database = database
        self._listed = Listed(cache)
        self._described = Described(cache)
        self._keeps = keeps
        self._held: tuple[State, Catalog] | None = None

    def upsert(self, products: Sequence[Product]) -> RowArray:
        """int32 (n,): the row of each product, written durably. Of two with one id the last wins."""
        return self._write([tuple(product_record(product).values()) for product in products])

    def upsert_table(self, table: pa.Table) -> int:
        """How many products a table with the columns of schema.PRODUCTS has written. Raises IntakeError."""
        table = conform(table, SCHEMA)
        columns = {name: table.column(name).to_pylist() for name in SCHEMA.names}
        for name in ("category", "images"):
            columns[name] = [as_json(value) for value in columns[name]]
        return len(np.unique(self._write(list(zip(*columns.values(), strict=True)))))

    def delete(self, product_ids: Iterable[str]) -> RowArray:
        """int32 (m,): the rows that now are tombstones; ids that are unknown or deleted already are left out."""
        wanted = list(dict.fromkeys(product_ids))
        gone: list[int] = []
        with self._database.writing() as connection:
            before = self._state(connection)
            for start in range(0, len(wanted), _CHUNK):
                ids = wanted[start : start + _CHUNK]
                alive = PRODUCTS.c.product_id.in_(ids) & ~PRODUCTS.c.deleted
                statement = sa.update(PRODUCTS).where(alive).values(deleted=True).returning(PRODUCTS.c.row)
                gone.extend(connection.execute(statement).scalars())
            after = self._state(connection)
        rows = np.array(sorted(gone), np.int32)
        self._described.changed(before, after, NO_ROWS, [])
        if self._held is not None and self._held[0] == before:
            self._held = (after, without(self._held[1], rows))
        return rows

    def get(self, product_id: str) -> Product | None:
        """The product; None where it is unknown or deleted."""
        return self._one((PRODUCTS.c.product_id == product_id) & ~PRODUCTS.c.deleted)

    def get_row(self, row: int) -> Product:
        """The product of a row, deleted or not. Raises UnknownProduct where the catalogue is shorter."""
        found = self._one(PRODUCTS.c.row == row)
        if found is None:
            raise UnknownProduct(f"no product has row {row}; the catalogue has {len(self)} rows, from 0.")
        return found

    def __len__(self) -> int:
        with self._database.reading() as connection:
            return self._count(connection)

    def catalog(self) -> Catalog:
        """The whole catalogue as columns."""
        with self._database.reading() as connection:
            state, held = self._state(connection), self._held
            if held is None or held[0] != state:
                catalog = self._listed.catalog(state) or catalog_of(connection)
                held = (state, replace(catalog, attributes=self._described.attributes(connection, state)))
                self._held = held
            return held[1]

    def checksums(self) -> Checksums:
        """uint32 (n,): of each row's texts, what an encoder may read of it; 0 for a deleted product."""
        with self._database.reading() as connection:
            known = self._listed.checksums(self._state(connection))
            return _checksums(connection) if known is None else known

    def keep_copy(self) -> None:
        """Makes the copy anew where it is of another catalogue than this, so that the next opening need not."""
        if not self._keeps:
            return
        with self._database.reading() as connection:  # the state and what is read are of one moment
            state = self._state(connection)
            if not self._listed.is_of(state):
                self._listed.write(catalog_of(connection), _checksums(connection), state)
            if not self._described.is_kept(state):
                self._described.write(connection, state)

    def table(self) -> "ibis.Table":
        """The products that are not deleted: the columns of schema.PRODUCTS and int32 `row`."""
        import ibis

        columns = [PRODUCTS.c[name] for name in SCHEMA.names]
        statement = sa.select(*columns, PRODUCTS.c.row).where(~PRODUCTS.c.deleted).order_by(PRODUCTS.c.row)
        with self._database.reading() as connection:
            records = fetch_many(connection, statement)
        fields = [*SCHEMA, pa.field("row", pa.int32(), nullable=False)]
        values: list[Any] = list(zip(*records, strict=True)) or [()] * len(fields)
        arrays = [_array(column, field.type) for column, field in zip(values, fields, strict=True)]
        return ibis.memtable(pa.Table.from_arrays(arrays, schema=pa.schema(fields)))

    def _one(self, condition: sa.ColumnElement[bool]) -> Product | None:
        with self._database.reading() as connection:
            found = connection.execute(sa.select(PRODUCTS).where(condition)).mappings().one_or_none()
        return None if found is None else product_of(dict(found))

    def _write(self, rows: Sequence[tuple[Any, ...]]) -> RowArray:
        ids = [row[0] for row in rows]
        with self._database.writing() as connection:
            before = self._state(connection)
            known = self._rows(connection, ids)
            following = self._count(connection)
            for product_id in ids:
                if product_id not in known:
                    known[product_id] = following
                    following += 1
            numbered = ((known[row[0]], *row, False) for row in rows)
            insert_many(connection, _UPSERT, ["row", *SCHEMA.names, "deleted"], numbered)
            after = self._state(connection)
        written = np.array([known[product_id] for product_id in ids], np.int32)
        self._described.changed(before, after, written, [row[_ATTRIBUTES] for row in rows])
        held, attributes = self._held, self._described.held(after)
        if held is not None and held[0] == before and attributes is not None and len(rows) <= FEW:
            made = changed(held[1], written, rows, attributes)
            self._held = None if made is None else (after, made)
        return written

    def _state(self, connection: sa.Connection) -> State:
        """What tells this catalogue from any other: its mark, and how many products it has."""
        mark = connection.execute(sa.select(CATALOGUE_MARK.c.mark)).scalar_one()
        return int(mark), self._count(connection)

    @staticmethod
    def _rows(connection: sa.Connection, ids: Sequence[str]) -> dict[str, int]:
        statement = sa.select(PRODUCTS.c.product_id, PRODUCTS.c.row)
        if len(ids) > _CHUNK:
            return dict(fetch_many(connection, statement))
        found = connection.execute(statement.where(PRODUCTS.c.product_id.in_(ids)))
        return {product_id: row for product_id, row in found}  # noqa: C416

    @staticmethod
    def _count(connection: sa.Connection) -> int:
        return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(PRODUCTS.c.row) + 1, 0))).scalar_one())


def _checksums(connection: sa.Connection) -> Checksums:
    found = fetch_many(connection, _TEXTS)
    texts = (0 if deleted else crc32("\x1f".join(said).encode()) for deleted, *said in found)
    return np.fromiter(texts, np.uint32, len(found))


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_boolean(kind):
        return pa.array(values, pa.int8()).cast(kind)
    if pa.types.is_list(kind):
        known = {text: orjson.loads(text) for text in set(values)}
        values = [known[text] for text in values]
    return pa.array(values, kind)
