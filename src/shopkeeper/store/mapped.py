"""Arrays on disk, read where they are touched."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def mapped(path: Path) -> NDArray[Any]:
    """The array in the file, memory-mapped and read-only: workers share its pages, start-up reads none.

    A plain array over the map, since indexing numpy's memmap class costs some ten microseconds a time.
    """
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
