"""One writer a shop: a lock on a file, released by the system when its holder ends, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import Self

from shopkeeper.errors import ShopLocked
from shopkeeper.store.disk import full_disk_as_error


class Lock:
    """An exclusive lock on a file that holds the process id of its owner."""

    def __init__(self, path: Path, doing: str, advice: str) -> None:
        """`doing` completes "another process ..."; `advice` is what to do then."""
        self.path = path
        self._doing = doing
        self._advice = advice
        self._handle: int | None = None

    def acquire(self, *, wait: bool = False) -> None:
        """Takes the lock. Raises ShopLocked at once where another holds it, unless `wait`; StorageFull."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(handle)
            raise ShopLocked(
                f"{self.path.parent}: another process (pid {owner}) {self._doing}. {self._advice}"
            ) from None
        try:
            with full_disk_as_error(self.path):
                os.ftruncate(handle, 0)
                os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle

    def release(self) -> None:
        """Gives the lock back; nothing happens where it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._handle is not None

    def __enter__(self) -> Self:
        self.acquire(wait=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
