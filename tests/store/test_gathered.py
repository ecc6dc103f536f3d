"""The lake gathered in one file.

1. Interactions are the same arrays without the file, from the file, and from the file with days that came after it.
2. The file is written by the shop's writer alone, and anew once many days came after it.
3. A file that was damaged, cut short, emptied, or is of another form is passed over and written anew.
4. A day that was replaced since is read itself; one that is gone is missed as it would be without the file.
5. Erasing a shopper deletes the file, and what a killed write left, before anything else.
6. A write that is killed or finds no room leaves the file as it was, and the shop opens.
"""

import errno
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from shopkeeper.errors import StoreError
from shopkeeper.store import gathered
from shopkeeper.store.folder import ShopFolder, open_folder
from shopkeeper.store.gathered import FEW, FILE
from shopkeeper.store.log import coded_day
from shopkeeper.types import Interactions
from tests.store.worlds import DAY, event, products

USERS = ("ann", "bob", "eve")


def fill(folder: ShopFolder, first_day: int, days: int) -> None:
    """Two events a day, of changing shoppers and products, compacted; one more in the tail."""
    for day in range(first_day, first_day + days):
        folder.events.append(
            [
                event(f"{day}-{n}", day + 0.5 - n / 10, USERS[(day + n) % 3], ("tea", "mug", "lost")[(day * n) % 3])
                for n in range(2)
            ]
        )
    folder.events.compact((first_day + days + 2) * DAY)


def look(folder: ShopFolder) -> Interactions:
    return folder.events.interactions(folder.products.catalog(), folder.users)


def equal(one: Interactions, other: Interactions) -> bool:
    names = Interactions.__dataclass_fields__
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


@pytest.fixture
def shop(path: Path) -> Iterator[ShopFolder]:
    """A shop of FEW + 2 full days and a tail, not gathered yet."""
    with open_folder(path, writable=True) as folder:
        folder.products.upsert(products("tea", "mug"))
        fill(folder, 0, FEW + 2)
        folder.events.append([event("late", 100.0, "ann", "mug")])
        yield folder


def the_file(path: Path) -> Path:
    return path / "cache" / FILE


def test_interactions_are_the_same_with_and_without_the_file(path: Path, shop: ShopFolder) -> None:
    plain = look(shop)
    assert len(plain.rows) > FEW
    assert the_file(path).is_file()
    assert equal(look(shop), plain)
    fill(shop, FEW + 2, 3)
    with_later = look(shop)
    assert len(with_later.rows) > len(plain.rows)
    the_file(path).unlink()
    assert equal(look(shop), with_later)


def test_a_hit_reads_no_gathered_day(path: Path, shop: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = look(shop)
    read: list[Path] = []

    def noted(file: Path) -> pa.Table:
        read.append(file)
        return coded_day(file)

    monkeypatch.setattr(gathered, "coded_day", noted)
    assert equal(look(shop), plain)
    assert read == []
    fill(shop, FEW + 2, 1)
    look(shop)
    assert [file.parent.name for file in read] == [f"day=1970-01-{FEW + 3:02d}"]


def test_only_the_writer_makes_the_file(path: Path, shop: ShopFolder) -> None:
    with open_folder(path, writable=False) as reading:
        plain = look(reading)
    assert not the_file(path).exists()
    look(shop)
    with open_folder(path, writable=False) as reading:
        assert equal(look(reading), plain)


def test_the_file_is_made_anew_once_many_days_came(path: Path, shop: ShopFolder) -> None:
    look(shop)
    first = the_file(path).read_bytes()
    fill(shop, FEW + 2, FEW)
    look(shop)
    assert the_file(path).read_bytes() == first
    fill(shop, 2 * FEW + 2, 1)
    look(shop)
    assert the_file(path).read_bytes() != first


def other_form(content: bytes) -> bytes:
    """A sound file of other columns."""
    table = pa.table({"seq": [1]}).replace_schema_metadata({b"made_from": b"[]"})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sealed(sink.getvalue().to_pybytes())


def sealed(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode("ascii") + body


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a flipped bit": lambda content: content[:2000] + bytes([content[2000] ^ 1]) + content[2001:],
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "sealed nonsense": lambda content: sealed(b"no table at all"),
    "other columns": other_form,
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_passed_over_and_made_anew(name: str, path: Path, shop: ShopFolder) -> None:
    plain = look(shop)
    whole = the_file(path).read_bytes()
    assert len(whole) > 2000
    the_file(path).write_bytes(DAMAGES[name](whole))
    assert equal(look(shop), plain)
    assert the_file(path).read_bytes() == whole


def test_a_replaced_day_is_read_itself(path: Path, shop: ShopFolder) -> None:
    look(shop)
    shop.events.append([event("very late", 1.2, "bob", "tea")])
    shop.events.compact(200 * DAY)
    now = look(shop)
    the_file(path).unlink()
    assert equal(look(shop), now)


def test_a_day_that_is_gone_or_damaged_is_missed(path: Path, shop: ShopFolder) -> None:
    look(shop)
    day = next((path / "events").glob("day=1970-01-03/*.parquet"))
    content = day.read_bytes()
    day.unlink()
    with pytest.raises(StoreError, match="the events of 1970-01-03 are gone"):
        look(shop)
    day.write_bytes(content[:-1])
    with pytest.raises(StoreError, match="the events of 1970-01-03 are damaged"):
        look(shop)


def test_erasing_deletes_the_file_first(path: Path, shop: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    look(shop)
    draft = the_file(path).with_name(f".{FILE}.tmp")
    draft.write_bytes(b"of ann")
    assert b"ann" in the_file(path).read_bytes()

    def killed(*_: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("shopkeeper.store.upkeep.keep_last_seq", killed)
        with pytest.raises(RuntimeError, match="killed"):
            shop.events.erase("ann")
    assert not the_file(path).exists()
    assert not draft.exists()
    look(shop)
    shop.events.erase("ann")
    assert not the_file(path).exists()
    shop.users.erase("ann")
    look(shop)
    assert b"ann" not in the_file(path).read_bytes()


def test_a_killed_write_leaves_the_file_as_it_was(
    path: Path, shop: ShopFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(shop)
    before = the_file(path).read_bytes()
    fill(shop, FEW + 2, FEW + 1)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            look(shop)
    assert the_file(path).read_bytes() == before
    now = look(shop)
    assert [file.name for file in the_file(path).parent.iterdir()] == [FILE]
    the_file(path).unlink()
    assert equal(look(shop), now)


def test_no_room_for_the_file_is_no_error(
    path: Path, shop: ShopFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    plain = look(shop)
    assert "cache=days.arrow not written: " in caplog.text
    assert list((path / "cache").iterdir()) == []
    monkeypatch.undo()
    assert equal(look(shop), plain)
