"""Tables by hand: a few rows with what matters said, everything else plain."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa

from shopkeeper import plugins
from shopkeeper.ports import Finding
from shopkeeper.settings import Settings
from shopkeeper.store.schema import EVENTS, PRODUCTS, conform

START = datetime(2024, 3, 1, 12, tzinfo=UTC)


def shelf(*rows: dict[str, Any]) -> ibis.Table:
    """Products p0, p1, ... titled "thing 0", "thing 1", ... unless a row says otherwise."""
    named = [{"product_id": f"p{i}", "title": f"thing {i}"} | row for i, row in enumerate(rows)]
    return _table(named, PRODUCTS)


def shelf_of(n: int) -> ibis.Table:
    """n plain products."""
    return shelf(*({} for _ in range(n)))


def log(*rows: dict[str, Any]) -> ibis.Table:
    """Purchases e00, e01, ... of one p0 by u0, a minute apart from START on, unless a row says otherwise.

    `minute` in place of timestamp counts from START.
    """
    named = []
    for i, row in enumerate(rows):
        plain: dict[str, Any] = {
            "event_id": f"e{i:02}",
            "action": "purchase",
            "user_id": "u0",
            "product_id": "p0",
            "quantity": 1.0,
        }
        told = plain | row
        told.setdefault("timestamp", START + timedelta(minutes=told.pop("minute", i)))
        named.append(told)
    return _table(named, EVENTS)


def found(check: str, products: ibis.Table, events: ibis.Table, **settings: Any) -> Finding:
    """What a check says of the two tables, with these settings."""
    finding: Finding = made(check, **settings).inspect(products, events)
    return finding


def made(check: str, **settings: Any) -> Any:
    """The check with these settings."""
    told = Settings({"quality": {check: settings}})
    return plugins.load("check", check)(told.of("check", check))


def column(table: ibis.Table, name: str, by: str) -> list[Any]:
    """One column in the order of another."""
    values: list[Any] = table.order_by(by).to_pyarrow().column(name).to_pylist()
    return values


def _table(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> ibis.Table:
    names = {name for row in rows for name in row}
    columns = {name: pa.array([row.get(name) for row in rows], schema.field(name).type) for name in sorted(names)}
    return ibis.memtable(conform(pa.table(columns), schema) if columns else schema.empty_table())
