"""Writing so that it is there after a crash, and one error for a disk that is full."""

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from shopkeeper.errors import StorageFull

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CUT_SHORT = re.compile(r"\d+ requested and \d+ written")
"""What numpy says, without a number, of an array that was not written whole."""
_SQLITE_FULL = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE,  # a reader too needs room: for the index of the write-ahead log
}


def sync(path: Path) -> None:
    """Forces a file's bytes, or a folder's names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path, content: bytes) -> None:
    """Puts `content` at `path` in one step that survives a crash: the old bytes or the new ones, never a mixture."""
    draft = path.with_name(f".{path.name}.tmp")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync(path.parent)


@contextmanager
def full_disk_as_error(where: Path) -> Iterator[None]:
    """Turns what the system says of a full disk or quota into StorageFull; everything else passes."""
    try:
        yield
    except OSError as error:
        if not _is_full(error):
            raise
        raise _storage_full(where, error) from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorcode", None) not in _SQLITE_FULL:
            raise
        raise _storage_full(where, error.orig) from error


def _is_full(error: OSError) -> bool:
    if isinstance(error, shutil.Error):  # a folder that was copied: source, target and reason of each file
        return any(f"[Errno {number}]" in str(error) for number in _FULL)
    return error.errno in _FULL or bool(_CUT_SHORT.fullmatch(str(error)))


def _storage_full(where: Path, cause: BaseException | None) -> StorageFull:
    said = str(cause)[:200]  # of a folder's copy, which names every file, the beginning
    return StorageFull(
        f"{where}: no room to write ({said}): the disk or quota is full. Nothing of this call was kept. "
        "Free some space and send it again."
    )
