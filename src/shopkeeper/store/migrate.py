"""Brings `shop.db` to the newest numbered migration. A database that is there already costs one query."""

from pathlib import Path

import sqlalchemy as sa

FOLDER = Path(__file__).parent / "migrations"


def head() -> str:
    """The newest revision, from the files' names: `m0001_shop.py` is 0001."""
    return max(path.name[1:5] for path in FOLDER.glob("m[0-9]*.py"))


def revision(connection: sa.Connection) -> str | None:
    """The revision the database stands at; None for an empty one."""
    master = sa.text("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'")
    if not connection.execute(master).scalar():
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def upgrade(connection: sa.Connection) -> None:
    """Runs every missing migration in the connection's transaction: all of them, or none."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(FOLDER), version_locations=[str(FOLDER)])
    steps = EnvironmentContext(Config(), script, fn=lambda current, _: script._upgrade_revs("head", current))
    with steps as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
