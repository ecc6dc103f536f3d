"""Claims:

1. What the work returns comes back, and what it raises is raised, also what a coroutine may not raise.
2. Work is done in another thread, in the one that was idle last, and sees the caller's context.
3. Above the most threads work waits its turn; what was given up meanwhile is not done.
4. A caller who is cancelled does not wait for the work.
5. Threads that are closed end, and work that comes later is done all the same.
"""

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from shopkeeper.serve.threads import Threads

SAID: ContextVar[str] = ContextVar("said", default="nothing")


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_what_the_work_returns_comes_back_and_what_it_raises_is_raised() -> None:
    threads = Threads()
    assert asyncio.run(threads.run(lambda: 7)) == 7
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(threads.run(raising(ValueError("broken"))))
    with pytest.raises(RuntimeError, match="coroutine raised StopIteration"):
        asyncio.run(threads.run(raising(StopIteration())))
    assert asyncio.run(threads.run(lambda: 8)) == 8


def test_work_is_done_in_the_thread_that_was_idle_last_and_sees_the_context() -> None:
    async def serve() -> list[str]:
        threads, gate = Threads(), threading.Event()
        busy = asyncio.create_task(threads.run(lambda: gate.wait(10) and threading.current_thread().name))
        await asyncio.sleep(0)
        SAID.set("hello")
        names = [await threads.run(lambda: threading.current_thread().name + SAID.get())]
        gate.set()
        first = str(await busy)
        names += [await threads.run(lambda: threading.current_thread().name) for _ in range(2)]
        return [first, *names]

    assert asyncio.run(serve()) == ["page-1", "page-2hello", "page-1", "page-1"]


def test_above_the_most_threads_work_waits_its_turn_and_what_was_given_up_is_not_done() -> None:
    done: list[int] = []

    async def serve() -> None:
        threads, gate = Threads(most=1), threading.Event()
        busy = asyncio.create_task(threads.run(lambda: gate.wait(10)))
        waiting = [asyncio.create_task(threads.run(lambda number=number: done.append(number))) for number in range(3)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        assert done == []
        gate.set()
        await asyncio.gather(busy, waiting[0], waiting[2])

    asyncio.run(serve())
    assert done == [0, 2]


def test_a_caller_who_is_cancelled_does_not_wait_for_the_work() -> None:
    async def serve() -> int:
        threads, gate = Threads(), threading.Event()
        busy = asyncio.create_task(threads.run(lambda: gate.wait(10)))
        await asyncio.sleep(0)
        busy.cancel()
        with pytest.raises(asyncio.CancelledError):
            await busy
        gate.set()
        return await threads.run(lambda: 7)

    assert asyncio.run(serve()) == 7


def test_threads_that_are_closed_end_and_later_work_is_done_all_the_same() -> None:
    async def serve() -> list[threading.Thread]:
        threads = Threads(most=1)
        used = [await threads.run(threading.current_thread)]
        threads.close()
        return used + [await threads.run(threading.current_thread) for _ in range(2)]

    used = asyncio.run(serve())
    for thread in used:
        thread.join(10)
    assert [thread.is_alive() for thread in used] == [False] * 3
    assert len({id(thread) for thread in used}) == 3
