"""The folder of a shop.

1. A new shop has the folders and the database, and opens empty.
2. A folder that holds a shop already is not made into another.
3. Settings that are not TOML, or not known, are refused before anything is made.
4. A folder without a shop, or without its database, is named as such, and so is a full disk on opening.
5. A second writer is refused with the first one's process id; readers and learners are not. Readers do not write.
6. A lock is free again once its holder has closed, or has been killed.
7. A copy of the folder is a copy of the shop.
8. A database from a newer or an older shopkeeper is refused with what to do, or migrated.
9. The migrations make exactly the tables that the code reads, in one transaction.
10. Tidying compacts full days and drops old exposures.
11. What an error says of a statement names no shopper; a damaged database is named with what to do.
12. Folders that got lost are made when the shop is opened; a lost or damaged day of the log is named with what
    to do, in one line, however it is read; damage that can still be read is found by the content's hash.
13. After erasing and scrubbing, nothing of a shopper's id is left in any file, freed pages and reports included.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from shopkeeper.errors import SettingError, ShopLocked, ShopNotFound, StorageFull, StoreError
from shopkeeper.store import migrate
from shopkeeper.store.database import Database
from shopkeeper.store.exposures import _record as record_of
from shopkeeper.store.folder import ShopFolder, create, open_folder
from shopkeeper.store.tables import METADATA
from tests.store.worlds import DAY, event, exposure, file_limit, products


def test_a_new_shop_is_empty_and_complete(path: Path) -> None:
    names = {"settings.toml", "shop.db", "events", "versions", "rejected", "reports"}
    assert {entry.name for entry in path.iterdir()} == names
    with open_folder(path, writable=True) as folder:
        assert folder.settings.shop.name == "corner"
        assert (len(folder.products), len(folder.users), len(folder.events)) == (0, 0, 0)
        assert folder.events.last_timestamp() == 0.0
        assert len(folder.products.catalog()) == 0
        assert folder.versions.current() is None


def test_a_shop_is_not_made_over_another(path: Path) -> None:
    with pytest.raises(StoreError, match=r"holds a shop already. Choose another folder, or delete this one first"):
        create(path, "")


def test_bad_settings_leave_no_shop_behind(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"settings.toml: not valid TOML"):
        create(tmp_path / "shop", "[shop")
    with pytest.raises(SettingError, match=r"\[stroe\]: no such section \(settings.toml line 2\)"):
        create(tmp_path / "shop", "\n[stroe]\n")
    assert not (tmp_path / "shop").exists()


def test_a_folder_without_a_shop_is_named(tmp_path: Path, path: Path) -> None:
    with pytest.raises(ShopNotFound, match=r"holds no shop: settings.toml is missing"):
        open_folder(tmp_path, writable=True)
    (path / "shop.db").unlink()
    with pytest.raises(ShopNotFound, match=r"holds no shop: shop.db is missing"):
        open_folder(path, writable=False)


def test_a_full_disk_is_named_when_a_shop_is_opened(path: Path) -> None:
    for limit, writable, named in ((1_000, False, "shop.db"), (0, True, "shop.lock"), (1_000, True, "shop.db")):
        with (
            file_limit(limit),
            pytest.raises(StorageFull, match=rf"{named}: no room to write \(.*\): the disk or quota"),
        ):
            open_folder(path, writable=writable)
    open_folder(path, writable=True).close()


def test_a_second_writer_is_refused_with_the_first_ones_pid(path: Path, folder: ShopFolder) -> None:
    said = rf"another process \(pid {os.getpid()}\) writes to this shop. Stop that process or wait for its end; search"
    with pytest.raises(ShopLocked, match=said):
        open_folder(path, writable=True)
    with open_folder(path, writable=False) as reader:
        assert not reader.writable
        folder.products.upsert(products("tea"))
        assert len(reader.products) == 1
        with reader.versions.drafting() as draft:
            assert reader.versions.seal(draft, settings={}, data_hash="", scores={}).name == "0001"


def test_a_reader_that_writes_is_told(path: Path) -> None:
    with open_folder(path, writable=False) as reader:
        with pytest.raises(StoreError, match=r"the shop is open for reading only. Open it for writing to change it"):
            reader.products.upsert(products("tea"))
        with pytest.raises(StoreError, match=r"shop.db: the shop is open for reading only"):
            reader.events.append([event("a", 10)])


def test_a_second_process_is_refused_too(path: Path, folder: ShopFolder) -> None:
    program = (
        "import sys, pathlib; from shopkeeper.store.folder import open_folder;"
        "open_folder(pathlib.Path(sys.argv[1]), writable=True)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"ShopLocked: {path}: another process (pid {os.getpid()}) writes to this shop." in done.stderr


def test_the_lock_is_free_after_closing_and_after_a_kill(path: Path) -> None:
    open_folder(path, writable=True).close()
    program = (
        "import os, sys, pathlib, signal; from shopkeeper.store.folder import open_folder;"
        "open_folder(pathlib.Path(sys.argv[1]), writable=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9
    open_folder(path, writable=True).close()


def test_a_failed_opening_gives_the_lock_back(path: Path) -> None:
    (path / "shop.db").write_bytes(b"not a database at all" * 100)
    for _ in range(2):
        with pytest.raises(StoreError, match="file is not a database"):
            open_folder(path, writable=True)


def test_a_copy_is_the_same_shop(path: Path, folder: ShopFolder, tmp_path: Path) -> None:
    folder.products.upsert(products("tea"))
    folder.events.append([event("e1", 10), event("e2", 13)])
    folder.events.compact(14 * DAY)
    content = folder.events.data_hash()
    folder.close()
    with open_folder(Path(shutil.copytree(path, tmp_path / "copy")), writable=True) as copy:
        assert copy.events.data_hash() == content
        assert copy.products.get("tea") == products("tea")[0]
        assert copy.users.row("ann") == 0


def test_a_newer_database_is_refused(path: Path) -> None:
    _stamp(path, "9999")
    with pytest.raises(StoreError, match=re.escape("(migration 9999, this one knows up to 0003). Upgrade shopkeeper.")):
        open_folder(path, writable=True)


def test_an_old_database_is_migrated_by_a_writer_only(path: Path) -> None:
    (path / "shop.db").unlink()
    (path / "shop.db").touch()
    with pytest.raises(StoreError, match=r"stands at migration None, needs 0003. Open the shop once for writing"):
        open_folder(path, writable=False)
    with open_folder(path, writable=True) as folder:
        assert len(folder.products) == 0
    open_folder(path, writable=False).close()


def test_the_migrations_make_the_tables_that_the_code_reads(tmp_path: Path) -> None:
    database = Database(tmp_path / "shop.db", writable=True)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert migrate.revision(connection) == migrate.head() == "0003"
    database.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "migrations"
    shutil.copytree(migrate.FOLDER, broken)
    (broken / "m0004_broken.py").write_text(
        'from alembic import op\nrevision = "0004"\ndown_revision = "0003"\n'
        'def upgrade() -> None:\n    op.drop_table("users")\n    op.drop_table("nowhere")\n'
    )
    Database(tmp_path / "shop.db", writable=True).close()
    monkeypatch.setattr(migrate, "FOLDER", broken)
    with pytest.raises(sa.exc.OperationalError, match="no such table: nowhere"):
        Database(tmp_path / "shop.db", writable=True)
    monkeypatch.undo()
    database = Database(tmp_path / "shop.db", writable=True)
    with database.reading() as connection:
        assert sa.inspect(connection).has_table("users")
    database.close()


def test_pages_and_shoppers_of_an_older_database_are_told_of_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path / "migrations"
    shutil.copytree(migrate.FOLDER, older)
    (older / "m0003_context_and_demographics.py").unlink()
    monkeypatch.setattr(migrate, "FOLDER", older)
    create(tmp_path / "shop", "")
    with open_folder(tmp_path / "shop", writable=True) as folder:
        page = exposure("r1")
        record = {name: value for name, value in record_of(page).items() if name != "context"}
        names = ", ".join(f'"{name}"' for name in record)
        with folder.users._database.writing() as connection:
            connection.execute(sa.text("INSERT INTO users (row, user_id) VALUES (0, 'ann')"))
            asked = ", ".join(f":{name}" for name in record)
            connection.execute(sa.text(f"INSERT INTO exposures ({names}) VALUES ({asked})"), record)
    monkeypatch.undo()
    with open_folder(tmp_path / "shop", writable=True) as folder:
        found = folder.exposures.get("r1")
        assert found is not None and (found.context, found.product_ids) == ({}, page.product_ids)
        assert folder.users.demographics("ann") == {}


def test_tidying_compacts_and_expires(folder: ShopFolder) -> None:
    folder.events.append([event("e1", 100), event("e2", 199)])
    folder.exposures.append(exposure("old", timestamp=100 * DAY))
    folder.exposures.append(exposure("new", timestamp=199 * DAY))
    folder.exposures.flush()
    assert folder.tidy(200 * DAY) == 1
    assert folder.exposures.get("old") is None
    assert folder.exposures.get("new") is not None


def _stamp(path: Path, revision: str) -> None:
    engine = sa.create_engine(f"sqlite:///{path / 'shop.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :number"), {"number": revision})
    engine.dispose()


def test_an_error_in_a_statement_names_no_shopper(folder: ShopFolder) -> None:
    folder.events.append([event("a", 10)])
    folder.events._next_seq = 0  # the number is taken: the database refuses it
    with pytest.raises(sa.exc.IntegrityError, match="hide_parameters") as refused:
        folder.events.append([event("b", 10, "secret-shopper")])
    assert "secret-shopper" not in str(refused.value)


DAMAGED = (
    r"shop.db: the database is damaged \(.*\). Stop what uses the shop, .* put shop.db back from a backup; `sqlite3"
)


@pytest.mark.parametrize("writable", [True, False])
def test_a_database_that_is_none_is_named_with_what_to_do(path: Path, writable: bool) -> None:
    (path / "shop.db").write_bytes(b"no database at all " * 1_000)
    with pytest.raises(StoreError, match=DAMAGED):
        open_folder(path, writable=writable)


def test_a_database_damaged_inside_is_named_with_what_to_do(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        folder.events.append([event(f"e{number}", 10) for number in range(500)])
    content = (path / "shop.db").read_bytes()
    (path / "shop.db").write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(StoreError, match=DAMAGED):
        open_folder(path, writable=True)


@pytest.mark.parametrize("writable", [True, False])
def test_lost_folders_are_made_at_the_opening(path: Path, writable: bool) -> None:
    for name in ("events", "versions", "rejected", "reports"):
        (path / name).rmdir()
    with open_folder(path, writable=writable) as folder:
        assert folder.versions.list() == []
        assert folder.versions.current() is None
    assert {"events", "versions", "rejected", "reports"} <= {entry.name for entry in path.iterdir()}


def reads_of(folder: ShopFolder) -> list[Callable[[], object]]:
    """The ways in which a log is read whole."""
    return [
        lambda: folder.events.tail(0),
        folder.events.table,
        folder.events.data_hash,
        lambda: folder.events.interactions(folder.products.catalog(), folder.users),
    ]


def test_a_lost_day_of_the_log_is_named(path: Path, folder: ShopFolder) -> None:
    folder.events.append([event("a", 10), event("b", 11), event("c", 19)])
    folder.events.compact(20 * DAY)
    next((path / "events" / "day=1970-01-12").iterdir()).unlink()
    for read in reads_of(folder):
        with pytest.raises(StoreError, match=r"the events of 1970-01-12 are gone, .* Put it back from a backup"):
            read()
    assert [found.event_id for found in folder.events.tail(19 * DAY)] == ["c"]


@pytest.mark.parametrize("harm", [lambda whole: whole[: len(whole) // 2], lambda _: b"", lambda _: b"not a table" * 9])
def test_a_damaged_day_of_the_log_is_named(path: Path, folder: ShopFolder, harm: Callable[[bytes], bytes]) -> None:
    folder.events.append([event("a", 10), event("b", 11), event("c", 19)])
    folder.events.compact(20 * DAY)
    day = next((path / "events" / "day=1970-01-12").iterdir())
    day.write_bytes(harm(day.read_bytes()))
    for read in reads_of(folder):
        with pytest.raises(StoreError) as told:
            read()
        assert re.fullmatch(rf"{day}: the events of 1970-01-12 are damaged, .* Put it back from .*", str(told.value))
    assert [found.event_id for found in folder.events.tail(19 * DAY)] == ["c"]


def test_damage_that_can_be_read_is_found_where_the_whole_log_is(path: Path, folder: ShopFolder) -> None:
    folder.events.append([event("a", 10), event("b", 11)])
    folder.events.compact(20 * DAY)
    first, second = (next((path / "events" / f"day=1970-01-{day}").iterdir()) for day in (11, 12))
    shutil.copy(first, second)  # a table like any other, but of another day
    for read in reads_of(folder)[1:]:
        with pytest.raises(StoreError, match=rf"{second}: .* sha256 begins with {first.stem} and not as its name says"):
            read()


def test_after_scrubbing_no_file_holds_an_erased_shopper(path: Path, folder: ShopFolder) -> None:
    secret = "ann-secret-4711"
    folder.events.append([event("a", 19, "bob"), event("b", 10, "bob")])
    with closing(sqlite3.connect(path / "shop.db", isolation_level=None)) as other:  # leaves what it deletes behind
        other.execute("PRAGMA secure_delete=OFF")
        other.execute("INSERT INTO users (row, user_id) VALUES (7, ?)", [secret])
        other.execute("DELETE FROM users WHERE row = 7")
    folder.events._database.truncate_log()
    (path / "reports" / "quality.json").write_text(secret)
    (path / "reports" / "quality.zh.html").write_text(secret)
    (path / "reports" / "compare.json").write_text("{}")

    def holding() -> set[str]:
        files = [file for file in path.rglob("*") if file.is_file()]
        return {file.name for file in files if secret.encode() in file.read_bytes()}

    assert holding() == {"shop.db", "quality.json", "quality.zh.html"}
    folder.scrub()
    assert holding() == set()
    assert (path / "reports" / "compare.json").exists()
    folder.events.append([event("c", 19)])
    assert [found.event_id for found in folder.events.since(-1)] == ["a", "b", "c"]


def test_a_closed_shop_is_neither_read_nor_written(path: Path) -> None:
    folder = open_folder(path, writable=True)
    folder.close()
    for use in (lambda: len(folder.products), lambda: folder.events.append([event("late", 1.0)])):
        with pytest.raises(StoreError, match=r"shop.db: the shop is closed. Open it again."):
            use()
