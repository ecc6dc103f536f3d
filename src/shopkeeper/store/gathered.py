"""The lake's days in one file, `cache/days.arrow`: a year of small files takes half a second to read one by one.

The file is a copy and may be deleted at any time. It begins with the sha256 of the rest and says which files of the
lake it was made from; where one of them is another now, or it is damaged, the days are read anew. Only the shop's
writer makes it, while no day comes or goes, and erasing a shopper deletes it first.
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import orjson
import pyarrow as pa

from shopkeeper.store.log import CODED, coded_day, require_day

FILE = "days.arrow"
FEW = 8
"""So many days are read beside the gathered ones before all are gathered anew."""
_DIGEST = 64
_MADE_FROM = b"made_from"
_UNREADABLE = (OSError, ValueError, KeyError, pa.ArrowException)

log = logging.getLogger(__name__)


class Gathered:
    """What `interactions_of` needs of the full days, as few tables."""

    def __init__(self, folder: Path, *, keeps: bool) -> None:
        """`folder` is the shop's cache; one that `keeps` writes the file where it pays."""
        self.path = folder / FILE
        self._draft = folder / f".{FILE}.tmp"
        self._keeps = keeps

    def days(self, files: Sequence[Path]) -> list[pa.Table]:
        """The lines of these files of the lake in their order, columns of CODED. Raises StoreError where one is gone.

        The caller sees to it that no file comes or goes meanwhile.
        """
        states = [_state(file) for file in files]
        kept, known = self._read(states)
        tables = [kept] if kept is not None else []
        tables.extend(coded_day(file) for file in files[known:])
        if self._keeps and len(files) - known > FEW:
            self._write(pa.concat_tables(tables), states)
        return tables

    def forget(self) -> None:
        """Deletes the file, and what a write that was killed has left of it."""
        for path in (self.path, self._draft):
            path.unlink(missing_ok=True)

    def _read(self, states: list[list[object]]) -> tuple[pa.Table | None, int]:
        """The gathered lines and how many of the first files they are of; None and 0 where there are none to use."""
        try:
            return _opened(self.path.read_bytes(), states)
        except FileNotFoundError:
            pass
        except _UNREADABLE as error:
            log.warning("cache=%s unreadable: %s", FILE, error)
        return None, 0

    def _write(self, table: pa.Table, states: list[list[object]]) -> None:
        """Puts the file in place whole, or not at all: a shop without it works too."""
        one = table.unify_dictionaries().combine_chunks()
        one = one.replace_schema_metadata({_MADE_FROM: orjson.dumps(states)})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, one.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(one)
        body = sink.getvalue()
        try:
            self.path.parent.mkdir(exist_ok=True)
            with self._draft.open("wb") as file:
                file.write(hashlib.sha256(body).hexdigest().encode("ascii"))
                file.write(body)
            self._draft.replace(self.path)
        except OSError as error:
            self._draft.unlink(missing_ok=True)
            log.warning("cache=%s not written: %s", FILE, error)


def _opened(content: bytes, states: list[list[object]]) -> tuple[pa.Table | None, int]:
    body = memoryview(content)[_DIGEST:]
    if hashlib.sha256(body).hexdigest().encode("ascii") != content[:_DIGEST]:
        raise ValueError("its sha256 is another")
    table = pa.ipc.open_file(pa.py_buffer(body)).read_all()
    made_from = orjson.loads(table.schema.metadata[_MADE_FROM])
    table = table.replace_schema_metadata(None)
    if table.schema != CODED or made_from != states[: len(made_from)]:
        return None, 0
    return table, len(made_from)


def _state(file: Path) -> list[object]:
    """What tells a file of the lake from any other: its name, which is of its content, its size and its last change."""
    try:
        found = file.stat()
    except FileNotFoundError:
        require_day(file)  # says what to do
        raise
    return [f"{file.parent.name}/{file.name}", found.st_size, found.st_mtime_ns]
