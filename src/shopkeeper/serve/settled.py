"""What a server does with its memory once a shop has opened or a version has come."""

import ctypes
import gc
import sys

import pyarrow as pa


def settle() -> None:
    """What the shops hold lives as long as the process: full collections need not walk it, nor one now.

    What reading them took and nobody holds any more goes back to the system, which of a large catalogue is a quarter.
    """
    gc.freeze()
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc; others give back by themselves
        if trim is not None:
            trim(0)
