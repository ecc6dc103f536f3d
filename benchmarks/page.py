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


def write(name: str, about: str, figures: Mapping[str, Any], data_hash: str = "") -> Path:
    """Writes docs/benchmarks/`name`.md: the benchmark's own words, its figures, command, data, machine and date."""
    memory = psutil.virtual_memory().total / 2**30
    title, _, text = about.partition("\n")
    lines = [
        f"# {name.replace('_', ' ').capitalize()}",
        title,
        text.strip("\n"),
        "## Figures",
        "| key | value |\n|---|---|\n" + "\n".join(f"| `{key}` | {value} |" for key, value in _flat(figures)),
        f"Command: `python -m benchmarks.{name} {' '.join(sys.argv[1:])}`".rstrip(" `") + "`",
        *([f"Data: sha256 `{data_hash}`"] if data_hash else []),
        f"Machine: {os.cpu_count()} cores, {memory:.0f} GiB, {platform.machine()}, Python {platform.python_version()}",
        f"Date: {datetime.datetime.now(datetime.UTC).date()}",
    ]
    PAGES.mkdir(parents=True, exist_ok=True)
    page = PAGES / f"{name}.md"
    page.write_text("\n\n".join(line for line in lines if line) + "\n", encoding="utf-8")
    return page


def _flat(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
