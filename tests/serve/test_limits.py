"""Claims:

1. Within a minute as many requests pass as the limit says, then the asker is told how many seconds to wait.
2. Askers and shops are counted apart.
3. A window that has ended begins anew; those of askers who do not come back are forgotten.
"""

import time

import pytest
from limits.storage import MemoryStorage

from shopkeeper.serve.limits import RateLimit


def test_the_request_after_the_last_allowed_one_waits_for_the_window() -> None:
    limit = RateLimit()
    assert [limit.retry_after("grocer", "a", 3) for _ in range(3)] == [0, 0, 0]
    assert 1 <= limit.retry_after("grocer", "a", 3) <= 60


def test_askers_and_shops_are_counted_apart() -> None:
    limit = RateLimit()
    limit.retry_after("grocer", "a", 1)
    assert limit.retry_after("grocer", "a", 1) > 0
    assert limit.retry_after("grocer", "b", 1) == 0
    assert limit.retry_after("baker", "a", 1) == 0


def test_a_window_that_has_ended_begins_anew_and_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = RateLimit()
    for number in range(100):
        limit.retry_after("grocer", f"address {number}", 1)
    assert limit.retry_after("grocer", "address 7", 1) > 0
    later = time.time() + 61.0
    monkeypatch.setattr(time, "time", lambda: later)
    assert limit.retry_after("grocer", "address 7", 1) == 0
    storage = limit._limiter.storage
    assert isinstance(storage, MemoryStorage)
    assert len(storage.storage) == 1
