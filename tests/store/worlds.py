"""Events and tables written by hand. Day 0 is 1970-01-01."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from shopkeeper.exposure import Exposure
from shopkeeper.types import Action, Event, Product

DAY = 86_400.0


def event(event_id: str, day: float, user: str = "ann", product: str = "tea", action: Action = "purchase") -> Event:
    return Event(event_id=event_id, timestamp=day * DAY, action=action, user_id=user, product_id=product)


def table(*lines: tuple[str, float, str, str]) -> pa.Table:
    """Purchases: event_id, day, user, product."""
    ids, days, users, products = zip(*lines, strict=True)
    stamps = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in days]
    return pa.table(
        {
            "event_id": ids,
            "timestamp": pa.array(stamps, pa.timestamp("us", "UTC")),
            "action": ["purchase"] * len(ids),
            "user_id": users,
            "product_id": products,
        }
    )


def products(*names: str, **fields: Any) -> list[Product]:
    return [Product(product_id=name, title=name.title(), **fields) for name in names]


def exposure(request_id: str, user: str = "ann", timestamp: float = 1.5, **fields: Any) -> Exposure:
    import numpy as np

    plain: dict[str, Any] = {
        "request_id": request_id,
        "timestamp": timestamp,
        "scene": "home",
        "user_id": user,
        "session_id": "s1",
        "query": "green tea",
        "version": "0001",
        "variant": "a",
        "product_ids": ("tea", "mug"),
        "positions": (0, 1),
        "scores": (0.1, 1 / 3),
        "propensities": (1.0, 0.5),
        "feature_names": ("price", "age", "taste"),
        "rows": lambda: np.array([[1, 2, 3], [4, float("nan"), 6]], np.float32),
    }
    return Exposure(**{**plain, **fields})


@contextmanager
def file_limit(n_bytes: int) -> Iterator[None]:
    """A real quota: the system refuses to let any file of this process grow beyond it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
