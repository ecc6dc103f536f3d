"""The edge inward: what came from outside, as a request in rows and days."""

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
from typing_extensions import Unpack

from shopkeeper.exposure import Exposure
from shopkeeper.flow.shop import Shop, today
from shopkeeper.recall.filter import masks, spelt
from shopkeeper.types import Filters, Language, Request, RowArray, Scene, Sort

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
    after: Sequence[str]
    language: Language
    context: Mapping[str, str]
    request_id: str


def ask(shop: Shop, *, scene: Scene, **asked: Unpack[Asked]) -> Request:
    """The request, for now. `after` names the earlier pages of the same list, of which nothing is shown again.

    Raises UnknownProduct where a seed product is not in the catalogue.
    """
    filters = spelt(shop.catalog, asked.get("filters", Filters()))
    narrowed = masks(shop.catalog, filters)
    user_id, session, sort = asked.get("user_id", ""), asked.get("session_id", ""), asked.get("sort", "relevance")
    shown = _rows_of(shop, asked.get("after", ()), user_id, session)
    return Request(
        request_id=asked.get("request_id") or uuid.uuid4().hex,
        scene=scene,
        day=_minute(today()),
        user=shop.folder.users.row(user_id) if user_id else -1,
        session=session,
        query=asked.get("query", "").strip(),
        seeds=np.array([shop.row(product_id) for product_id in asked.get("product_ids", ())], np.int32),
        filters=filters,
        allowed=narrowed.allowed,
        without=narrowed.without(),
        sort=sort,
        order=shop.standings.order(sort, shop.catalog),
        as_words=asked.get("as_words", ()),
        personal=asked.get("personal", True),
        language=asked.get("language", "en"),
        context=asked.get("context", {}),
        k=asked.get("k", 12),
        offset=max(asked.get("offset", 0), len(shown)),
        shown=shown,
    )


def _rows_of(shop: Shop, request_ids: Sequence[str], user_id: str, session: str) -> RowArray:
    """int32 (m,): what these pages showed this shopper, or the guest in this session, each once.

    A page that is no longer in the log, or was another's, showed nothing.
    """
    found = map(shop.folder.exposures.get, dict.fromkeys(request_ids))
    pages = [page for page in found if page is not None and _is_of(page, user_id, session)]
    known = (shop.catalog.row_of.get(product_id) for page in pages for product_id in page.product_ids)
    return np.array(list(dict.fromkeys(row for row in known if row is not None)), np.int32)


def _is_of(page: Exposure, user_id: str, session: str) -> bool:
    """Whether the page was shown to the shopper, or to a guest whom nobody tells apart or who is in the session."""
    return page.user_id == user_id if page.user_id else page.session_id in ("", session)


def _minute(day: float) -> float:
    """The end of the minute: the same question within a minute has the same answer, and what just happened is known."""
    return (math.floor(day * MINUTES_A_DAY) + 1) / MINUTES_A_DAY
