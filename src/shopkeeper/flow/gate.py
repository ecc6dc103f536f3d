"""Who passes together, and who alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Many pass at once; whoever closes it waits until nobody is inside, and nobody enters meanwhile."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closing = False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Inside the gate."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closing)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Alone, with the gate closed."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closing)
            self._closing = True  # whoever comes now waits, or a steady stream would keep the gate open for ever
            self._changed.wait_for(lambda: not self._inside)
        try:
            yield
        finally:
            with self._changed:
                self._closing = False
                self._changed.notify_all()
