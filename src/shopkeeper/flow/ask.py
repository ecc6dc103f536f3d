"""The edge inward: what came from outside, as a request in rows and days."""

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
from typing_extensions import Unpack

from shopkeeper.flow.shop import Shop, today
from shopkeeper.recall.filter import masks, spelt
from shopkeeper.types import Filters, Language, Request, Scene, Sort

MINUTES_A_DAY = 1440


class Asked(TypedDict, total=False):
    """What may be said of a request beyond its scene; see types.Request."""

    user_id: str
    session_id: str
    query: str
    product_ids: Sequence[str]
    filters: Filters
    sort: Sort
    as_words: tuple[str, ...]
    personal: bool
    k: int
    offset: int
    language: Language
    context: Mapping[str, str]
    request_id: str


def ask(shop: Shop, *, scene: Scene, **asked: Unpack[Asked]) -> Request:
    """The request, for now. Raises UnknownProduct where a seed product is not in the catalogue."""
    filters = spelt(shop.catalog, asked.get("filters", Filters()))
    narrowed = masks(shop.catalog, filters)
    user_id, sort = asked.get("user_id", ""), asked.get("sort", "relevance")
    return Request(
        request_id=asked.get("request_id") or uuid.uuid4().hex,
        scene=scene,
        day=_minute(today()),
        user=shop.folder.users.row(user_id) if user_id else -1,
        session=asked.get("session_id", ""),
        query=asked.get("query", "").strip(),
        seeds=np.array([shop.row(product_id) for product_id in asked.get("product_ids", ())], np.int32),
        filters=filters,
        allowed=narrowed.allowed,
        without=narrowed.without,
        sort=sort,
        order=shop.standings.order(sort, shop.catalog),
        as_words=asked.get("as_words", ()),
        personal=asked.get("personal", True),
        language=asked.get("language", "en"),
        context=asked.get("context", {}),
        k=asked.get("k", 12),
        offset=asked.get("offset", 0),
    )


def _minute(day: float) -> float:
    """The end of the minute: the same question within a minute has the same answer, and what just happened is known."""
    return (math.floor(day * MINUTES_A_DAY) + 1) / MINUTES_A_DAY
