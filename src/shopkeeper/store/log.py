"""Reading the event log: lake and tail as one table, at one moment."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from shopkeeper.errors import StoreError
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.ports import Past
from shopkeeper.store.arrays import in_one_piece, numbers, numbers_of, texts, texts_of
from shopkeeper.store.guests import owners
from shopkeeper.store.records import LOG, MICROSECONDS, events_table
from shopkeeper.store.tables import DAYS, EVENTS
from shopkeeper.types import ACTIONS, BoolArray, Catalog, DayArray, IntArray, Interactions, RowArray

if TYPE_CHECKING:
    import ibis

_WORDS = ("user_id", "product_id", "session_id", "action")
CODED = pa.schema(
    [
        pa.field(field.name, pa.dictionary(pa.int32(), pa.string())) if field.name in _WORDS else field
        for field in LOG
        if field.name in ("seq", "timestamp", "quantity", *_WORDS)
    ]
)
"""What interactions are made of: a word is a number and a dictionary."""
_CODED_OF_TAIL = [EVENTS.c["timestamp_us" if name == "timestamp" else name] for name in CODED.names]
_DTYPES = {"quantity": np.float64}


def tail_table(connection: sa.Connection, condition: sa.ColumnElement[bool] | None = None) -> pa.Table:
    """The rows of the tail in order of arrival: schema.EVENTS and `seq`."""
    statement = sa.select(EVENTS).order_by(EVENTS.c.seq)
    if condition is not None:
        statement = statement.where(condition)
    return events_table(connection.execute(statement).all(), EVENTS.c.keys())


def coded_tail(connection: sa.Connection, condition: sa.ColumnElement[bool] | None = None) -> pa.Table:
    """What `interactions_of` and `past_of` need of the tail, in order of arrival: columns of CODED."""
    statement = sa.select(*_CODED_OF_TAIL).order_by(EVENTS.c.seq)
    if condition is not None:
        statement = statement.where(condition)
    columns = list(zip(*connection.execute(statement).all(), strict=True)) or [()] * len(CODED)
    values: dict[str, Sequence[Any]] = dict(zip(CODED.names, columns, strict=True))
    arrays = [
        texts(values[field.name]).dictionary_encode()
        if field.name in _WORDS
        else numbers(np.array(values[field.name], _DTYPES.get(field.name, np.int64)), field.type)
        for field in CODED
    ]
    return pa.Table.from_arrays(arrays, schema=CODED)


def last_seq(connection: sa.Connection) -> int:
    """The highest number of arrival ever given, also to an event erased since; -1 where there was none."""
    numbers = [
        connection.execute(sa.select(sa.func.max(column))).scalar() for column in (EVENTS.c.seq, DAYS.c.last_seq)
    ]
    kept = connection.exec_driver_sql("PRAGMA user_version").scalar_one() - 1
    return max([int(kept), *(int(number) for number in numbers if number is not None)])


def keep_last_seq(connection: sa.Connection) -> None:
    """Remembers that number in the caller's transaction, before events go: it must not be given twice."""
    connection.exec_driver_sql(f"PRAGMA user_version = {last_seq(connection) + 1:d}")


def day_table(file: Path, columns: Sequence[str] | None = None, coded: Sequence[str] = ()) -> pa.Table:
    """The rows of one file of the lake, all columns or these; `coded` ones as dictionaries. Raises StoreError."""
    if not file.is_file():
        raise _lost(file, "gone, there is no such file")
    try:
        with pq.ParquetFile(file, read_dictionary=list(coded)) as opened:
            return opened.read(columns=None if columns is None else list(columns))
    except (pa.ArrowException, OSError) as error:
        raise _lost(file, f"damaged, the file cannot be read ({' '.join(str(error).split())})") from error


def require_day(file: Path) -> None:
    """Raises StoreError where a day of the lake is gone, or is not what was written: its name is its content's hash."""
    if not file.is_file():
        raise _lost(file, "gone, there is no such file")
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()[: len(file.stem)]
    if found != file.stem:
        raise _lost(file, f"damaged, the file's sha256 begins with {found} and not as its name says")


def _lost(file: Path, what: str) -> StoreError:
    day = file.parent.name.removeprefix("day=")
    return StoreError(
        f"{file}: the events of {day} are {what}. Put it back from a backup of the shop's folder; "
        "nothing else can bring those events back."
    )


def whole_log(files: Sequence[Path], tail: pa.Table) -> "ibis.Table":
    """Lake and tail as one table: schema.EVENTS and int64 `seq`. The lake's files are read when it is executed."""
    import ibis

    recent = ibis.memtable(tail)
    if not files:
        return recent
    for file in files:
        require_day(file)
    import pyarrow.dataset as ds  # with it comes pandas, which a server needs for nothing else

    lake = ibis.memtable(ds.dataset([str(file) for file in files], schema=tail.schema, format="parquet"))
    return ibis.union(lake, recent, distinct=False)


def searching(log: pa.Table) -> pa.Table:
    """The lines of a log that name a search, or belong to a visit that searched."""
    named = pc.or_(pc.not_equal(log.column("query"), ""), pc.not_equal(log.column("request_id"), ""))
    session, asked = log.column("session_id"), pc.not_equal(log.column("query"), "")
    visits = pc.unique(log.filter(pc.and_(asked, pc.not_equal(session, ""))).column("session_id"))
    return log.filter(pc.or_(named, pc.is_in(session, value_set=visits)))


