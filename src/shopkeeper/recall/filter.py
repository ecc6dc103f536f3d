"""Filters as a mask over the catalogue, and the names by which facets and filters speak of the same thing."""

import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from shopkeeper.amounts import Between
from shopkeeper.attributes import NO_VALUE
from shopkeeper.types import BoolArray, Catalog, Filters, RowArray
from shopkeeper.understood import Stated

MOST_MASKS = 64
MOST_BYTES = 64 << 20
"""So many filters' masks are kept, in so much memory: of a million products one filter may take five megabytes."""
FEW_CODES = 8
VALUES, RANGES = "attributes.", "ranges."
"""What the name of a facet of an attribute begins with, as its filter does."""
_SEPARATOR = " > "


class Masks:
    """allowed bool (n_products,): what the filters let through, deleted rows never. All arrays are read-only."""

    def __init__(self, there: BoolArray, parts: Mapping[str, BoolArray]) -> None:
        """Masks of rows that are there, by what each filter lets through, by facet."""
        self.allowed = _all([there, *parts.values()])
        self._there, self._parts = there, parts
        self._without: dict[str, BoolArray | None] = {}

    def without(self, facets: Iterable[str] | None = None) -> Mapping[str, BoolArray]:
        """The same but for one facet's own filter, by facet: of all facets, or of these.

        Only facets whose filter takes something away are in it: their counts are over what the others let through, so
        that a shopper can see, add and switch to another value.
        """
        wanted = self._parts if facets is None else [facet for facet in facets if facet in self._parts]
        return {facet: one for facet in wanted if (one := self._but(facet)) is not None}

    def _but(self, facet: str) -> BoolArray | None:
        """What is allowed without one facet's filter; None where that takes nothing away. Made when it is asked for."""
        if facet not in self._without:
            wider = _all([self._there, *(part for other, part in self._parts.items() if other != facet)])
            more = np.count_nonzero(wider) > np.count_nonzero(self.allowed)
            self._without[facet] = wider if more else None
        return self._without[facet]

    @property
    def n_bytes(self) -> int:
        """What the arrays may take."""
        return self.allowed.nbytes * (2 + 2 * len(self._parts))


def mask(catalog: Catalog, filters: Filters) -> BoolArray:
    """bool (n_products,): rows that the filters let through, deleted ones never. Read-only; cached by filters.

    A category is named by its whole path ("Grocery > Cookies"), by any path above it, or by one part of the path alone.
    A product without a price is outside every price bound, and one without an attribute outside its filters.
    """
    return masks(catalog, filters).allowed


def masks(catalog: Catalog, filters: Filters) -> Masks:
    """The filters as masks, for the page and for its facets; cached by filters."""
    cache = _cache_of(catalog)
    with _LOCK:
        found = cache.get(filters)
        if found is not None:
            cache.move_to_end(filters)
            return found
    made = _masks(catalog, filters)
    with _LOCK:
        cache[filters] = made
        while len(cache) > 1 and (len(cache) > MOST_MASKS or sum(own.n_bytes for own in cache.values()) > MOST_BYTES):
            cache.popitem(last=False)
    return made


def spelt(catalog: Catalog, filters: Filters) -> Filters:
    """The filters with attributes and their values as the catalogue writes them."""
    if not filters.attributes and not filters.ranges:
        return filters
    own = catalog.attributes

    def name_of(name: str) -> str:
        at = own.place(name)
        return name if at is None else own.names[at]

    def value_of(name: str, value: str) -> str:
        at = own.place(name)
        code = NO_VALUE if at is None else own.code(at, value)
        return value if at is None or code == NO_VALUE else own.texts[at][code]

    said = ((name_of(name), tuple(value_of(name, value) for value in values)) for name, values in filters.attributes)
    ranges = tuple((name_of(name), bounds) for name, bounds in filters.ranges)
    return replace(filters, attributes=tuple(said), ranges=ranges)


def filters_with(filters: Filters, stated: Iterable[Stated]) -> Filters:
    """The filters with what words state, except where a field is filtered by already: what was chosen holds."""
    values: dict[str, list[str]] = {}
    for own in stated:
        values.setdefault(own.field, []).append(own.value)
    chosen = {name for name, _ in filters.attributes} | {name for name, _ in filters.ranges}
    more: dict[str, Any] = {}
    if not filters.brands and "brand" in values:
        more["brands"] = tuple(values["brand"])
    if not filters.categories and "category" in values:
        more["categories"] = tuple(values["category"])
    if filters.price_min is None and filters.price_max is None and "price" in values:
        bounds = Between.of(values["price"][0])
        assert bounds is not None, "a price is stated as Between writes it"
        more |= {"price_min": bounds.low, "price_max": bounds.high}
    own_values, own_ranges = [], []
    for facet, said in values.items():
        kind, _, name = facet.partition(".")
        if name and name not in chosen:
            if kind + "." == VALUES:
                own_values.append((name, tuple(said)))
            else:
                own_ranges.append((name, tuple(filter(None, map(Between.of, said)))))
    more["attributes"], more["ranges"] = (*filters.attributes, *own_values), (*filters.ranges, *own_ranges)
    return replace(filters, **more)


