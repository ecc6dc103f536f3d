"""Searching: words, filters, order and pages in the address; facets, results and help on the page."""

import math
from dataclasses import dataclass, replace

import numpy as np

from shopkeeper.console.guest import Guest
from shopkeeper.console.home import Department, departments
from shopkeeper.console.query import Query, amount, band, by_name
from shopkeeper.console.sections import Section, Strip, section, strip
from shopkeeper.console.understood import Chip, Understood, attribute_label, range_label, understood
from shopkeeper.flow.instead import likely_in
from shopkeeper.flow.shop import today
from shopkeeper.recall.filter import RANGES, VALUES, masks
from shopkeeper.types import BoolArray, Filters, Page, RowArray, Scene

PER_PAGE = 24
MOST_OPEN = 8
LAST_PAGE = 12
SPELLS_A_DAY = 144
"""The same words within ten minutes are one search: narrowing and going back are not searching again."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A way to narrow the results: `open` values are shown, the `rest` behind a fold; `field`: its name in the form."""

    name: str
    field: str
    legend: str
    many: bool
    open: tuple[Value, ...]
    rest: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """What the search page shows.

    `total` can be paged through, `sizes` counts every size and variant that matches, `cut`: more than can be paged to;
    `by_meaning`: no word matched, though shoppers may have `chosen` some of it after the same search.
    """

    query: Query
    found: Section
    total: int
    sizes: int
    cut: bool
    by_meaning: bool
    chosen: bool
    pages: int
    facets: tuple[Facet, ...]
    chips: tuple[Chip, ...]
    understood: Understood
    correction: str
    maybe: str
    strip: Strip | None
    popular: Section
    popular_in: str
    in_part: str
    service: str
    complains: bool
    departments: tuple[Department, ...]


