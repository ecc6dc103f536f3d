"""The threads in which pages are made: one thread a request, and the one that was idle last is taken first.

Handing a page to a thread and back costs 20 microseconds here, 55 with a ThreadPoolExecutor and 80 with AnyIO;
a thread that has just made a page is warm, so the idle ones stand on a stack.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Generic, TypeVar

T = TypeVar("T")
MOST = 40
"""Threads at most; what comes above waits its turn."""


class Threads:
    """Daemon threads, started when they are first needed. All but the work itself happens on the event loop."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._started, self._closed = most, 0, False
        self._idle: list[_Thread] = []
        self._queue: deque[_Job[Any]] = deque()

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. A caller who is cancelled does not wait for it."""
        job = _Job(work, self._done)
        if self._idle:
            self._idle.pop().take(job)
        elif self._started < self._most:
            self._started += 1
            _Thread(f"page-{self._started}").take(job)
        else:
            self._queue.append(job)
        error = await job.ended
        if error is not None:
            raise error
        return job.result

    def close(self) -> None:
        """Ends the threads, each after the work it is at."""
        self._closed = True
        while self._idle:
            self._end(self._idle.pop())

    def _done(self, thread: "_Thread") -> None:
        while self._queue:
            job = self._queue.popleft()
            if not job.ended.done():
                thread.take(job)
                return
        if self._closed:
            self._end(thread)
        else:
            self._idle.append(thread)

    def _end(self, thread: "_Thread") -> None:
        self._started -= 1
        thread.take(None)


class _Job(Generic[T]):
    """Work to do, and who waits for its end on which loop."""

    result: T

    def __init__(self, work: Callable[[], T], done: "Callable[[_Thread], None]") -> None:
        self._work, self._done, self._context = work, done, copy_context()
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[BaseException | None] = self._loop.create_future()

    def run(self, thread: "_Thread") -> None:
        """Works, in the thread, and tells the loop."""
        error: BaseException | None = None
        try:
            self.result = self._context.run(self._work)
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._tell, thread, error)

    def _tell(self, thread: "_Thread", error: BaseException | None) -> None:
        if not self.ended.done():
            self.ended.set_result(error)
        self._done(thread)


class _Thread(threading.Thread):
    """Does one job at a time; None ends it."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._job: _Job[Any] | None = None
        self._go = threading.Lock()  # held while there is nothing to do
        self._go.acquire()
        self.start()

    def take(self, job: "_Job[Any] | None") -> None:
        """Called while the thread is idle."""
        self._job = job
        self._go.release()

    def run(self) -> None:
        while True:
            self._go.acquire()
            job, self._job = self._job, None
            if job is None:
                return
            job.run(self)
            del job  # what a page held is let go before the next one comes
