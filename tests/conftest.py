"""A small learnt shop, made once for all tests; whoever changes it works on a copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.flow.build import open_shop
from shopkeeper.flow.shop import Shop
from shopkeeper.testing.shops import small_shop


@pytest.fixture(scope="session")
def learnt_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small shop with its first version; not to be written to."""
    return small_shop(tmp_path_factory.mktemp("shops") / "small")


@pytest.fixture
def shop_folder(learnt_shop: Path, tmp_path: Path) -> Path:
    """A copy of the small shop's folder."""
    return Path(shutil.copytree(learnt_shop, tmp_path / "small"))


@pytest.fixture
def shop(shop_folder: Path) -> Iterator[Shop]:
    """The small shop, open for writing."""
    with open_shop(shop_folder) as opened:
        yield opened
