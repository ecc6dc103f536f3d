"""Claims:

1. a version whose state lacks what this release reads is named, with who wrote it, what is missing and what to do.
2. so is one whose files are as they were sealed and yet cannot be read, and one that lacks a file of this release.
3. learning again beside it works, and the new version serves.
4. the command line says it in one line.
"""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from shopkeeper.errors import ForeignVersion
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn


def resealed(shop: Path, name: str, content: bytes | None) -> None:
    """Version 0001 as if it had been sealed with this content in a file, or without the file."""
    version = shop / "versions" / "0001"
    manifest = orjson.loads((version / "manifest.json").read_bytes())
    (version / name).unlink()
    del manifest["files"][name]
    if content is not None:
        (version / name).write_bytes(content)
        manifest["files"][name] = {"sha256": sha256(content).hexdigest(), "bytes": len(content)}
    manifest["shopkeeper"] = "0.0.9"
    (version / "manifest.json").write_bytes(orjson.dumps(manifest))


@pytest.fixture
def old_shop(shop_folder: Path) -> Path:
    state = orjson.loads((shop_folder / "versions" / "0001" / "state.json").read_bytes())
    resealed(shop_folder, "state.json", orjson.dumps({name: state[name] for name in state if name != "last_seq"}))
    return shop_folder


def test_a_state_that_lacks_a_key_is_named_with_what_to_do(old_shop: Path) -> None:
    told = r"version 0001 was written by shopkeeper 0\.0\.9, and this one, .*, cannot read it: "
    with pytest.raises(ForeignVersion, match=told + rf"state.json lacks last_seq. Learn again: .* {old_shop}$"):
        open_shop(old_shop)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("state.json", b"{", "JSONDecodeError"),
        ("popularity.npy", None, "FileNotFoundError .*popularity.npy"),
        ("sources/lexical/n_texts.npy", None, "FileNotFoundError .*n_texts.npy"),
        ("sources/lexical/n_texts.npy", b"another format", "ValueError"),
    ],
)
def test_files_that_cannot_be_read_are_named(shop_folder: Path, name: str, content: bytes | None, told: str) -> None:
    resealed(shop_folder, name, content)
    with pytest.raises(ForeignVersion, match=f"cannot read it: {told}"):
        open_shop(shop_folder)


def test_learning_again_mends_it(old_shop: Path) -> None:
    (old_shop / "versions" / "0001" / "trial.npz").unlink()  # an old version may lack this as well
    assert learn(old_shop).promoted
    with open_shop(old_shop) as shop:
        assert shop.version is not None and shop.version.number == 2


@pytest.mark.parametrize("verb", [("search", "{shop}", "milk"), ("serve", "{shop}", "--port", "0")])
def test_the_command_line_says_it_in_one_line(old_shop: Path, verb: tuple[str, ...]) -> None:
    words = [word.format(shop=old_shop) for word in verb]
    program = [sys.executable, "-c", "from shopkeeper.cli import main; main()", *words]
    found = subprocess.run(program, capture_output=True, text=True, check=False)
    assert found.returncode == 1 and found.stderr.count("\n") == 1
    assert found.stderr.startswith("ForeignVersion: version 0001 was written by shopkeeper 0.0.9")
