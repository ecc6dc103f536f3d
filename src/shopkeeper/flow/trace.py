"""Where the time of one answer went."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Trace:
    """Milliseconds by stage, in the order the stages ran, since `started`, a moment of time.perf_counter."""

    def __init__(self) -> None:
        self.spans_ms: dict[str, float] = {}
        self.started = time.perf_counter()

    def timed(self, stage: str, work: Callable[[], T]) -> T:
        """What the work returns; its time is kept under the stage's name."""
        started = time.perf_counter()
        result = work()
        self.spans_ms[stage] = (time.perf_counter() - started) * 1000.0
        return result
