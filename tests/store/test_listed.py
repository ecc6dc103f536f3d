"""The catalogue's copy in the cache.

1. The catalogue and the checksums are the same from the copy as from the rows, types and all, of an empty shop too.
2. A copy from before a change is passed over, also where a process was killed before it could make another, and where
   the change was made by other hands than ours.
3. A shop put back from a backup is not shown what the copy says of what came after the backup.
4. A copy that is damaged, cut short or of another form is passed over and made anew.
5. Only the shop's writer makes it, when files came in and with the upkeep, for a shop of before the copies too.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from shopkeeper.attributes import Attributes
from shopkeeper.intake.load import load
from shopkeeper.store import products as module
from shopkeeper.store.columns import catalog_of
from shopkeeper.store.copies import Copy
from shopkeeper.store.database import DATABASE_FILE
from shopkeeper.store.folder import ShopFolder, open_folder
from shopkeeper.store.listed import FILE
from shopkeeper.types import Catalog, Product
from tests.store.worlds import DAY

PRODUCTS = [
    Product(product_id="tea", title="Green tea", brand="Löwe", category=("Food", "Tea"), price=3.5, currency="EUR"),
    Product(product_id="tea2", title="Green tea", brand="Löwe", category=("Food", "Tea"), group_id="t", price=None),
    Product(product_id="杯", title="茶杯", category=(), group_id="t", availability=False, created_at="2026-01-01"),
    Product(product_id="old", title="", price=1.0),
]


@pytest.fixture
def shop(path: Path) -> Iterator[ShopFolder]:
    """A shop of four products, one of them deleted, copied."""
    with open_folder(path, writable=True) as folder:
        folder.products.upsert(PRODUCTS)
        folder.products.delete(["old"])
        folder.keep_copies()
        yield folder


def equal(one: Catalog, other: Catalog) -> bool:
    return all(_same(getattr(one, name), getattr(other, name)) for name in Catalog.__dataclass_fields__)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Attributes):
        return all(_same(getattr(one, name), getattr(other, name)) for name in Attributes.__dataclass_fields__)
    if not isinstance(one, np.ndarray):
        return type(one) is type(other) and bool(one == other)
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def titles(path: Path) -> list[str]:
    with open_folder(path, writable=False) as folder:
        return list(folder.products.catalog().titles)


def test_the_copy_says_what_the_rows_say(path: Path, shop: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = _read(path, monkeypatch, rows=False)
    (path / "cache" / FILE).unlink()
    from_rows = _read(path, monkeypatch, rows=True)
    assert equal(copied[0], from_rows[0])
    assert _same(copied[1], from_rows[1])
    assert copied[0].titles == ["Green tea", "Green tea", "茶杯", ""]
    assert copied[1][3] == 0


def _read(path: Path, monkeypatch: pytest.MonkeyPatch, *, rows: bool) -> tuple[Catalog, Any]:
    """The catalogue and its checksums, both from the rows or both from the copy."""
    asked: list[str] = []
    checksums_of = module._checksums

    def noted_catalog(connection: Any) -> Catalog:
        asked.append("catalog")
        return catalog_of(connection)

    def noted_checksums(connection: Any) -> Any:
        asked.append("checksums")
        return checksums_of(connection)

    monkeypatch.setattr(module, "catalog_of", noted_catalog)
    monkeypatch.setattr(module, "_checksums", noted_checksums)
    with open_folder(path, writable=False) as folder:
        found = folder.products.catalog(), folder.products.checksums()
    monkeypatch.undo()
    assert asked == (["catalog", "checksums"] if rows else [])
    return found


def test_an_empty_shop_can_be_copied(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        empty = folder.products.catalog()
        folder.keep_copies()
        assert (path / "cache" / FILE).is_file()
        assert equal(folder.products.catalog(), empty)
        assert len(folder.products.checksums()) == 0


def test_a_change_makes_the_copy_old(path: Path, shop: ShopFolder) -> None:
    shop.products.upsert([Product(product_id="tea", title="Black tea")])
    before = (path / "cache" / FILE).read_bytes()
    assert titles(path)[0] == "Black tea"  # another process, as after a kill: nothing but the files tells it
    assert shop.products.catalog().titles[0] == "Black tea"
    shop.products.delete(["tea2"])
    assert shop.products.catalog().deleted.tolist() == [False, True, False, True]
    assert shop.products.checksums()[1] == 0
    assert (path / "cache" / FILE).read_bytes() == before
    shop.keep_copies()
    assert (path / "cache" / FILE).read_bytes() != before
    assert titles(path)[0] == "Black tea"


def test_a_change_that_was_undone_leaves_the_copy_good(shop: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError("no room")

    with monkeypatch.context() as failing, pytest.raises(OSError, match="no room"):
        failing.setattr(module, "insert_many", full)
        shop.products.upsert([Product(product_id="tea", title="Black tea")])
    monkeypatch.setattr(module, "catalog_of", full)
    assert shop.products.catalog().titles[0] == "Green tea"


def test_a_backup_put_back_is_read_itself(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        folder.products.upsert(PRODUCTS)
    shutil.copy(path / DATABASE_FILE, path / "backup")
    for title in ("Black tea", "White tea"):  # the second as if another history went on from the backup
        with open_folder(path, writable=True) as folder:
            folder.products.upsert([Product(product_id="tea", title=title)])
            folder.keep_copies()
        assert titles(path)[0] == title
        shutil.copy(path / "backup", path / DATABASE_FILE)
        assert titles(path)[0] == "Green tea"
    with open_folder(path, writable=True) as folder:
        folder.products.upsert([Product(product_id="tea", title="Red tea")])
    assert titles(path)[0] == "Red tea"


@pytest.mark.parametrize("name", ["damaged", "short", "empty", "other form"])
def test_a_bad_copy_is_passed_over_and_made_anew(name: str, path: Path, shop: ShopFolder) -> None:
    file = path / "cache" / FILE
    content = file.read_bytes()
    if name == "other form":
        table, made_from = Copy(file).read() or (None, None)
        assert table is not None
        Copy(file).write(table.drop_columns(["brands"]), made_from)
    else:
        bad = {"damaged": content[:-1] + bytes([content[-1] ^ 1]), "short": content[:200], "empty": b""}
        file.write_bytes(bad[name])
    broken = file.read_bytes()
    assert titles(path)[0] == "Green tea"
    shop.close()
    with open_folder(path, writable=True) as folder:
        folder.keep_copies()
    assert file.read_bytes() != broken
    assert (Copy(file).read() or (pa.table({}),))[0].column("brands").to_pylist()[0] == "Löwe"


def test_upkeep_makes_the_copy_for_a_shop_of_before_it(path: Path, shop: ShopFolder) -> None:
    file = path / "cache" / FILE
    file.unlink()
    with open_folder(path, writable=False) as reader:
        reader.keep_copies()
    assert not file.exists()
    shop.tidy(100 * DAY)
    assert file.is_file()


def test_a_change_by_other_hands_is_seen(path: Path, shop: ShopFolder) -> None:
    shop.keep_copies()
    shop.close()
    for change in ("UPDATE products SET title = 'Mint' WHERE row = 0", "DELETE FROM products WHERE row = 3"):
        with closing(sqlite3.connect(path / DATABASE_FILE)) as connection, connection:
            connection.execute(change)
        assert titles(path)[0] == "Mint"
    assert len(titles(path)) == 3


def test_what_comes_in_is_copied(path: Path) -> None:
    lines = path.parent / "products.csv"
    lines.write_text("product_id,title\nmug,Mug\n", encoding="utf-8")
    with open_folder(path, writable=True) as folder:
        load(folder, [lines])
    assert (path / "cache" / FILE).is_file()
    assert titles(path) == ["Mug"]
