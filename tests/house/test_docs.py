"""Claims:

1. the README's tree names every folder of the package, and no other.
2. docs/settings.md is what the settings models say, with the choices of a setting that has some.
3. no document or source names a path of somebody's machine.
"""

import re
import subprocess

import pytest

from shopkeeper import settings_reference
from tests.house.tree import PACKAGE, ROOT


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_tree_is_the_real_tree(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    block = text.split("src/shopkeeper/", 1)[1].split("```", 1)[0]
    named = set(re.findall(r"^  ([a-z_]+(?:/|\.py))", block, re.MULTILINE))
    folders = {f"{path.name}/" for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    files = {path.name for path in PACKAGE.glob("*.py") if path.name != "__init__.py"}
    assert named == folders | files


def test_the_settings_document_is_fresh() -> None:
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == settings_reference.markdown(), "run: .venv/bin/python -m shopkeeper.settings_reference"


def test_the_settings_document_names_choices() -> None:
    rows = [line for line in settings_reference.markdown().splitlines() if line.startswith("| `")]

    def told(key: str) -> str:
        return next(row for row in rows if row.startswith(f"| `{key}`"))

    assert told("language").endswith(" One of `auto`, `en`, `zh`. |")
    assert told("shift_to").endswith(" One of `none`, `today`. |")
    assert " Any of `title`, " in told("required")
    assert told("scene_weights").endswith(" Keys: `search`, `home`, `similar`, `together`, `cart`, `trending`. |")
    assert "One of" not in told("currency")


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    pattern = r"/(home|Users|root|work)/[a-z]"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", ".", ":!*.min.js", ":!tests/house/test_docs.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1, found.stdout
