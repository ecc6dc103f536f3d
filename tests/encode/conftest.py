"""Exports of the real weights, made once a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkeeper.encode.open import open_encoder
from shopkeeper.ports import Encoder
from shopkeeper.settings import Encode
from tests.encode.echo import serving


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="session")
def english(exports: Path) -> Encoder:
    opened = open_encoder(Encode(), ["milk"], exports)
    assert opened is not None
    return opened


@pytest.fixture(scope="session")
def chinese(exports: Path) -> Encoder:
    opened = open_encoder(Encode(), ["牛奶"], exports)
    assert opened is not None
    return opened


@pytest.fixture
def chat_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a chat server listens that answers with the text backwards."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as url:
        yield url