def category_name(path: tuple[str, ...], depth: int | None = None) -> str:
    """How facets and filters name a category: its path, cut to `depth` parts."""
    return _SEPARATOR.join(path[:depth])


def _masks(catalog: Catalog, filters: Filters) -> Masks:
    return Masks(~catalog.deleted, _parts(catalog, filters))


def _all(parts: Sequence[BoolArray]) -> BoolArray:
    made: BoolArray = np.logical_and.reduce(parts)
    made.flags.writeable = False
    return made


def _parts(catalog: Catalog, filters: Filters) -> dict[str, BoolArray]:
    """What each filter that is in force lets through, by the facet that it is a value of."""
    parts: dict[str, BoolArray] = {}
    if filters.in_stock:
        parts["availability"] = catalog.available
    if filters.departments:
        wanted = [name in filters.departments for name in catalog.department_names]
        parts["department"] = _named(catalog.departments, wanted)
    if filters.categories:
        wanted = [_falls_under(path, filters.categories) for path in catalog.category_paths]
        parts["category"] = _named(catalog.categories, wanted)
    if filters.brands:
        coded, codes = catalog.brand_codes
        parts["brand"] = _any_of(coded, [codes[brand] for brand in filters.brands if brand in codes])
    low = -np.inf if filters.price_min is None else filters.price_min
    high = np.inf if filters.price_max is None else filters.price_max
    if (low, high) != (-np.inf, np.inf):
        with np.errstate(invalid="ignore"):
            parts["price"] = (catalog.prices >= low) & (catalog.prices <= high)
    for name, values in filters.attributes:
        parts[VALUES + name] = _says(catalog, name, values)
    for name, bounds in filters.ranges:
        parts[RANGES + name] = _measures(catalog, name, bounds)
    return parts


def _says(catalog: Catalog, name: str, values: tuple[str, ...]) -> BoolArray:
    """Which products have one of the values; none where no product has the attribute."""
    at = catalog.attributes.place(name)
    if at is None:
        return np.zeros(len(catalog), bool)
    wanted = np.zeros(len(catalog.attributes.texts[at]) + 1, bool)  # no value is the last
    wanted[[catalog.attributes.code(at, value) for value in values]] = True
    wanted[NO_VALUE] = False
    return _of_values(catalog, at, wanted)


def _measures(catalog: Catalog, name: str, bounds: tuple[Between, ...]) -> BoolArray:
    """Which products' amount lies within one of the bounds; none where the attribute is none of amounts."""
    at = catalog.attributes.place(name)
    measure = None if at is None else catalog.attributes.measure(at)
    if at is None or measure is None:
        return np.zeros(len(catalog), bool)
    return _of_values(catalog, at, np.logical_or.reduce([measure.inside(own) for own in bounds]))


def _of_values(catalog: Catalog, at: int, wanted: BoolArray) -> BoolArray:
    """Which products have a wanted value of an attribute, bool by its codes."""
    rows, codes = catalog.attributes.entries(at)
    found = np.zeros(len(catalog), bool)
    found[rows[wanted[codes]]] = True
    return found


def _named(codes: RowArray, wanted: list[bool]) -> BoolArray:
    """Which codes are wanted; a code below 0 is none."""
    return _any_of(codes, np.flatnonzero(wanted).tolist())


def _any_of(codes: RowArray, wanted: Sequence[int]) -> BoolArray:
    """Which codes are one of these: one after another where they are few, for a table takes ten times as long."""
    if len(wanted) > FEW_CODES:
        return np.isin(codes, wanted)
    found = np.zeros(len(codes), bool)
    for code in wanted:
        found |= codes == code
    return found


def _falls_under(path: tuple[str, ...], names: tuple[str, ...]) -> bool:
    above = {category_name(path, depth) for depth in range(1, len(path) + 1)}
    return any(name in above or name in path for name in names)


_LOCK = threading.Lock()
_CACHES: dict[int, tuple["weakref.ref[Catalog]", OrderedDict[Filters, Masks]]] = {}


def _cache_of(catalog: Catalog) -> OrderedDict[Filters, Masks]:
    """The masks of this very catalogue; forgotten when it is replaced."""
    key = id(catalog)
    with _LOCK:
        held = _CACHES.get(key)
        if held is None or held[0]() is not catalog:
            held = (weakref.ref(catalog, lambda _: _CACHES.pop(key, None)), OrderedDict())
            _CACHES[key] = held
        return held[1]
