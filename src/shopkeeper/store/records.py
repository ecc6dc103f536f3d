"""Products and events to the rows of their tables, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from shopkeeper.store.arrays import numbers_or_none, texts
from shopkeeper.store.schema import EVENTS, PRODUCTS
from shopkeeper.types import Event, Product

Record = dict[str, Any]
MICROSECONDS = 1_000_000
LOG = pa.schema([pa.field("seq", pa.int64(), nullable=False), *EVENTS])
"""What the log keeps of an event: schema.EVENTS, and its place in the order of arrival."""


def product_record(product: Product) -> Record:
    """The row of `products`, without its number."""
    return {
        "product_id": product.product_id,
        "title": product.title,
        "group_id": product.group_id,
        "description": product.description,
        "brand": product.brand,
        "category": as_json(list(product.category)),
        "price": product.price,
        "currency": product.currency,
        "availability": product.availability,
        "attributes": as_json(dict(product.attributes)),
        "images": as_json(list(product.images)),
        "seller": product.seller,
        "locale": product.locale,
        "created_at": product.created_at,
    }


def product_of(record: Mapping[str, Any]) -> Product:
    """The product that a row of `products` holds."""
    plain = {name: record[name] for name in PRODUCTS.names}
    plain["category"] = tuple(orjson.loads(plain["category"]))
    plain["images"] = tuple(orjson.loads(plain["images"]))
    plain["attributes"] = orjson.loads(plain["attributes"])
    return Product(**plain)


def event_record(event: Event) -> Record:
    """The row of `events`, without its number. The time is kept to the microsecond."""
    return {
        "event_id": event.event_id,
        "timestamp_us": round(event.timestamp * MICROSECONDS),
        "action": event.action,
        "user_id": event.user_id,
        "session_id": event.session_id,
        "product_id": event.product_id,
        "query": event.query,
        "request_id": event.request_id,
        "position": event.position,
        "quantity": float(event.quantity),
        "value": None if event.value is None else float(event.value),
        "context": as_json(dict(event.context)),
    }


def event_of(record: Mapping[str, Any]) -> Event:
    """The event that a row of `events` holds."""
    plain = {name: record[name] for name in EVENTS.names if name != "timestamp"}
    plain["context"] = orjson.loads(plain["context"])
    return Event(timestamp=record["timestamp_us"] / MICROSECONDS, **plain)


def events_table(records: Sequence[Sequence[Any]], names: Sequence[str]) -> pa.Table:
    """Rows of the table `events` as Arrow, with the schema LOG."""
    columns = dict(zip(names, zip(*records, strict=True), strict=True)) if records else dict.fromkeys(names, ())
    columns["timestamp"] = columns.pop("timestamp_us")
    arrays = [
        texts(columns[field.name]) if field.type == pa.string() else numbers_or_none(columns[field.name], field.type)
        for field in LOG
    ]
    return pa.Table.from_arrays(arrays, schema=LOG)


def as_json(value: object) -> str:
    """Compact JSON with sorted keys."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
