"""How often one key or address may ask: a fixed window of a minute in memory, counted by the `limits` library."""

import math
import threading
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter


class RateLimit:
    """Counts requests by shop and asker. Nothing is written down; a restart forgets."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(_Windows())
        self._items: dict[int, RateLimitItemPerMinute] = {}

    def retry_after(self, shop: str, asker: str, per_minute: int) -> int:
        """0 where the request may pass, else whole seconds until the asker's window ends (1 to 60)."""
        item = self._items.get(per_minute)
        if item is None:
            item = self._items[per_minute] = RateLimitItemPerMinute(per_minute)
        if self._limiter.hit(item, shop, asker):
            return 0
        ends = self._limiter.get_window_stats(item, shop, asker).reset_time
        return max(1, math.ceil(ends - time.time()))


class _Windows(MemoryStorage):
    """The library's counters, without the thread it starts at nearly every hit: that took 0.9 ms of a page.

    Windows that have ended are forgotten once a minute, by the request that comes then.
    """

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()
        self._sweep_at = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = time.time()
        with self._turn:
            if now >= self._sweep_at:
                self._sweep_at = now + 60.0
                for old in [name for name, ends in self.expirations.items() if ends <= now]:
                    self.clear(old)
            count = amount
            if self.expirations.get(key, 0.0) > now:
                count += self.storage[key]
            else:
                self.expirations[key] = now + expiry
            self.storage[key] = count
            return count
