"""Filters as a mask over the catalogue, and the names by which facets and filters speak of the same thing."""

import threading
import weakref
from collections import OrderedDict

import numpy as np

from shopkeeper.types import BoolArray, Catalog, Filters, RowArray

MOST_MASKS = 64
_SEPARATOR = " > "


def mask(catalog: Catalog, filters: Filters) -> BoolArray:
    """bool (n_products,): rows that the filters let through, deleted ones never. Read-only; cached by filters.

    A category is named by its whole path ("Grocery > Cookies"), by any path above it, or by one part of the path alone.
    A product without a price is outside every price bound.
    """
    cache = _cache_of(catalog)
    with _LOCK:
        found = cache.get(filters)
        if found is not None:
            cache.move_to_end(filters)
            return found
    made = _mask(catalog, filters)
    made.flags.writeable = False
    with _LOCK:
        cache[filters] = made
        if len(cache) > MOST_MASKS:
            cache.popitem(last=False)
    return made


def category_name(path: tuple[str, ...], depth: int | None = None) -> str:
    """How facets and filters name a category: its path, cut to `depth` parts."""
    return _SEPARATOR.join(path[:depth])


def _mask(catalog: Catalog, filters: Filters) -> BoolArray:
    keep = ~catalog.deleted
    if filters.in_stock:
        keep &= catalog.available
    if filters.departments:
        keep &= _named(catalog.departments, [name in filters.departments for name in catalog.department_names])
    if filters.categories:
        keep &= _named(catalog.categories, [_falls_under(path, filters.categories) for path in catalog.category_paths])
    if filters.brands:
        wanted = frozenset(filters.brands)
        keep &= np.fromiter((brand in wanted for brand in catalog.brands), bool, len(catalog))
    with np.errstate(invalid="ignore"):
        if filters.price_min is not None:
            keep &= catalog.prices >= np.float32(filters.price_min)
        if filters.price_max is not None:
            keep &= catalog.prices <= np.float32(filters.price_max)
    return keep


def _named(codes: RowArray, wanted: list[bool]) -> BoolArray:
    """Which codes are wanted; a code below 0 is none."""
    return np.append(np.array(wanted, bool), False)[codes]


def _falls_under(path: tuple[str, ...], names: tuple[str, ...]) -> bool:
    above = {category_name(path, depth) for depth in range(1, len(path) + 1)}
    return any(name in above or name in path for name in names)


_LOCK = threading.Lock()
_CACHES: dict[int, tuple["weakref.ref[Catalog]", OrderedDict[Filters, BoolArray]]] = {}


def _cache_of(catalog: Catalog) -> OrderedDict[Filters, BoolArray]:
    """The masks of this very catalogue; forgotten when it is replaced."""
    key = id(catalog)
    with _LOCK:
        held = _CACHES.get(key)
        if held is None or held[0]() is not catalog:
            held = (weakref.ref(catalog, lambda _: _CACHES.pop(key, None)), OrderedDict())
            _CACHES[key] = held
        return held[1]
