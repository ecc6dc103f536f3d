"""Claims:

1. Within a minute as many requests pass as the limit says, then the asker is told how many seconds to wait.
2. Askers and shops are counted apart.
"""

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
