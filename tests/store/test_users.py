"""Shoppers.

1. Rows are dense from 0 in order of first arrival and survive a restart; unknown and empty ids have none.
2. Whoever is in the log has a row.
3. An erased shopper's id is gone and the row stays unused; the same id later is somebody new.
4. A reader sees what the writer wrote, once it has looked again.
5. Threads that bring the same new shoppers agree on their rows.
6. What is told of shoppers stands in place of what was told before, outlives a restart, and is erased with them.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shopkeeper.store.folder import ShopFolder, open_folder
from shopkeeper.types import NEW_USER
from tests.store.worlds import event, table


def test_rows_are_for_life(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        assert folder.users.ensure(["bob", "ann", "bob", ""]).tolist() == [0, 1, 0, NEW_USER]
        assert folder.users.ensure(["cyd", "ann"]).tolist() == [2, 1]
    with open_folder(path, writable=True) as folder:
        assert len(folder.users) == 3
        assert (folder.users.row("cyd"), folder.users.id(2)) == (2, "cyd")
        assert folder.users.row("dan") == NEW_USER


def test_whoever_is_in_the_log_has_a_row(folder: ShopFolder) -> None:
    folder.events.append([event("e1", 10, "bob"), event("e2", 10, "")])
    folder.events.import_table(table(("e3", 11, "ann", "tea"), ("e4", 11, "bob", "tea")), now=0)
    assert [folder.users.row(name) for name in ("bob", "ann", "")] == [0, 1, NEW_USER]
    assert folder.users.ids().to_pylist() == ["bob", "ann"]


def test_an_erased_shopper_comes_back_as_somebody_new(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        folder.users.ensure(["ann", "bob"])
        assert (folder.users.erase("ann"), folder.users.erase("ann"), folder.users.erase("who")) == (1, 0, 0)
        assert (folder.users.row("ann"), folder.users.id(0), folder.users.row("bob")) == (NEW_USER, "", 1)
    with open_folder(path, writable=True) as folder:
        assert (folder.users.row("ann"), folder.users.id(0)) == (NEW_USER, "")
        assert folder.users.ensure(["ann"]).tolist() == [2]


def test_a_reader_sees_new_shoppers_when_it_looks_again(path: Path, folder: ShopFolder) -> None:
    with open_folder(path, writable=False) as reader:
        folder.users.ensure(["ann"])
        assert reader.users.row("ann") == NEW_USER
        reader.users.refresh()
        assert reader.users.row("ann") == 0


def test_threads_agree_on_rows(folder: ShopFolder) -> None:
    names = [f"u{number}" for number in range(40)]

    def arrive(start: int) -> list[int]:
        mine = names[start:] + names[:start]
        folder.events.append([event(f"{start}-{name}", 10, name) for name in mine[:5]])
        rows: list[int] = folder.users.ensure(mine).tolist()
        return rows[len(names) - start :] + rows[: len(names) - start]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(arrive, range(0, 40, 5)))
    assert all(rows == found[0] for rows in found)
    assert sorted(found[0]) == list(range(40))
    assert folder.users.ids().to_pylist() == [folder.users.id(row) for row in range(40)]


def test_what_is_told_of_shoppers_is_kept_until_they_are_erased(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        folder.users.ensure(["bob"])
        assert folder.users.describe({"ann": {"age": "35-44", "家": "二人"}, "bob": {}}).tolist() == [1, 0]
        folder.users.describe({"ann": {"age": "45-54"}})
        assert folder.users.demographics("nobody") == {}
    with open_folder(path, writable=True) as folder:
        assert (folder.users.row("ann"), folder.users.demographics("ann")) == (1, {"age": "45-54"})
        folder.users.erase("ann")
        folder.users.ensure(["ann"])
        assert folder.users.demographics("ann") == {}
    assert b"45-54" not in (path / "shop.db").read_bytes()
