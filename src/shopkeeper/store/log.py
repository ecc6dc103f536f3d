"""Reading the event log: lake and tail as one table, at one moment."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from shopkeeper.store.records import MICROSECONDS, events_table
from shopkeeper.store.tables import EVENTS
from shopkeeper.types import ACTIONS, Catalog, DayArray, Interactions, RowArray

if TYPE_CHECKING:
    import ibis

SECONDS_A_DAY = 86_400.0


def tail_table(connection: sa.Connection, condition: sa.ColumnElement[bool] | None = None) -> pa.Table:
    """The rows of the tail in order of arrival: schema.EVENTS and `seq`."""
    statement = sa.select(EVENTS).order_by(EVENTS.c.seq)
    if condition is not None:
        statement = statement.where(condition)
    return events_table(connection.execute(statement).all(), EVENTS.c.keys())


def whole_log(files: Sequence[Path], tail: pa.Table) -> "ibis.Table":
    """Lake and tail as one table: schema.EVENTS and int64 `seq`. The lake's files are read when it is executed."""
    import ibis
    import pyarrow.dataset as ds

    recent = ibis.memtable(tail)
    if not files:
        return recent
    lake = ibis.memtable(ds.dataset([str(file) for file in files], schema=tail.schema, format="parquet"))
    return ibis.union(lake, recent, distinct=False)


def content_hash(log: "ibis.Table") -> str:
    """sha256 over the lines of a table, whatever their order: it is taken over the sum of the lines' digests."""
    import ibis

    texts = [log[name].cast("string").fill_null("\x00") for name in log.columns]
    digest = ibis.literal("\x1f").join(texts).hexdigest("md5")
    parts = [("0x" + digest.substr(start, 8)).cast("int64").sum().name(f"part_{start}") for start in (0, 8, 16, 24)]
    content = run(log.aggregate([log.count().name("n"), *parts])).to_pylist()[0]
    return hashlib.sha256(repr(list(content.values())).encode()).hexdigest()


def run(expression: "ibis.Table") -> pa.Table:
    """The expression's rows, from an engine of its own: a connection must not be shared by threads."""
    import ibis

    engine = ibis.duckdb.connect()
    try:
        return engine.to_pyarrow(expression)
    finally:
        engine.disconnect()


def interactions_of(log: "ibis.Table", catalog: Catalog, user_ids: pa.Array) -> Interactions:
    """The log as columns of rows, ordered by user, then day, then arrival."""
    import ibis

    users = _numbered("user_id", user_ids, "user")
    products = _numbered("product_id", pa.array(catalog.product_ids, pa.string()), "row")
    actions = _numbered("action", pa.array(ACTIONS, pa.string()), "code")
    named = log.filter((log.user_id != "") & (log.product_id != ""))
    joined = named.join(users, "user_id").join(products, "product_id").join(actions, "action")
    ordered = joined.order_by([ibis.asc("user"), ibis.asc("timestamp"), ibis.asc("seq")])
    found = run(ordered.select("user", "row", "timestamp", "code", "quantity", "session_id"))
    user = found.column("user").to_numpy()
    days = found.column("timestamp").cast(pa.int64()).to_numpy() / (SECONDS_A_DAY * MICROSECONDS)
    return Interactions(
        users=user,
        rows=found.column("row").to_numpy(),
        days=days,
        actions=found.column("code").to_numpy().astype(np.int8),
        quantities=found.column("quantity").to_numpy().astype(np.float32),
        baskets=_baskets(user, days, found.column("session_id")),
        offsets=np.searchsorted(user, np.arange(len(user_ids) + 1)).astype(np.int64),
    )


def _numbered(name: str, values: pa.Array, number: str) -> "ibis.Table":
    import ibis

    table = pa.table({name: values, number: np.arange(len(values), dtype=np.int32)})
    return ibis.memtable(table.filter(pc.not_equal(table.column(name), "")))


def _baskets(users: RowArray, days: DayArray, sessions: pa.ChunkedArray) -> RowArray:
    """int32 (n,): equal for one user's lines of one session, or of one day where the session has no name."""
    encoded = sessions.combine_chunks().dictionary_encode()
    named = pc.not_equal(encoded.dictionary, "").to_numpy(zero_copy_only=False)
    code = encoded.indices.to_numpy().astype(np.int64)
    visit = np.where(named[code], code, len(named) + np.floor(days).astype(np.int64)) if len(code) else code
    if not len(visit):
        return np.empty(0, np.int32)
    visit = visit - visit.min()
    _, basket = np.unique(users.astype(np.int64) * (visit.max() + 1) + visit, return_inverse=True)
    return basket.reshape(-1).astype(np.int32)
