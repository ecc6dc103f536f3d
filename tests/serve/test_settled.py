"""Claims:

1. What is held when a server has settled is walked by no full collection any more; garbage made later still goes.
"""

import gc
import weakref

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
