"""The first tables of a shop."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_PRODUCT_TEXTS = ("title", "description", "brand", "category", "currency", "attributes", "images", "seller", "locale")
_EVENT_TEXTS = ("action", "session_id", "product_id", "query", "request_id", "context")
_EXPOSURE_TEXTS = ("scene", "session_id", "query", "version", "variant", "product_ids", "feature_names")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "products",
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("product_id", sa.Text, nullable=False, unique=True),
        *_texts(_PRODUCT_TEXTS),
        sa.Column("group_id", sa.Text),
        sa.Column("price", sa.Float),
        sa.Column("availability", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Text),
        sa.Column("deleted", sa.Boolean, nullable=False),
    )
    op.create_table(
        "users",
        sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.Text, unique=True),
    )
    _create_log()
    op.create_table(
        "exposures",
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("timestamp_us", sa.Integer, nullable=False, index=True),
        sa.Column("user_id", sa.Text, nullable=False, index=True),
        *_texts(_EXPOSURE_TEXTS),
        sa.Column("items", sa.LargeBinary, nullable=False),
        sa.Column("features", sa.LargeBinary, nullable=False),
    )


def _create_log() -> None:
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("timestamp_us", sa.Integer, nullable=False, index=True),
        sa.Column("user_id", sa.Text, nullable=False, index=True),
        *_texts(_EVENT_TEXTS),
        sa.Column("position", sa.Integer),
        sa.Column("quantity", sa.Float, nullable=False),
        sa.Column("value", sa.Float),
    )
    op.create_table("seen", sa.Column("key", sa.Integer, primary_key=True, autoincrement=False))
    op.create_table(
        "days",
        sa.Column("file", sa.Text, primary_key=True),
        sa.Column("n_events", sa.Integer, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("last_timestamp_us", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
    )
    op.create_table("leftovers", sa.Column("file", sa.Text, primary_key=True))


def _texts(names: tuple[str, ...]) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
