"""What nobody holds any more, given back to the system."""

import ctypes
import sys


def give_back() -> None:
    """Freed blocks leave the process; on other systems than Linux with glibc they do so by themselves.

    Blocks of many sizes, taken and freed again and again, otherwise leave the heap in pieces that nothing fits into.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
