"""Claims:

1. a disk that fills up while a version is written is said as everywhere else: where, why, what to do.
2. whatever was being written then, a ranker's trees, an array or a copied index, nothing is left behind.
"""

from pathlib import Path
from typing import Any

import pytest

from shopkeeper.errors import StorageFull
from shopkeeper.flow import learn as flow
from shopkeeper.flow.write import sealed
from shopkeeper.store.folder import open_folder
from shopkeeper.store.versions import VersionInfo
from shopkeeper.testing.shops import small_shop
from tests.store.worlds import file_limit

LIMITS = {"the trees of the ranker": 40_000, "an array": 2_200, "the copy of the index": 1_600}
"""Bytes that a file may have, by what is the first to be larger."""


@pytest.mark.parametrize("what", LIMITS)
def test_a_disk_that_fills_up_while_learning_is_one_readable_error(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = small_shop(tmp_path / "shop", learnt=False)

    def cramped(*learnt: Any) -> VersionInfo:
        with file_limit(LIMITS[what]):
            return sealed(*learnt)

    monkeypatch.setattr(flow, "sealed", cramped)
    with pytest.raises(StorageFull, match=r"versions/.draft-0001: no room to write \(.*\): the disk or quota is full"):
        flow.learn(shop)
    with open_folder(shop, writable=False) as folder:
        assert folder.versions.list() == []
    assert [path for path in (shop / "versions").iterdir() if path.is_dir()] == []
