"""A shop folder on a temporary disk and files written by hand into it."""

import json
from pathlib import Path
from typing import Any

from shopkeeper.intake.load import load
from shopkeeper.intake.report import Report
from shopkeeper.intake.rows import Kind
from shopkeeper.store.folder import create, open_folder
from shopkeeper.types import Product

PRODUCTS = "product_id,title,price\np1,Blue cup,2.50\np2,Red plate,4\n"
EVENTS_HEADER = "event_id,timestamp,action,product_id,user_id,quantity,value"
ONE_EVENT = "e1,2024-05-01T10:00:00Z,purchase,p1,u1,2,5"


class Shelf:
    """A shop, a place for files, and what was loaded."""

    def __init__(self, path: Path, settings: str = "") -> None:
        self.path = path / "shop"
        self.files = path / "files"
        self.files.mkdir()
        create(self.path, '[shop]\nname = "test"\n' + settings)

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.files / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self, *paths: Path, reader: str | None = None, now: float | None = None) -> Report:
        with open_folder(self.path, writable=True) as folder:
            return load(folder, list(paths), reader=reader, now=now)

    def product(self, product_id: str) -> Product:
        with open_folder(self.path, writable=False) as folder:
            found = folder.products.get(product_id)
        assert found is not None, product_id
        return found

    def events(self) -> list[dict[str, Any]]:
        with open_folder(self.path, writable=False) as folder:
            rows = folder.events.table().order_by("event_id").to_pyarrow().to_pylist()
        return list(rows)

    def rejected(self) -> list[dict[str, Any]]:
        files = sorted((self.path / "rejected").glob("*/*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text("utf-8").split("\n") if line]

    def reasons(self) -> list[tuple[int, str, str, str]]:
        return [(row["line"], row["column"], row["reason"], row["value"]) for row in self.rejected()]


def numbers(report: Report, kind: Kind) -> tuple[int, int, int, int]:
    """(read, accepted, refused, duplicate) over all files."""
    total = report.total(kind)
    return total.read, total.accepted, total.refused, total.duplicate
