"""Raw columns to typed ones, whole columns at a time. What cannot be read becomes null and is marked."""

from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from shopkeeper.types import BoolArray

MOMENT = pa.timestamp("us", tz="UTC")
_YEARS_S = -62_135_596_800, 253_402_300_800
"""The first second of the year 1 and that of the year 10,000, since 1970."""
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_INT64 = -(2**63), 2**63 - 1
_TRUE = ("true", "t", "yes", "y", "1", "in stock", "in_stock", "instock", "available")
_FALSE = ("false", "f", "no", "n", "0", "out of stock", "out_of_stock", "outofstock", "unavailable", "sold out")
_ZONED = r"(Z|[+-]\d\d(:?\d\d)?)$"
_DATE_THEN_SIGN = r"^\d{4}-\d\d-\d\d$"


def mask(array: pa.Array) -> BoolArray:
    """A boolean array as numpy bool (n,), null is False."""
    return np.asarray(pc.fill_null(array, False).to_numpy(zero_copy_only=False), bool)


def flat(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The same values in one piece."""
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def text(array: pa.Array) -> pa.Array:
    """Trimmed strings; null stays null."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not pa.types.is_string(array.type):
        array = array.cast(pa.string())
    return pc.utf8_trim_whitespace(array)


def is_blank(array: pa.Array) -> BoolArray:
    """bool (n,): null or an empty string."""
    return mask(pc.or_kleene(pc.is_null(array), pc.equal(pc.binary_length(array), 0)))


def sql(expression: str, *parameters: object, **columns: pa.Array) -> pa.Array:
    """One column computed by DuckDB over the given columns, in their order."""
    import duckdb  # checking the readers' settings imports this file, and needs no duckdb

    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        connection.register("given", pa.table(columns))
        result = connection.sql(f"SELECT {expression} AS result FROM given", params=list(parameters) or None)
        return flat(result.to_arrow_table().column(0))
    finally:
        connection.close()


def number(array: pa.Array) -> tuple[pa.Array, BoolArray]:
    """(float64, which were not finite numbers); blank becomes null and is not marked."""
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_decimal(array.type):
        numbers = array.cast(pa.float64(), safe=False)
        blank = mask(pc.is_null(array))
    else:
        words = text(array)
        numbers, blank = sql("try_cast(v AS DOUBLE)", v=words), is_blank(words)
    finite = mask(pc.is_finite(numbers))
    return pc.if_else(pa.array(finite), numbers, None), ~finite & ~blank


def flag(array: pa.Array) -> tuple[pa.Array, BoolArray]:
    """(bool, which were neither yes nor no); blank becomes null and is not marked."""
    if pa.types.is_boolean(array.type):
        return array, np.zeros(len(array), bool)
    words = pc.utf8_lower(text(array))
    yes = pc.is_in(words, pa.array(_TRUE))
    known = pc.or_(yes, pc.is_in(words, pa.array(_FALSE)))
    return pc.if_else(known, yes, None), ~mask(known) & ~is_blank(words)


def moment(array: pa.Array, layout: str = "", zone: str = "UTC") -> tuple[pa.Array, BoolArray]:
    """(timestamp in UTC, microseconds, which were no moments of the years 1 to 9999). Nanoseconds are cut.

    Reads ISO 8601, seconds or milliseconds since 1970, or `layout`, a strptime format. What names no zone of its own is
    in `zone`.
    """
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("s" if pa.types.is_date32(array.type) else "ms"))
    if pa.types.is_timestamp(array.type):
        moments = _in_utc(_of_years(array).cast(pa.timestamp("us", tz=array.type.tz), safe=False), zone)
    else:
        moments = _read(text(array), layout, zone)
    moments = _of_years(moments)  # also of what a zone moved out of them
    return moments, mask(pc.is_null(moments))


def _read(words: pa.Array, layout: str, zone: str) -> pa.Array:
    if layout:
        return _in_utc(_of_years(sql("try_strptime(v, ?)::TIMESTAMP", layout, v=words)), zone)
    zoned = pc.match_substring_regex(words, _ZONED)
    zoned = pc.and_(zoned, pc.invert(pc.match_substring_regex(words, _DATE_THEN_SIGN)))
    with_zone = sql("epoch_us(try_cast(v AS TIMESTAMPTZ))", v=pc.if_else(zoned, words, None)).cast(MOMENT)
    plain = sql("try_cast(v AS TIMESTAMP)", v=pc.if_else(zoned, None, words))
    return pc.coalesce(with_zone, _in_utc(_of_years(plain), zone), _since_1970(words))


