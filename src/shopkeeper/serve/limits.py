"""How often one key or address may ask: a fixed window of a minute in memory, counted by the `limits` library."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter


class RateLimit:
    """Counts requests by shop and asker. Nothing is written down; a restart forgets."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._items: dict[int, RateLimitItemPerMinute] = {}

    def retry_after(self, shop: str, asker: str, per_minute: int) -> int:
        """0 where the request may pass, else whole seconds until the asker's window ends (1 to 60)."""
        item = self._items.setdefault(per_minute, RateLimitItemPerMinute(per_minute))
        if self._limiter.hit(item, shop, asker):
            return 0
        ends = self._limiter.get_window_stats(item, shop, asker).reset_time
        return max(1, math.ceil(ends - time.time()))
