"""Threads that run sources beside one another, so that a late one need not be waited for."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable

from shopkeeper.types import Offer

Call = Callable[[], list[Offer]]


class Job:
    """One call handed to a crew: its result or its error once `wait` has said yes."""

    def __init__(self, name: str, call: Call) -> None:
        self.name = name
        self.result: list[Offer] | None = None
        self.error: Exception | None = None
        self.took_ms = 0.0
        self._call = call
        self._done = threading.Event()

    def run(self) -> None:
        """Runs the call here; whatever it raises is kept."""
        started = time.perf_counter()
        try:
            self.result = self._call()
        except Exception as error:  # whatever a plug-in raises
            self.error = error
        self.took_ms = (time.perf_counter() - started) * 1000.0
        self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether the call has ended, after waiting at most so long."""
        return self._done.wait(max(seconds, 0.0))

    def over(self) -> bool:
        """Whether the call has ended."""
        return self._done.is_set()


class Crew:
    """A few daemon threads that take jobs in turn. A source with `most_overdue` abandoned calls gets no new one."""

    def __init__(self, n_threads: int = 8, most_overdue: int = 2) -> None:
        self.most_overdue = most_overdue
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._overdue: list[Job] = []
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"recall-{at}", daemon=True) for at in range(n_threads)
        ]
        for thread in self._threads:
            thread.start()

    def start(self, name: str, call: Call) -> Job | None:
        """The job, already under way; None when this name's abandoned calls are still running."""
        with self._lock:
            self._overdue = [job for job in self._overdue if not job.over()]
            if Counter(job.name for job in self._overdue)[name] >= self.most_overdue:
                return None
        job = Job(name, call)
        self._jobs.put(job)
        return job

    def abandon(self, job: Job) -> None:
        """Counts a job as overdue until it ends by itself; a thread cannot be stopped from outside."""
        with self._lock:
            self._overdue.append(job)

    def close(self) -> None:
        """Lets every thread end after what it is doing."""
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