def search(guest: Guest, query: Query) -> Results:
    """The results, or help where there are none. The words are posted as an event once in ten minutes."""
    query = replace(query, page=min(max(query.page, 1), LAST_PAGE))
    found = _found(guest, query)
    if found.page and not found.page.items and found.page.reachable:  # a page after the last is the last
        query = replace(query, page=-(-found.page.reachable // PER_PAGE))
        found = _found(guest, query)
    page = found.page
    said = strip(guest, found)
    if said and all(note.action == "search" for note in said.notes):
        said = None  # the words stand in the box already
    if query.words and page and query.page == 1:
        spell = int(today() * SPELLS_A_DAY)
        guest.tell("search", query=query.words, request_id=page.request_id, once=f"{query.words}|{spell}")
    total = min(page.reachable, LAST_PAGE * PER_PAGE) if page and page.total else 0  # a pin alone is nothing found
    matched = _matched(guest, query, page)
    likely = likely_in(guest.shop, page.intent) if query.words and page and not total else ""
    return Results(
        query=query,
        found=found,
        total=total,
        sizes=matched,
        cut=page is not None and (matched > _most(guest, query) or page.reachable > total),
        by_meaning=bool(query.words and page and not matched),
        chosen=bool(page and page.relaxed and "chosen" in page.relaxed.how),
        pages=min(LAST_PAGE, -(-total // PER_PAGE)),
        facets=_facets(guest, query, found),
        chips=_chips(guest, query),
        understood=understood(guest, query, page),
        correction=(page.intent.correction or "") if page else "",
        maybe=(page.intent.maybe or "") if page else "",
        strip=said,
        popular=_popular(guest, likely).unmarked() if not total else Section(),
        popular_in=likely,
        in_part=page.relaxed.shown if page and page.relaxed and "words" in page.relaxed.how else "",
        service=(page.intent.about or "") if page else "",
        complains=bool(page and page.intent.sentiment == "negative"),
        departments=departments(guest, 8) if not total or (not matched and query.words) else (),
    )


def _popular(guest: Guest, department: str) -> Section:
    """What others buy, in the department where one is likely."""
    return section(guest, "trending", "instead", k=6, filters=Filters((department,) if department else ()))


def _found(guest: Guest, query: Query) -> Section:
    scene: Scene = "search" if query.words else "home"  # a department without words is the home feed, narrowed
    before = [f"{scene}:search?{query.address(page=page)}" for page in range(1, query.page)]
    return section(
        guest,
        scene,
        f"search?{query.address(page=query.page)}",
        after=guest.visit.pages(before),
        query=query.words,
        filters=query.filters(),
        sort=query.sort,
        as_words=query.as_words,
        k=PER_PAGE,
        offset=(query.page - 1) * PER_PAGE,
    )


def _facets(guest: Guest, query: Query, found: Section) -> tuple[Facet, ...]:
    page = found.page
    counted = page.facets if page else {}
    if page and not counted and not query.words:
        narrowed = masks(guest.shelf.catalog, query.filters())  # of which the facets are
        wider = {facet: _rows(mask) for facet, mask in narrowed.without().items()}
        counted = guest.shelf.facets.count(_rows(narrowed.allowed), wider, query.filters())
    chosen = {
        "department": query.departments,
        "category": query.categories,
        "brand": query.brands,
        "price": (query.price,) if query.price else (),
    }
    for kind, pairs in ((VALUES, query.attributes), (RANGES, query.ranges)):
        chosen |= {kind + name: values for name, values in by_name(pairs).items()}
        chosen |= {name: () for name in counted if name.startswith(kind) and name not in chosen}
    facets = []
    for name, values in chosen.items():
        counts = dict(counted.get(name, {}))
        for value in values:
            counts.setdefault(value, 0)
        if len(counts) > 1 or values:
            facets.append(_facet(guest, name, counts, values))
    return tuple(facets)


def _most(guest: Guest, query: Query) -> float:
    """How many candidates of a page go on to be ranked."""
    plan = guest.shop.plan
    most = plan.most(("search" if query.words else "home") in plan.ordered)
    return math.inf if most is None else most


def _rows(mask: BoolArray) -> RowArray:
    return np.flatnonzero(mask).astype(np.int32)


def _matched(guest: Guest, query: Query, page: Page | None) -> int:
    """How many products the words match, every size and variant counted; without words, how many the filters leave."""
    if not query.words:
        return int(np.count_nonzero(masks(guest.shop.catalog, query.filters()).allowed))
    # every filter applies to this count: a shopper is only shown what is in stock
    return page.facets.get("availability", {}).get("in_stock", 0) if page else 0


def _facet(guest: Guest, name: str, counts: dict[str, int], chosen: tuple[str, ...]) -> Facet:
    kind, dot, attribute = name.partition(".")
    field, said = (kind.removesuffix("s"), f"{attribute}:") if dot else (name, "")

    def label(value: str) -> str:
        if name == "price":
            return _band_label(guest, value)
        return range_label(value) if kind == "ranges" else value if dot else value.rsplit(" > ", maxsplit=1)[-1]

    values = [Value(said + value, label(value), count, value in chosen) for value, count in counts.items()]
    if name == "price":
        values.sort(key=lambda value: band(value.value)[0] or 0.0)
    elif kind != "ranges":
        values.sort(key=lambda value: not value.chosen)
    legend = attribute_label(guest, attribute) if dot else guest.words(f"search.{name}")
    return Facet(name, field, legend, name != "price", tuple(values[:MOST_OPEN]), tuple(values[MOST_OPEN:]))


def _band_label(guest: Guest, value: str) -> str:
    low, _, high = value.partition("-")
    currency = guest.shop.catalog.currency or guest.shop.settings.shop.currency
    first, last = amount(low), amount(high)
    if last is None:
        return f"{guest.words.price(first or 0.0, currency)} +"
    return f"{guest.words.price(first or 0.0, currency)} – {guest.words.price(last, currency)}"


def _chips(guest: Guest, query: Query) -> tuple[Chip, ...]:
    chips = []
    for field in ("departments", "categories", "brands"):
        held: tuple[str, ...] = getattr(query, field)
        for value in held:
            without = tuple(other for other in held if other != value)
            chips.append(Chip(value.split(" > ")[-1], "?" + query.address(**{field: without})))
    for field, label in (("attributes", lambda value: value), ("ranges", range_label)):
        pairs: tuple[str, ...] = getattr(query, field)
        for pair in pairs:
            without = tuple(other for other in pairs if other != pair)
            name, _, value = pair.partition(":")
            text = f"{attribute_label(guest, name)}: {label(value)}"
            chips.append(Chip(text, "?" + query.address(**{field: without})))
    if query.price:
        chips.append(Chip(_band_label(guest, query.price), "?" + query.address(price="")))
    return tuple(chips)
