"""What callers said of the moment of a page, and what a shop knows of its shoppers beside what they did."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds `exposures.context` and `users.demographics`; pages and shoppers from before have none."""
    op.add_column("exposures", sa.Column("context", sa.Text, nullable=False, server_default="{}"))
    op.add_column("users", sa.Column("demographics", sa.Text, nullable=False, server_default="{}"))
