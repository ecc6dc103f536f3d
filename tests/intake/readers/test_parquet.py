"""Claims:
1. Typed columns come in as they are: numbers, lists, maps, moments with and without a zone, cut to microseconds;
   a day that no year from 1 to 9999 has is refused alone.
2. A row's line is its number in the file.
3. A file that is not Parquet, an empty one and an absent one cannot be read.
"""

import datetime as dt

import pyarrow as pa
import pytest
from pyarrow import parquet

from shopkeeper.errors import IntakeError
from tests.intake.shelf import Shelf, numbers

PRODUCTS = pa.table(
    {
        "product_id": pa.array([1, 2, 3]),
        "title": ["Cup", "Plate", None],
        "price": pa.array([1.5, None, 2.0]),
        "category": pa.array([["Kitchen", " "], None, []], pa.list_(pa.string())),
        "attributes": pa.array([{"colour": "blue"}, None, {"colour": None}], pa.struct([("colour", pa.string())])),
        "availability": pa.array([False, None, True]),
        "created_at": pa.array([dt.date(2024, 5, 1), None, None]),
    }
)


def test_typed_columns_come_in_as_they_are(shelf: Shelf) -> None:
    path = shelf.files / "products.parquet"
    parquet.write_table(PRODUCTS, path)
    assert numbers(shelf.load(path), "products") == (3, 2, 1, 0)
    cup, plate = shelf.product("1"), shelf.product("2")
    assert (cup.price, cup.category, cup.availability) == (1.5, ("Kitchen",), False)
    assert (dict(cup.attributes), cup.created_at) == ({"colour": "blue"}, "2024-05-01T00:00:00Z")
    assert (plate.price, plate.category, plate.availability, plate.created_at) == (None, (), True, None)
    assert shelf.reasons() == [(3, "title", "is missing", "")]


def test_moments_with_and_without_a_zone_are_read(shelf: Shelf) -> None:
    noon = dt.datetime(2024, 5, 1, 12)
    a_little_later = pa.array([noon], pa.timestamp("ns")).cast(pa.int64())[0].as_py() + 789
    kinds = {
        "plain": pa.array([noon], pa.timestamp("ns")),
        "zoned": pa.array([noon], pa.timestamp("ms", tz="Europe/London")),
        "nanoseconds": pa.array([a_little_later], pa.timestamp("ns")),
    }
    for name, moments in kinds.items():
        table = pa.table({"event_id": [name], "timestamp": moments, "action": ["search"], "query": ["cup"]})
        parquet.write_table(table, shelf.files / f"{name}.parquet")
        shelf.load(shelf.files / f"{name}.parquet")
    assert [event["timestamp"] for event in shelf.events()] == [noon.replace(tzinfo=dt.UTC)] * 3


def test_a_day_of_no_year_is_refused_alone(shelf: Shelf) -> None:
    days = pa.array([2**30, 1, -(2**30)], pa.date32())
    path = shelf.files / "products.parquet"
    parquet.write_table(pa.table({"product_id": ["a", "b", "c"], "title": ["x"] * 3, "created_at": days}), path)
    assert numbers(shelf.load(path), "products") == (3, 1, 2, 0)
    assert shelf.product("b").created_at == "1970-01-02T00:00:00Z"
    assert [row[:3] for row in shelf.reasons()] == [(at, "created_at", "must be a moment (ISO 8601)") for at in (1, 3)]


def test_what_is_no_parquet_file_says_so(shelf: Shelf) -> None:
    cases = {"bad.parquet": b"PAR1 but not really PAR2", "empty.parquet": b""}
    wanted = {"bad.parquet": "not a readable Parquet file: ", "empty.parquet": "the file is empty"}
    for name, content in cases.items():
        path = shelf.file(name, content)
        with pytest.raises(IntakeError) as caught:
            shelf.load(path)
        assert str(caught.value).startswith(f"{path}: {wanted[name]}")
    with pytest.raises(IntakeError, match="no such file"):
        shelf.load(shelf.files / "absent.parquet")
