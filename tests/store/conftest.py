from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.store.folder import ShopFolder, create, open_folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty shop's folder."""
    create(tmp_path / "shop", '[shop]\nname = "corner"\n[store]\ntail_days = 2\n')
    return tmp_path / "shop"


@pytest.fixture
def folder(path: Path) -> Iterator[ShopFolder]:
    """The empty shop, open for writing."""
    with open_folder(path, writable=True) as opened:
        yield opened
