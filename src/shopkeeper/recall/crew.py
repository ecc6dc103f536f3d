"""Threads that run sources, so that a late one need not be waited for."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from shopkeeper.types import Offer

Call = Callable[[], list[Offer]]
FORGIVEN = 20
"""So often in turn a source keeps to its budget after it overran it: the first pages of a server wait for the disk."""


class Job:
    """One call that runs at most once: its result or its error once `wait` has said yes."""

    def __init__(self, name: str, call: Call) -> None:
        self.name = name
        self.result: list[Offer] | None = None
        self.error: Exception | None = None
        self.took_ms = 0.0
        self._call = call
        self._claimed = threading.Lock()
        # a lock held until the call has ended: made for every source of a page, where an Event costs ten times as much
        self._under_way = threading.Lock()
        self._under_way.acquire()

    def claim(self) -> bool:
        """Whether nobody has begun it before; whoever hears yes is the one to run it, or to let it be."""
        return self._claimed.acquire(blocking=False)

    def run(self) -> None:
        """Runs the call here unless somebody has begun it; whatever it raises is kept."""
        if not self.claim():
            return
        started = time.perf_counter()
        try:
            self.result = self._call()
        except Exception as error:  # whatever a plug-in raises
            self.error = error
        self.took_ms = (time.perf_counter() - started) * 1000.0
        self._under_way.release()

    def wait(self, seconds: float) -> bool:
        """Whether the call has ended, after waiting at most so long."""
        ended = self._under_way.acquire(timeout=max(seconds, 0.0))
        if ended:
            self._under_way.release()
        return ended

    def over(self) -> bool:
        """Whether the call has ended."""
        return not self._under_way.locked()


class Crew:
    """A few daemon threads. Jobs started together run one after another in one thread: a request costs one hand-over.

    A name with `most_overdue` abandoned calls still running gets no new one.
    """

    def __init__(self, n_threads: int = 8, most_overdue: int = 2) -> None:
        self.most_overdue = most_overdue
        self.overran: dict[str, int] = {}
        """Sources that only compute and yet overran their budget, and how often they have kept to it since."""
        self._lines: queue.SimpleQueue[Sequence[Job] | None] = queue.SimpleQueue()
        self._overdue: list[Job] = []
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"recall-{at}", daemon=True) for at in range(n_threads)
        ]
        for thread in self._threads:
            thread.start()

    def busy(self) -> frozenset[str]:
        """Names whose abandoned calls are still running."""
        if not self._overdue:
            return frozenset()
        with self._lock:
            self._overdue = [job for job in self._overdue if not job.over()]
            counts = Counter(job.name for job in self._overdue)
        return frozenset(name for name, count in counts.items() if count >= self.most_overdue)

    def kept(self, name: str, within: bool) -> None:
        """A source that overran its budget kept within it, or did not: often enough, and it is trusted again."""
        times = self.overran.get(name)
        if times is None:
            return
        self.overran[name] = times + 1 if within else 0
        if self.overran[name] >= FORGIVEN:
            self.overran.pop(name, None)

    def start(self, jobs: Sequence[Job]) -> None:
        """Hands the jobs to one thread; those that somebody has begun are passed over."""
        if jobs:
            self._lines.put(jobs)

    def abandon(self, job: Job) -> None:
        """Counts a running job as overdue until it ends by itself; a thread cannot be stopped from outside."""
        with self._lock:
            self._overdue.append(job)

    def close(self) -> None:
        """Lets every thread end after what it is doing."""
        for _ in self._threads:
            self._lines.put(None)

    def _work(self) -> None:
        while (jobs := self._lines.get()) is not None:
            for job in jobs:
                job.run()