def _of_years(moments: pa.Array) -> pa.Array:
    """The same timestamps, null where one is of no year from 1 to 9999: four digits cannot write it."""
    ticks, (first, end) = moments.cast(pa.int64()), (each * _TICKS[moments.type.unit] for each in _YEARS_S)
    first, last = max(first, _INT64[0]), min(end - 1, _INT64[1])
    inside = pc.and_(pc.greater_equal(ticks, first), pc.less_equal(ticks, last))
    return pc.if_else(inside, moments, pa.scalar(None, moments.type))


def _in_utc(array: pa.Array, zone: str) -> pa.Array:
    if array.type.tz is None:
        array = pc.assume_timezone(array, zone, ambiguous="earliest", nonexistent="earliest")
    return array.cast(MOMENT)


def _since_1970(words: pa.Array) -> pa.Array:
    # above 1e11 seconds are the year 5138: those are milliseconds
    scaled = "CASE WHEN abs(n) > 1e11 THEN n * 1e3 ELSE n * 1e6 END"
    whole = f"try_cast({scaled} AS BIGINT)"
    return sql(whole, n=sql("try_cast(v AS DOUBLE)", v=words)).cast(MOMENT)


def words_list(array: pa.Array) -> tuple[pa.Array, BoolArray]:
    """(list<string> without blanks, which were no lists). Text is a JSON list, or one entry."""
    if not pa.types.is_list(array.type) and not pa.types.is_large_list(array.type):
        entries = text(array)
        if mask(pc.starts_with(entries, "[")).any():
            return _over_distinct(entries, _list_of, pa.list_(pa.string()))
        array = pa.ListArray.from_arrays(np.arange(len(entries) + 1, dtype=np.int32), entries)
    return _without_blanks(array), np.zeros(len(array), bool)


def list_text(array: pa.Array) -> pa.Array:
    """Lists as JSON text, an empty one as an empty string."""
    words = sql("to_json(v)::VARCHAR", v=_without_blanks(array))
    return pc.if_else(pc.equal(words, "[]"), "", words)


def _without_blanks(array: pa.Array) -> pa.Array:
    parents = np.asarray(pc.list_parent_indices(array), np.int64)
    entries = text(flat(pc.list_flatten(array)))
    keep = ~is_blank(entries)
    counts = np.bincount(parents[keep], minlength=len(array))
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, entries.filter(pa.array(keep)))


def json_object(array: pa.Array) -> tuple[pa.Array, BoolArray]:
    """(JSON text of an object of strings, which were no objects); blank becomes {}."""
    if pa.types.is_map(array.type) or pa.types.is_struct(array.type):
        pairs = (dict(row) if row is not None else {} for row in array.to_pylist(maps_as_pydicts="strict"))
        return pa.array([_dumps(row) for row in pairs], pa.string()), np.zeros(len(array), bool)
    return _over_distinct(text(array), lambda word: _dumps(_object_of(word)), pa.string())


def _over_distinct(words: pa.Array, convert: Any, kind: pa.DataType) -> tuple[pa.Array, BoolArray]:
    """`convert` of every distinct word; where it raises ValueError the result is null and marked."""
    coded = pc.fill_null(words, "").dictionary_encode()
    converted: list[Any] = []
    for word in coded.dictionary.to_pylist():
        try:
            converted.append(convert(word))
        except ValueError:
            converted.append(None)
    result = pa.array(converted, kind).take(coded.indices)
    return result, mask(pc.is_null(result))


def _list_of(word: str) -> list[str]:
    entries = orjson.loads(word) if word.startswith("[") else [word]
    return [entry for entry in (_plain(part).strip() for part in entries) if entry]


def _object_of(word: str) -> dict[str, Any]:
    found = orjson.loads(word) if word else {}
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _dumps(row: dict[str, Any]) -> str:
    kept = {key: _plain(value) for key, value in row.items() if value is not None and value != ""}
    return orjson.dumps(kept).decode()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
