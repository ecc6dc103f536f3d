"""The tables of `shop.db`. A change here needs a numbered migration beside it; a test compares the two."""

import sqlalchemy as sa

METADATA = sa.MetaData()

PRODUCTS = sa.Table(
    "products",
    METADATA,
    sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("product_id", sa.Text, nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("group_id", sa.Text),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("brand", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("price", sa.Float),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("availability", sa.Boolean, nullable=False),
    sa.Column("attributes", sa.Text, nullable=False),
    sa.Column("images", sa.Text, nullable=False),
    sa.Column("seller", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("created_at", sa.Text),
    sa.Column("deleted", sa.Boolean, nullable=False),
)
"""`row` is 0-based, dense and for life; `deleted` is a tombstone. category, attributes and images are JSON."""

CATALOGUE_MARK = sa.Table(
    "catalogue_mark", METADATA, sa.Column("mark", sa.Integer, primary_key=True, autoincrement=False)
)
"""One row: a random number, another one after every change of the products. Triggers of the database see to that."""

USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("user_id", sa.Text, unique=True),
    sa.Column("demographics", sa.Text, nullable=False, server_default="{}"),
)
"""`user_id` is null once the shopper was erased; the row is never used again. `demographics` is a JSON object."""

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("timestamp_us", sa.Integer, nullable=False, index=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False, index=True),
    sa.Column("session_id", sa.Text, nullable=False),
    sa.Column("product_id", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("position", sa.Integer),
    sa.Column("quantity", sa.Float, nullable=False),
    sa.Column("value", sa.Float),
    sa.Column("context", sa.Text, nullable=False),
)
"""The tail of the log: events whose day is not in the lake yet. `seq` is the order of arrival over the whole log."""

SEEN = sa.Table("seen", METADATA, sa.Column("key", sa.Integer, primary_key=True, autoincrement=False))
"""The 64-bit key of every event_id ever accepted, compacted and erased ones too."""

DAYS = sa.Table(
    "days",
    METADATA,
    sa.Column("file", sa.Text, primary_key=True),
    sa.Column("n_events", sa.Integer, nullable=False),
    sa.Column("last_seq", sa.Integer, nullable=False),
    sa.Column("last_timestamp_us", sa.Integer, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
)
"""The files of the lake, relative to `events/`. A file that is not named here holds nothing."""

LEFTOVERS = sa.Table("leftovers", METADATA, sa.Column("file", sa.Text, primary_key=True))
"""Files of the lake that are deleted at the next opening unless `days` names them."""

EXPOSURES = sa.Table(
    "exposures",
    METADATA,
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("timestamp_us", sa.Integer, nullable=False, index=True),
    sa.Column("scene", sa.Text, nullable=False),
    sa.Column("user_id", sa.Text, nullable=False, index=True),
    sa.Column("session_id", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("variant", sa.Text, nullable=False),
    sa.Column("product_ids", sa.Text, nullable=False),
    sa.Column("items", sa.LargeBinary, nullable=False),
    sa.Column("feature_names", sa.Text, nullable=False),
    sa.Column("features", sa.LargeBinary, nullable=False),
    sa.Column("context", sa.Text, nullable=False, server_default="{}"),
)
"""`items` is a float64 npy (3, k): positions, scores, propensities; `features` a float32 npy (k, f); `context` JSON."""
