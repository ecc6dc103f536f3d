"""Reports for people and for programs: HTML pages that need nothing beside them, in both languages, and JSON.

A stage's page extends `report_shell.html`, which holds what they have in common: no script, nothing from the network.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from shopkeeper.types import Language

HERE = Path(__file__).parent


def template(folder: Path, page: str, **filters: Callable[..., object]) -> Any:
    """The page of this name in a stage's folder, with filters of its own; everything in it is escaped."""
    import jinja2

    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"thousands": lambda n: f"{n:,}"} | filters
    return pages.get_template(page)


@cache
def words(file: Path, language: Language) -> dict[str, Any]:
    """A page's own words in this language, from a JSON file that has them by language."""
    spoken: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))[language]
    return spoken


def write(folder: Path, name: str, as_json: str, as_html: Callable[[Language], str]) -> Path:
    """Writes `name`.json, `name`.html and `name`.zh.html into an existing folder; returns the English page."""
    (folder / f"{name}.json").write_text(as_json, encoding="utf-8")
    (folder / f"{name}.zh.html").write_text(as_html("zh"), encoding="utf-8")
    page = folder / f"{name}.html"
    page.write_text(as_html("en"), encoding="utf-8")
    return page
