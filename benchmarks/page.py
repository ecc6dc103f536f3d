"""The page of a benchmark under docs/benchmarks: what was asked, the figures, and where they come from."""

import datetime
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

PAGES = Path(__file__).parent.parent / "docs" / "benchmarks"


def write(name: str, about: str, figures: Mapping[str, Any], data_hash: str = "", part: str = "") -> Path:
    """Writes docs/benchmarks/`name`.md: the benchmark's own words, its figures, command, data, machine and date.

    With `part` these are the figures of one part; those of the page's other parts stay.
    """
    memory = psutil.virtual_memory().total / 2**30
    title, _, text = about.partition("\n")
    lines = [
        "| key | value |\n|---|---|\n" + "\n".join(f"| `{key}` | {value} |" for key, value in _flat(figures)),
        f"Command: `python -m benchmarks.{name} {' '.join(sys.argv[1:])}`".rstrip(" `") + "`",
        *([f"Data: sha256 `{data_hash}`"] if data_hash else []),
        f"Machine: {os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, Python {platform.python_version()}",
        f"Date: {datetime.datetime.now(datetime.UTC).date()}",
    ]
    page = PAGES / f"{name}.md"
    parts = _parts(page) if part else {}
    parts[f"Figures of {part}" if part else "Figures"] = "\n\n".join(lines)
    head = [f"# {name.replace('_', ' ').capitalize()}", title, text.strip("\n")]
    bodies = [f"## {heading}\n\n{parts[heading]}" for heading in sorted(parts)]
    PAGES.mkdir(parents=True, exist_ok=True)
    page.write_text("\n\n".join(line for line in [*head, *bodies] if line) + "\n", encoding="utf-8")
    return page


def _parts(page: Path) -> dict[str, str]:
    """The figures of each part that the page has, by their heading."""
    sections = page.read_text(encoding="utf-8").split("\n## ")[1:] if page.exists() else []
    headings = [section.partition("\n") for section in sections]
    return {heading: text.strip("\n") for heading, _, text in headings if heading.startswith("Figures of ")}


def _flat(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