def content_hash(log: "ibis.Table") -> str:
    """sha256 over the lines of a table, whatever their order: it is taken over the sum of the lines' digests."""
    import ibis

    texts = [log[name].cast("string").fill_null("\x00") for name in log.columns]
    digest = ibis.literal("\x1f").join(texts).hexdigest("md5")
    parts = [("0x" + digest.substr(start, 8)).cast("int64").sum().name(f"part_{start}") for start in (0, 8, 16, 24)]
    engine = ibis.duckdb.connect()  # its own: a connection must not be shared by threads
    try:
        content = engine.to_pyarrow(log.aggregate([log.count().name("n"), *parts])).to_pylist()[0]
    finally:
        engine.disconnect()
    return hashlib.sha256(repr(list(content.values())).encode()).hexdigest()


def coded_day(file: Path) -> pa.Table:
    """What `interactions_of` needs of one file of the lake, columns of CODED. Raises StoreError."""
    require_day(file)
    return day_table(file, CODED.names, _WORDS).select(CODED.names).cast(CODED)


def interactions_of(parts: Sequence[pa.Table], catalog: Catalog, user_ids: pa.Array) -> Interactions:
    """The log as columns of rows, ordered by user, then day, then arrival. Words are looked up once, not per line.

    Each part has the columns of CODED at least.
    """
    return told_apart(parts, catalog, user_ids)[0]


def told_apart(parts: Sequence[pa.Table], catalog: Catalog, user_ids: pa.Array) -> tuple[Interactions, Past]:
    """As `interactions_of`, and beside them what guests did of whom nobody knows who they are, in order of arrival."""
    log = pa.concat_tables([part.select(CODED.names).cast(CODED) for part in parts])
    users = _numbers(log.column("user_id"), user_ids)
    rows = _numbers(log.column("product_id"), texts(catalog.product_ids))
    actions = _numbers(log.column("action"), texts(ACTIONS))
    stamps = numbers_of(log.column("timestamp").cast(pa.int64()))
    about = np.flatnonzero((rows >= 0) & (actions >= 0))
    whose = log.select(["user_id", "session_id"]).take(numbers(about, pa.int64()))
    users[about] = _claimed(whose, users[about], stamps[about] / (SECONDS_A_DAY * MICROSECONDS))
    kept = about[users[about] >= 0]
    order = kept[np.lexsort((numbers_of(log.column("seq"))[kept], stamps[kept], users[kept]))]
    guests = past_of(log.take(numbers(about[users[about] < 0], pa.int64())), catalog, user_ids)
    users, days = users[order], stamps[order] / (SECONDS_A_DAY * MICROSECONDS)
    known = Interactions(
        users=users,
        rows=rows[order],
        days=days,
        actions=actions[order].astype(np.int8),
        quantities=numbers_of(log.column("quantity"))[order].astype(np.float32),
        baskets=_baskets(users, days, log.column("session_id"), order),
        offsets=np.searchsorted(users, np.arange(len(user_ids) + 1)).astype(np.int64),
    )
    return known, guests


def past_of(log: pa.Table, catalog: Catalog, user_ids: pa.Array) -> Past:
    """The lines of a log in rows and days, in their order; -1 for a shopper or a product that is not there."""
    coded = log.select(CODED.names).cast(CODED)
    stamps = numbers_of(coded.column("timestamp").cast(pa.int64()))
    rows = _numbers(coded.column("product_id"), texts(catalog.product_ids))
    rows[(rows >= 0) & catalog.deleted[rows]] = -1
    return Past(
        rows=rows,
        users=_numbers(coded.column("user_id"), user_ids),
        actions=_numbers(coded.column("action"), texts(ACTIONS)).astype(np.int8),
        days=stamps / (SECONDS_A_DAY * MICROSECONDS),
        quantities=numbers_of(coded.column("quantity")).astype(np.float32),
        sessions=texts_of(coded.column("session_id")),
    )


def _numbers(words: pa.ChunkedArray, values: pa.Array) -> RowArray:
    """int32 (n,): the place of each word among the values; -1 for an empty word and one that is not there."""
    coded = in_one_piece(words)
    nowhere = numbers(np.full(len(coded.dictionary), -1, np.int32), pa.int32())
    places = numbers_of(pc.coalesce(pc.index_in(coded.dictionary, value_set=values), nowhere))
    found: RowArray = np.where(_named(coded), places, np.int32(-1))[numbers_of(coded.indices)]
    return found


def _claimed(log: pa.Table, users: RowArray, days: DayArray) -> RowArray:
    """int32 (n,): the users, of a guest's lines those who logged in later in the visit."""
    shoppers, visits = (in_one_piece(log.column(name)) for name in ("user_id", "session_id"))
    guests = ~_named(shoppers)[numbers_of(shoppers.indices)]
    codes = numbers_of(visits.indices).astype(np.int64)
    return owners(users, guests, np.where(_named(visits)[codes], codes, -1), days)


def _named(coded: pa.DictionaryArray) -> BoolArray:
    """bool (n_words,): which words are not empty."""
    lengths: RowArray = numbers_of(pc.binary_length(coded.dictionary))
    return lengths > 0


def _baskets(users: RowArray, days: DayArray, sessions: pa.ChunkedArray, order: IntArray) -> RowArray:
    """int32 (n,): equal for one user's lines of one session, or of one day where the session has no name."""
    if not len(order):
        return np.empty(0, np.int32)
    coded = in_one_piece(sessions)
    named = _named(coded)
    session = numbers_of(coded.indices)[order].astype(np.int64)
    day = np.floor(days).astype(np.int64)
    visit = np.where(named[session], session, len(named) + day - day.min())
    _, baskets = np.unique(users.astype(np.int64) * (visit.max() + 1) + visit, return_inverse=True)
    return baskets.reshape(-1).astype(np.int32)
