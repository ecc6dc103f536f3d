"""A number that tells one state of the products from any other, kept by the database itself."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates the number, and triggers that replace it by a random one whoever changes the products, and how.

    Random and not counted on: a database put back from a backup shall not come to a number that was given before.
    """
    op.create_table("catalogue_mark", sa.Column("mark", sa.Integer, primary_key=True, autoincrement=False))
    op.execute("INSERT INTO catalogue_mark VALUES (random())")
    for change in ("insert", "update", "delete"):
        op.execute(
            f"CREATE TRIGGER products_{change} AFTER {change.upper()} ON products "
            "BEGIN UPDATE catalogue_mark SET mark = random(); END"
        )
