"""A search that finds nothing: what others buy, apart from it and called that."""

from collections import Counter
from dataclasses import replace

from shopkeeper.flow.answer import answer
from shopkeeper.flow.relax import is_real
from shopkeeper.flow.shop import Shop, today
from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.ports import Yields
from shopkeeper.recall.filter import masks
from shopkeeper.types import Batch, Filters, Intent, Page, Request
from shopkeeper.understood import Relaxed

MOST = 12
"""So many popular products at most."""
ASKED = 10
"""Of so many nearest texts more than half must be of one department for it to be the likeliest."""


def answer_or_instead(request: Request, shop: Shop) -> Page:
    """The page; the first one of a search that found nothing has beside it what others buy: a page of its own."""
    page = answer(request, shop)
    placed_alone = not page.total  # nothing is reachable but what the merchant pins, if anything is
    if request.scene != "search" or not request.query or request.offset or (page.reachable and not placed_alone):
        return page
    likely = likely_in(shop, page.intent)
    for department in dict.fromkeys((likely, "")):  # nobody may have bought anything there
        popular = _popular(request, department, shop)
        if popular is not None:
            return replace(page, relaxed=Relaxed(("popular",), department), instead=popular)
    return page


def likely_in(shop: Shop, intent: Intent) -> str:
    """The department of most of the nearest texts, however far; empty where they disagree or words are no words."""
    if not is_real(intent):
        return ""
    on_shelf = masks(shop.catalog, Filters()).allowed
    request = Request(request_id="", scene="search", day=today(), query=intent.query, allowed=on_shelf)
    batch = Batch((request,), (intent,), (NO_PORTRAIT,))
    for source in shop.trained.sources.values():
        if isinstance(source, Yields):
            rows = source.lenient(-1.0).recall(batch, ASKED)[0].rows
            counts = Counter(shop.catalog.departments[rows].tolist()).most_common(1)
            if counts and 2 * counts[0][1] > len(rows):
                return shop.catalog.department_names[counts[0][0]]
    return ""


def _popular(request: Request, department: str, shop: Shop) -> Page | None:
    """What others buy inside the filters, None where that is nothing; only a page that is shown is logged."""
    filters = request.filters
    if department and not filters.departments:
        filters = replace(filters, departments=(department,))
    narrowed = masks(shop.catalog, filters)
    asked = replace(
        request,
        request_id=f"{request.request_id}-instead",
        scene="trending",
        query="",
        filters=filters,
        allowed=narrowed.allowed,
        without=narrowed.without(),
        sort="relevance",
        k=min(request.k, MOST),
    )
    return answer(asked, shop) if answer(replace(asked, k=1), shop, logged=False).items else None
