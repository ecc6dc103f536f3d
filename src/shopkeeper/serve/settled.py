"""What a server does with its memory once a shop has opened or a version has come."""

import ctypes
import gc
import sys

import pyarrow as pa

from shopkeeper.memory import give_back

LARGE = 8 << 20
"""Blocks of so many bytes go back to the system when freed; a page's arrays are smaller, and used again."""
TOP = 16 << 20
"""More free memory than this at the end of the heap goes back, too."""
ARENAS = 2
"""Heaps at most: threads that wait for one another need no more, and each keeps what it once had."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""The numbers of these parameters in glibc's malloc.h."""


def be_frugal() -> bool:
    """Whether C's allocator gives large blocks back from now on; by itself it learns to keep up to 32 MB of each.

    For a process that is ours alone, before its shops are opened: at a million products a sixteenth of its memory.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    asked = ((_TRIM_THRESHOLD, TOP), (_MMAP_THRESHOLD, LARGE), (_ARENA_MAX, ARENAS))
    told = [bool(mallopt(parameter, value)) for parameter, value in asked]
    return all(told)


def settle() -> None:
    """What the shops hold lives as long as the process: full collections need not walk it, nor one now.

    What reading them took and nobody holds any more goes back to the system, which of a large catalogue is a quarter.
    """
    gc.freeze()
    pa.default_memory_pool().release_unused()
    give_back()
