"""Searching: words, filters, order and pages in the address; facets, results and help on the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, get_args
from urllib.parse import urlencode

import numpy as np
from pydantic import BaseModel, Field, StringConstraints

from shopkeeper.amounts import Between
from shopkeeper.console.guest import Guest
from shopkeeper.console.home import Department, departments
from shopkeeper.console.sections import Section, Strip, section, strip
from shopkeeper.flow.shop import today
from shopkeeper.recall.filter import RANGES, VALUES, masks
from shopkeeper.types import BoolArray, Filters, Page, RowArray, Sort

PER_PAGE = 24
MOST_OPEN = 8
LAST_PAGE = 12
SPELLS_A_DAY = 144
"""The same words within ten minutes are one search: narrowing and going back are not searching again."""
SORTS: tuple[Sort, ...] = get_args(Sort)


@dataclass(frozen=True, slots=True)
class Query:
    """What the address asks for. `price` is a band such as "2-5", its lower edge inclusive.

    `attributes` are such as "colour:red", `ranges` such as "memory:8..16 GB".
    """

    words: str = ""
    departments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    price: str = ""
    attributes: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    sort: Sort = "relevance"
    page: int = 1

    def address(self, **changed: object) -> str:
        """The query part of the address of this search, with something changed; the page starts over."""
        # one of its own fields each
        asked = replace(self, **({"page": 1} | changed))  # type: ignore[arg-type]
        pairs = [("q", asked.words)] if asked.words else []
        pairs += [("department", name) for name in asked.departments]
        pairs += [("category", name) for name in asked.categories]
        pairs += [("brand", name) for name in asked.brands]
        pairs += [("price", asked.price)] if asked.price else []
        pairs += [("attribute", each) for each in asked.attributes]
        pairs += [("range", each) for each in asked.ranges]
        pairs += [("sort", asked.sort)] if asked.sort != "relevance" else []
        pairs += [("page", str(asked.page))] if asked.page > 1 else []
        return urlencode(pairs)

    def filters(self) -> Filters:
        """The filters as the pipeline takes them."""
        low, high = band(self.price)
        ranges = tuple((name, tuple(filter(None, map(Between.of, own)))) for name, own in by_name(self.ranges).items())
        return Filters(
            self.departments,
            self.categories,
            self.brands,
            low,
            high,
            attributes=tuple(by_name(self.attributes).items()),
            ranges=tuple((name, bounds) for name, bounds in ranges if bounds),
        )


class Address(BaseModel):
    """What may stand in the address of a search."""

    q: str = Field("", max_length=200)
    department: list[str] = Field([], max_length=50)
    category: list[str] = Field([], max_length=50)
    brand: list[str] = Field([], max_length=50)
    price: str = Field("", max_length=40)
    attribute: list[Annotated[str, StringConstraints(max_length=800)]] = Field([], max_length=50)
    range: list[Annotated[str, StringConstraints(max_length=800)]] = Field([], max_length=50)
    sort: str = "relevance"
    page: int = 1

    def query(self) -> Query:
        """The search that is asked for; an unknown order is the usual one."""
        order = next((sort for sort in SORTS if sort == self.sort), SORTS[0])
        words, narrowed = " ".join(self.q.split()), (tuple(self.department), tuple(self.category), tuple(self.brand))
        own = tuple(each for each in self.attribute if ":" in each), tuple(each for each in self.range if ":" in each)
        return Query(words, *narrowed, self.price, *own, order, self.page)


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
class Chip:
    """A filter in force, with the address without it."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Results:
    """What the search page shows.

    `total` can be paged through, `sizes` counts every size and variant that matches, `cut`: more than can be paged to;
    `by_meaning`: no word matched.
    """

    query: Query
    found: Section
    total: int
    sizes: int
    cut: bool
    by_meaning: bool
    pages: int
    facets: tuple[Facet, ...]
    chips: tuple[Chip, ...]
    correction: str
    maybe: str
    strip: Strip | None
    popular: Section
    departments: tuple[Department, ...]


def search(guest: Guest, query: Query) -> Results:
    """The results, or help where there are none. The words are posted as an event once in ten minutes."""
    query = replace(query, page=min(max(query.page, 1), LAST_PAGE))
    found = section(
        guest,
        "search" if query.words else "home",  # a department without words is the home feed, narrowed
        f"search?{query.address(page=query.page)}",
        query=query.words,
        filters=query.filters(),
        sort=query.sort,
        k=PER_PAGE,
        offset=(query.page - 1) * PER_PAGE,
    )
    page = found.page
    said = strip(guest, found)
    if said and all(note.action == "search" for note in said.notes):
        said = None  # the words stand in the box already
    if query.words and page and query.page == 1:
        spell = int(today() * SPELLS_A_DAY)
        guest.tell("search", query=query.words, request_id=page.request_id, once=f"{query.words}|{spell}")
    total = min(page.reachable, LAST_PAGE * PER_PAGE) if page else 0
    matched = _matched(guest, query, page)
    return Results(
        query=query,
        found=found,
        total=total,
        sizes=matched,
        cut=page is not None and (matched > _most(guest, query) or page.reachable > total),
        by_meaning=bool(query.words and page and not matched),
        pages=min(LAST_PAGE, -(-total // PER_PAGE)),
        facets=_facets(guest, query, found),
        chips=_chips(guest, query),
        correction=(page.intent.correction or "") if page else "",
        maybe=(page.intent.maybe or "") if page else "",
        strip=said,
        popular=section(guest, "trending", "instead", k=6).unmarked() if not total else Section(),
        departments=departments(guest, 8) if not total or (not matched and query.words) else (),
    )


def by_name(pairs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Values by attribute, of what stands in an address as "attribute:value"."""
    named: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, _, value = pair.partition(":")
        named[name] = (*named.get(name, ()), value)
    return named


def band(price: str) -> tuple[float | None, float | None]:
    """The bounds of a price band, both inclusive; no bound where it cannot be read."""
    low, _, high = price.partition("-")
    below = _amount(high)
    return _amount(low), None if below is None else float(np.nextafter(np.float32(below), np.float32(0)))


def _amount(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


def _facets(guest: Guest, query: Query, found: Section) -> tuple[Facet, ...]:
    page = found.page
    counted = page.facets if page else {}
    if page and not counted and not query.words:
        narrowed = masks(guest.shelf.catalog, query.filters())  # of which the facets are
        wider = {facet: _rows(mask) for facet, mask in narrowed.without.items()}
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


def attribute_label(guest: Guest, name: str) -> str:
    """What people call an attribute."""
    return guest.words.get(f"attribute.{name}", name.replace("_", " ").capitalize())


def range_label(value: str) -> str:
    """A range as people write it: `8 – 16 GB`, `≥ 8 GB`, `≤ 16 GB`."""
    between = Between.of(value)
    if between is None or between.low == between.high:
        return value
    unit = f" {between.unit}" if between.unit else ""
    if between.low is None:
        return f"≤ {between.high:g}{unit}"
    return f"≥ {between.low:g}{unit}" if between.high is None else f"{between.low:g} – {between.high:g}{unit}"


def _band_label(guest: Guest, value: str) -> str:
    low, _, high = value.partition("-")
    currency = guest.shop.catalog.currency or guest.shop.settings.shop.currency
    first, last = _amount(low), _amount(high)
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
