"""Claims:

1. imports point left: foundation <- store, measure <- stages <- flow <- around <- edge.
2. stages never import one another.
3. heavy libraries are imported at the top of a file only inside the folder that owns them.
4. the command line's help answers without importing any of them.
5. a server with every plug-in imports nothing that only learning needs.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, parsed, relative, room, sources

LAYERS = (
    {
        "types",
        "amounts",
        "attributes",
        "complaints",
        "expansions",
        "exposure",
        "errors",
        "settings",
        "settings_reference",
        "ports",
        "plugins",
        "text",
        "reports",
        "understood",
        "folding",
        "measures",
        "memory",
        "numbered",
        "objectives",
        "amended",
        "relevance_feedback",
        "packed",
        "observed",
        "moments",
        "portrait",
        "births",
        "tastes",
        "sorting",
        "__init__",
    },
    {"store", "measure"},
    {
        "intake",
        "quality",
        "encode",
        "knowledge",
        "merchandise",
        "understand",
        "profile",
        "recall",
        "rank",
        "arrange",
        "explain",
        "feedback",
    },
    {"flow"},
    {"experiment", "assist", "backoffice", "privacy", "scale", "testing"},
    {"serve", "console", "cli", "__main__"},
)
STAGES = LAYERS[2]
OWNERS = {
    "torch": {"encode", "recall"},
    "transformers": {"encode"},
    "onnx": {"encode"},
    "onnxruntime": {"encode"},
    "lightgbm": {"rank"},
    "tantivy": {"recall"},
    "fastapi": {"serve", "console"},
    "uvicorn": {"serve"},
    "sqlalchemy": {"store"},
}


def layer(name: str) -> int:
    found = [place for place, rooms in enumerate(LAYERS) if name in rooms]
    assert found, f"{name} has no place among the layers: add it to LAYERS, in the right one"
    return found[0]


def imports(path: Path, top_only: bool = False) -> list[str]:
    nodes = parsed(path).body if top_only else ast.walk(parsed(path))
    names: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("path", sources("src"), ids=relative)
def test_imports_point_left_and_stages_never_import_one_another(path: Path) -> None:
    own = room(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "shopkeeper" or len(parts) == 1:
            continue
        other = parts[1] if (PACKAGE / parts[1]).exists() or (PACKAGE / f"{parts[1]}.py").exists() else "__init__"
        if other == own:
            continue
        assert layer(other) <= layer(own), f"{relative(path)} ({own}) imports {name}, which stands to its right"
        assert not (own in STAGES and other in STAGES), f"stage {own} imports stage {other}: {relative(path)}: {name}"


@pytest.mark.parametrize("path", sources("src"), ids=relative)
def test_heavy_libraries_stay_with_their_owner(path: Path) -> None:
    for name in imports(path, top_only=True):
        owners = OWNERS.get(name.split(".")[0])
        assert owners is None or room(path) in owners, f"{relative(path)} imports {name} at its top; owners: {owners}"


def test_help_imports_nothing_heavy() -> None:
    heavy = sorted([*OWNERS, "pyarrow", "ibis", "duckdb", "numpy"])
    code = f"import sys, shopkeeper.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_serving_imports_nothing_that_only_learning_needs() -> None:
    learning = ["torch", "transformers", "onnx", "lightgbm", "scipy", "pandas", "ibis", "duckdb"]
    code = (
        "import sys, shopkeeper.serve.server; from shopkeeper.settings import Settings; Settings({}).check(); "
        f"print([name for name in {learning} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
