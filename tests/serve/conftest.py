"""A small grocer that has learnt, copied for every test, and an app in front of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from benchmarks.small_shop import make
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys


@pytest.fixture(scope="session")
def unlearnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The grocer before it has learnt; copy it before use."""
    path = tmp_path_factory.mktemp("unlearnt") / "grocer"
    make(path)
    return path


@pytest.fixture(scope="session")
def learnt(unlearnt: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The grocer with its first version; copy it before use."""
    path = tmp_path_factory.mktemp("learnt") / "grocer"
    shutil.copytree(unlearnt, path)
    learn(path)
    return path


@pytest.fixture
def folder(learnt: Path, tmp_path: Path) -> Path:
    """A grocer of this test's own."""
    return Path(shutil.copytree(learnt, tmp_path / "grocer"))


@pytest.fixture
def shop(folder: Path) -> Iterator[Shop]:
    """The grocer, open."""
    opened = open_shop(folder)
    yield opened
    opened.close()


@pytest.fixture
def client(shop: Shop) -> Iterator[TestClient]:
    """An app in front of the open grocer, without keys."""
    with TestClient(create_app({shop.name: shop}, keys=Keys())) as asking:
        yield asking
