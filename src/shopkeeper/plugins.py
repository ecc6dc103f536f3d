"""Plug-ins are found by where they stand: one public class a file, in the plural folder of a stage.

Nothing is imported until a plug-in is asked for by name, so listing them costs a directory read.
"""

import importlib
import inspect
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

from shopkeeper.errors import UnknownPlugin

KINDS = {
    "reader": ("intake", "readers"),
    "check": ("quality", "checks"),
    "method": ("encode", "methods"),
    "task": ("encode", "tasks"),
    "source": ("recall", "sources"),
    "feature": ("rank", "features"),
    "ranker": ("rank", "rankers"),
    "rule": ("arrange", "rules"),
}
"""Each kind of plug-in with its stage (the table in the settings) and its folder."""

_ROOT = Path(__file__).parent


@cache
def names(kind: str) -> tuple[str, ...]:
    """The names of all plug-ins of a kind, sorted; nothing is imported."""
    stage, folder = KINDS[kind]
    found = pkgutil.iter_modules([str(_ROOT / stage / folder)])
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


@cache
def load(kind: str, name: str) -> type[Any]:
    """The one public class of the plug-in's file. Raises UnknownPlugin with the nearest spelling."""
    if name not in names(kind):
        raise UnknownPlugin(kind, name, names(kind))
    stage, folder = KINDS[kind]
    module = importlib.import_module(f"shopkeeper.{stage}.{folder}.{name}")
    classes = [
        member
        for member_name, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module.__name__ and not member_name.startswith("_")
    ]
    assert len(classes) == 1, f"{module.__name__} must hold exactly one public class, holds {len(classes)}"
    return classes[0]


def all_of(kind: str) -> dict[str, type[Any]]:
    """Every plug-in class of a kind by name, imported."""
    return {name: load(kind, name) for name in names(kind)}
