"""A table in one Arrow file of `cache/`: a copy of what is kept elsewhere, which may be deleted at any time.

The file begins with the sha256 of the rest and says what it was made from; whoever reads it compares that with what
there is now, so that an old copy is noticed. A damaged one is as good as none.
"""

import contextlib
import hashlib
import logging
import mmap
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

_DIGEST = 64
_MADE_FROM = b"made_from"
_UNREADABLE = (OSError, ValueError, KeyError, pa.ArrowException)

log = logging.getLogger(__name__)


class Copy:
    """One such file. Only the shop's writer writes it, so its draft has one name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._draft = path.with_name(f".{path.name}.tmp")

    def read(self) -> tuple[pa.Table, Any] | None:
        """The table and what it was made from; None where there is no file or it cannot be used."""
        try:
            with self.path.open("rb") as file:  # mapped: what is read whole is not given back whole
                return _opened(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except FileNotFoundError:
            return None
        except _UNREADABLE as error:
            log.warning("cache=%s unreadable: %s", self.path.name, error)
            return None

    def write(self, table: pa.Table, made_from: object) -> None:
        """Puts the file in place whole, or not at all: a shop without it works too."""
        one = table.unify_dictionaries().combine_chunks()
        one = one.replace_schema_metadata({_MADE_FROM: orjson.dumps(made_from)})
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
            with contextlib.suppress(OSError):
                self._draft.unlink(missing_ok=True)
            log.warning("cache=%s not written: %s", self.path.name, error)

    def forget(self) -> None:
        """Deletes the file, and what a write that was killed has left of it."""
        for path in (self.path, self._draft):
            path.unlink(missing_ok=True)


def _opened(content: mmap.mmap) -> tuple[pa.Table, Any]:
    body = memoryview(content)[_DIGEST:]
    if hashlib.sha256(body).hexdigest().encode("ascii") != content[:_DIGEST]:
        raise ValueError("its sha256 is another")
    # Arrow's own pool keeps what it once had, for good; what is unpacked here is asked for once
    table = pa.ipc.open_file(pa.py_buffer(body), memory_pool=pa.system_memory_pool()).read_all()
    return table.replace_schema_metadata(None), orjson.loads(table.schema.metadata[_MADE_FROM])
