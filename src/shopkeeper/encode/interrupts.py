"""Being told to stop: what is under way ends whole, then it stops."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HEEDED = (signal.SIGINT, signal.SIGTERM)


class Told:
    """The signal that came, "" where none did."""

    def __init__(self) -> None:
        self.signal = ""


@contextmanager
def heeded() -> Iterator[Told]:
    """Notes Ctrl-C and SIGTERM instead of ending at once; a second one ends at once. Only the main thread gets them."""
    told = Told()
    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    before = {number: signal.getsignal(number) for number in HEEDED}

    def note(number: int, frame: FrameType | None) -> None:
        told.signal = signal.Signals(number).name
        back()

    def back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in HEEDED:
        signal.signal(number, note)
    try:
        yield told
    finally:
        back()
