"""The canonical tables, as Arrow schemas: `products` and `events`, which every offline expression reads, and `users`.

Columns are named like the fields of `types.Product` and `types.Event`; ids are those of the outside world.
"""

import pyarrow as pa
import pyarrow.compute as pc

from shopkeeper.errors import IntakeError

PRODUCTS = pa.schema(
    [
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("group_id", pa.string()),
        pa.field("description", pa.string(), nullable=False),
        pa.field("brand", pa.string(), nullable=False),
        pa.field("category", pa.list_(pa.string()), nullable=False),
        pa.field("price", pa.float64()),
        pa.field("currency", pa.string(), nullable=False),
        pa.field("availability", pa.bool_(), nullable=False),
        pa.field("attributes", pa.string(), nullable=False),
        pa.field("images", pa.list_(pa.string()), nullable=False),
        pa.field("seller", pa.string(), nullable=False),
        pa.field("locale", pa.string(), nullable=False),
        pa.field("created_at", pa.string()),
    ]
)
"""`attributes` is a JSON object."""

EVENTS = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("timestamp", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("session_id", pa.string(), nullable=False),
        pa.field("product_id", pa.string(), nullable=False),
        pa.field("query", pa.string(), nullable=False),
        pa.field("request_id", pa.string(), nullable=False),
        pa.field("position", pa.int32()),
        pa.field("quantity", pa.float64(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("context", pa.string(), nullable=False),
    ]
)
"""`context` is a JSON object."""

USERS = pa.schema(
    [pa.field("user_id", pa.string(), nullable=False), pa.field("demographics", pa.string(), nullable=False)]
)
"""`demographics` is a JSON object."""

_REQUIRED = {PRODUCTS: {"product_id", "title"}, EVENTS: {"event_id", "timestamp", "action"}, USERS: {"user_id"}}
_DEFAULTS: dict[str, object] = {
    "availability": True,
    "attributes": "{}",
    "context": "{}",
    "demographics": "{}",
    "quantity": 1.0,
}


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with exactly the schema's columns and types; what is absent or null takes the field's default.

    Raises IntakeError where a column without a default is missing or null.
    """
    columns = [_column(table, field, field.name in _REQUIRED.get(schema, ())) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(table: pa.Table, field: pa.Field, required: bool) -> pa.ChunkedArray:
    if field.name not in table.column_names:
        if required:
            raise IntakeError(
                f"the table has no column '{field.name}', which is required. It has: {', '.join(table.column_names)}."
            )
        return pa.chunked_array([_filled(pa.nulls(len(table), field.type), field)], field.type)
    column = table.column(field.name)
    if column.type != field.type:
        column = column.cast(field.type, safe=not pa.types.is_timestamp(field.type))  # nanoseconds are cut
    if column.null_count == 0:
        return column
    if required:
        first = pc.index(column.is_null(), True).as_py()
        raise IntakeError(f"column '{field.name}' is required and empty in row {first} of the table.")
    return _filled(column, field)


def _filled(column: pa.Array, field: pa.Field) -> pa.Array:
    if field.nullable:
        return column
    if pa.types.is_list(field.type):
        return pc.coalesce(column, pa.scalar([], field.type))
    return pc.fill_null(column, pa.scalar(_DEFAULTS.get(field.name, ""), field.type))
