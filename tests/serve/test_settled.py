"""Claims:

1. What is held when a server has settled is walked by no full collection any more; garbage made later still goes.
2. A frugal process has its large blocks from the system one by one, whatever larger ones it freed before.
"""

import gc
import subprocess
import sys
import weakref

import pytest

from shopkeeper.serve.settled import settle


class Held:
    """Something that refers to itself, so that only a collection takes it away."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_held_is_walked_no_more_and_garbage_still_goes() -> None:
    held = [Held() for _ in range(1000)]
    try:
        settle()
        assert gc.get_freeze_count() > len(held)
        assert not {id(one) for one in held} & {id(one) for one in gc.get_objects()}
        gone = weakref.ref(Held())
        gc.collect()
        assert gone() is None
    finally:
        gc.unfreeze()


BLOCKS = """
import ctypes, sys
from shopkeeper.serve.settled import LARGE, be_frugal
malloc, free = ctypes.CDLL(None).malloc, ctypes.CDLL(None).free
malloc.restype, malloc.argtypes, free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
told = sys.argv[1] == "frugal" and be_frugal()
free(malloc(31 << 20))  # from here on glibc by itself keeps blocks of up to 31 MB in its heap
held = [malloc(LARGE + 1000 * at) for at in range(5)]
print(told, all(block % 4096 == 16 for block in held))  # a block by itself begins a page, after its own size
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone is told")
@pytest.mark.parametrize(("how", "said"), [("frugal", "True True"), ("plain", "False False")])
def test_a_frugal_process_gives_large_blocks_back(how: str, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", BLOCKS, how], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == said
