"""Opening a shop.

1. Nothing is collected while a shop opens, and the garbage collector is afterwards as it was, also where opening fails.
2. A version of which a file was changed is not opened, whatever is read beside its hashing.
3. Shoppers are known the same from the log's days and from the gathered file, which erasing one deletes.
"""

import gc
import time
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.errors import CorruptVersion
from shopkeeper.flow import build
from shopkeeper.flow.build import load_trained, open_shop
from shopkeeper.flow.shop import Trained
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.gathered import FILE
from shopkeeper.store.versions import VersionInfo
from shopkeeper.types import Catalog


def test_nothing_is_collected_while_a_shop_opens(shop_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    during: list[bool] = []

    def load(folder: ShopFolder, catalog: Catalog, ahead: Future[VersionInfo] | None = None) -> Trained | None:
        during.append(gc.isenabled())
        assert ahead is not None  # its files are hashed while the shop reads its catalogue and log
        return load_trained(folder, catalog, ahead)

    monkeypatch.setattr(build, "load_trained", load)
    with open_shop(shop_folder):
        assert gc.isenabled()
    assert during == [False]


def test_the_collector_stays_off_where_it_was_off(shop_folder: Path) -> None:
    gc.disable()
    try:
        with open_shop(shop_folder):
            assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_changed_version_is_not_opened(shop_folder: Path) -> None:
    popularity = shop_folder / "versions" / "0001" / "popularity.npy"
    content = popularity.read_bytes()
    popularity.chmod(0o644)
    popularity.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CorruptVersion, match=r"version 0001: popularity\.npy is not what its manifest says"):
        open_shop(shop_folder)
    assert gc.isenabled()


def test_shoppers_are_known_the_same_from_the_gathered_days(shop_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopkeeper.store.gathered.FEW", 0)
    gathered = shop_folder / "cache" / FILE
    with open_shop(shop_folder) as shop:
        assert shop.folder.events.compact(time.time()) > 0
    with open_shop(shop_folder, writable=False) as shop:
        users = range(len(shop.folder.users))
        plain = shop.profiles.portraits(users)
    assert not gathered.exists()
    open_shop(shop_folder).close()
    assert gathered.is_file()
    with open_shop(shop_folder) as shop:
        for one, other in zip(plain, shop.profiles.portraits(users), strict=True):
            for name in one.__dataclass_fields__:
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        shop.erase(shop.folder.users.id(0))
    assert not gathered.exists()
