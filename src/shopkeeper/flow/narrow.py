"""From words that state something to a page inside it, and never to an empty one: what leaves nothing gives way."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from shopkeeper.amounts import Between
from shopkeeper.flow.relax import lenient
from shopkeeper.portrait import Portrait
from shopkeeper.ports import Source
from shopkeeper.recall.filter import filters_with, masks
from shopkeeper.recall.gather import Found, Plan, gather
from shopkeeper.types import Batch, Catalog, Intent, Request
from shopkeeper.understand.structured import Structured
from shopkeeper.understood import Stated

WIDER = 0.25
"""Bounds that leave nothing are moved by so much of themselves."""
_GIVES_WAY = ("attributes", "ranges", "price", "brand", "category")
"""Fields in the order in which they are dropped where one is enough."""


def narrowed(
    structured: Structured | None, request: Request, plain: Intent, catalog: Catalog
) -> Iterator[tuple[Request, Intent]]:
    """The request as its words narrow it; then, for where that finds nothing, wider and wider, at last not at all."""
    if structured is None or request.scene != "search":
        yield request, plain
        return
    intent = structured.read(plain, request.as_words)
    stated = [own for own in intent.stated if own.role == "filter"]
    tried = [intent, _widened(intent)] if stated else [intent]
    for meant in tried:
        yield from _if_any(request, meant, catalog)
    weakest = sorted(stated, key=lambda own: (_GIVES_WAY.index(own.field.partition(".")[0]), own.confidence))
    for own in weakest if len(stated) > 1 else ():
        without = _dropped(intent, (own,)) if _counts(own) else _named_as_words(structured, request, plain, (own,))
        yield from _if_any(request, without, catalog)
    for own in reversed(weakest) if len(stated) > 2 else ():  # one alone, the strongest first
        dropped = tuple(other for other in stated if other is not own)
        yield from _if_any(request, _dropped(intent, dropped), catalog)
    if stated:
        yield request, _as_words(structured, request, plain, tuple(stated))


def gathered(
    sources: Mapping[str, Source], plan: Plan, tries: Iterator[tuple[Request, Intent]], portrait: Portrait
) -> tuple[Batch, Found]:
    """What the first of the tries finds that finds anything, else the last, and what is less near in meaning."""
    for request, intent in tries:
        batch = Batch((request,), (intent,), (portrait,))
        found = gather(sources, batch, plan)
        if not any(own.role in ("filter", "widened") for own in intent.stated) or _finds(found):
            break
    return batch, lenient(sources, batch, plan, found)


def _finds(found: Found) -> bool:
    total = int(found.totals[0])
    return total > 0 or (total < 0 and len(found.candidates.rows) > 0)


def _if_any(request: Request, intent: Intent, catalog: Catalog) -> Iterator[tuple[Request, Intent]]:
    """The request inside what the intent states, unless no product at all is there."""
    stated = [own for own in intent.stated if own.role in ("filter", "widened")]
    if not stated:
        yield request, intent
        return
    filters = filters_with(request.filters, stated)
    found = masks(catalog, filters)
    allowed, inside = found.allowed, None
    if request.allowed is not None and request.allowed is not masks(catalog, request.filters).allowed:
        inside = request.without  # what the request leaves out besides its filters stays out
        allowed = allowed & request.allowed
    if allowed.any():
        # facets leave aside what was chosen, not what was asked for
        without = found.without(request.without)
        without = without if inside is None else {facet: mask & inside[facet] for facet, mask in without.items()}
        yield replace(request, filters=filters, allowed=allowed, without=without), intent


def _widened(intent: Intent) -> Intent:
    return replace(intent, stated=tuple(_wider(own) for own in intent.stated))


def _wider(own: Stated) -> Stated:
    bounds = Between.of(own.value) if _counts(own) else None
    if bounds is None or own.role != "filter":
        return own
    low = None if bounds.low is None else bounds.low - abs(bounds.low) * WIDER
    high = None if bounds.high is None else bounds.high + abs(bounds.high) * WIDER
    return replace(own, value=str(Between(low, high, bounds.unit)), role="widened")


def _dropped(intent: Intent, dropped: tuple[Stated, ...]) -> Intent:
    """The intent without some filters, whose words need not match."""
    return replace(
        intent, stated=tuple(replace(own, role="dropped") if own in dropped else own for own in intent.stated)
    )


def _counts(own: Stated) -> bool:
    """Whether it is a number that is stated, not a name."""
    return own.field == "price" or own.field.startswith("ranges.")


def _named_as_words(structured: Structured, request: Request, plain: Intent, named: tuple[Stated, ...]) -> Intent:
    """The intent in which the words of these names are searched again."""
    again = structured.read(plain, (*request.as_words, *(own.field for own in named)))
    return replace(again, stated=(*again.stated, *(replace(own, role="dropped") for own in named)))


def _as_words(structured: Structured, request: Request, plain: Intent, dropped: tuple[Stated, ...]) -> Intent:
    """The intent without any filter: the words of names are searched again, those of numbers say nothing alone."""
    named = tuple(own for own in dropped if not _counts(own))
    again = _named_as_words(structured, request, plain, named)
    while more := [own for own in again.stated if own.role == "filter" and not _counts(own)]:  # they name another, too
        named = (*named, *more)
        again = _named_as_words(structured, request, plain, named)
    return replace(
        again, stated=tuple(replace(own, role="dropped") if own.role == "filter" else own for own in again.stated)
    )
