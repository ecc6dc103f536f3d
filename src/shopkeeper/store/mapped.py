"""Arrays on disk, read where they are touched."""

import threading
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

File = tuple[int, int, int, int]
"""A file's device, inode, size and time of change: two paths of these are one file."""

_MAPPED: WeakValueDictionary[File, NDArray[Any]] = WeakValueDictionary()
_MAPPING = threading.Lock()


def mapped(path: Path) -> NDArray[Any]:
    """The array in the file, memory-mapped and read-only: workers share its pages, start-up reads none.

    A plain array over the map, since indexing numpy's memmap class costs some ten microseconds a time. A file that is
    mapped already, by whatever path, is not mapped again: its pages would count twice.
    """
    stat = path.stat()
    file = stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
    with _MAPPING:
        held = _MAPPED.get(file)
        if held is None:
            held = _MAPPED[file] = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    return held
