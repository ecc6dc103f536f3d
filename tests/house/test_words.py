"""Claims:

1. every file of words is one that can be read: a key that two changes wrote is found here, and not by the first page.
"""

import tomllib
from pathlib import Path

import pytest

import shopkeeper

FILES = sorted(Path(shopkeeper.__file__).parent.rglob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_file_of_words_can_be_read(path: Path) -> None:
    tomllib.loads(path.read_text(encoding="utf-8"))  # raises where it cannot
