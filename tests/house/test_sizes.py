"""Claims:

1. a file has at most 400 lines, a function 50, a signature six parameters, the tree three levels.
2. no module is named after nothing.
3. no body of six lines stands twice.
4. a plural folder holds one public class a file, named like the file.
5. every public function and class says what it is for.
"""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from shopkeeper import plugins
from tests.house.tree import PACKAGE, functions, parsed, relative, sources

FILE_LINES, FUNCTION_LINES, PARAMETERS, LEVELS, COPIED_LINES = 400, 50, 6, 3, 6
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}
EVERYTHING = sources("src", "tests", "benchmarks")


@pytest.mark.parametrize("path", EVERYTHING, ids=relative)
def test_files_and_functions_are_small(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= FILE_LINES, f"{relative(path)} has {lines} lines: split it by what it does"
    for function in functions(path):
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= FUNCTION_LINES, f"{relative(path)}: {function.name} has {length} lines"


@pytest.mark.parametrize("path", sources("src"), ids=relative)
def test_signatures_are_short(path: Path) -> None:
    for function in functions(path):
        names = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
        own = [name for name in names if name not in {"self", "cls"}]
        routed = any("router" in ast.unparse(d) or "app." in ast.unparse(d) for d in function.decorator_list)
        if not routed:  # a route's or a command's parameters are its public form
            assert len(own) <= PARAMETERS, f"{relative(path)}: {function.name} takes {len(own)}: use a dataclass"


def test_the_tree_is_three_deep() -> None:
    for path in sources("src"):
        assert len(path.relative_to(PACKAGE).parts) <= LEVELS, relative(path)


@pytest.mark.parametrize("path", EVERYTHING, ids=relative)
def test_no_module_is_named_after_nothing(path: Path) -> None:
    assert path.stem not in NAMELESS


def test_no_body_stands_twice() -> None:
    seen: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for path in sources("src", "benchmarks"):
        for function in functions(path):
            body = function.body[1:] if ast.get_docstring(function) is not None else function.body
            lines = [line for statement in body for line in ast.unparse(statement).splitlines()]
            for at in range(len(lines) - COPIED_LINES + 1):
                seen[tuple(lines[at : at + COPIED_LINES])].append(f"{relative(path)}:{function.name}")
    copies = {tuple(sorted(set(where))) for where in seen.values() if len(set(where)) > 1}
    assert not copies, f"copied bodies: {sorted(copies)}"


@pytest.mark.parametrize("kind", plugins.KINDS)
def test_a_plug_in_is_named_like_its_file(kind: str) -> None:
    for name, plugin in plugins.all_of(kind).items():
        assert plugin.__name__.lower() == name.replace("_", ""), f"{kind} {name}: class {plugin.__name__}"
        for field_name, field in plugin.Settings.model_fields.items():
            assert field.description, f"{kind} {name}: setting {field_name} has no description"


@pytest.mark.parametrize("path", sources("src"), ids=relative)
def test_every_public_name_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(parsed(path)) or path.name == "__init__.py", f"{relative(path)} has no docstring"
    for node in parsed(path).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not (isinstance(node, ast.ClassDef) and path.name in {"errors.py", "ports.py"}):
            assert ast.get_docstring(node), f"{relative(path)}: {node.name} has no docstring"
