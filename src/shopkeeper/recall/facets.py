"""How many of the matched products each department, category, brand, price range and attribute's value holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from shopkeeper.recall.filter import RANGES, VALUES, category_name, mask
from shopkeeper.recall.telling import of_attributes
from shopkeeper.types import Catalog, Filters, IntArray, PriceArray, RowArray

CATEGORY_DEPTH = 2
MOST_VALUES = 50
PRICE_EDGES = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)


Coded = tuple[RowArray, Sequence[str]]
"""Codes int32 (n,), -1 for none, and the names they stand for."""


CodesOf = Callable[[RowArray], RowArray]
"""The codes of some rows, int32 (m,)."""


class FacetTable:
    """The catalogue's columns as codes, read of the matched rows alone: a product that comes costs no pass over all."""

    def __init__(self, catalog: Catalog, brands: "Coded | None" = None) -> None:
        """The table of a catalogue; `brands` where they are known already."""
        self._catalog = catalog
        self._brands = brands or _coded(catalog.brands)
        categories, named = _merged(catalog)
        self._columns: dict[str, tuple[CodesOf, Sequence[str]]] = {
            "department": (lambda rows: catalog.departments[rows], catalog.department_names),
            "category": (lambda rows: categories[catalog.categories[rows]], named),
            "brand": (lambda rows: self._brands[0][rows], self._brands[1]),
            "price": (lambda rows: _price_bands(catalog.prices[rows]), _band_names()),
            "availability": (lambda rows: catalog.available[rows].astype(np.int32), ("out_of_stock", "in_stock")),
        }

    def updated(self, catalog: Catalog, rows: RowArray) -> "FacetTable":
        """The table of a catalogue of which only these rows have changed: only their brands are read, which is slow."""
        codes, names = self._brands
        changed = np.full(len(catalog), -1, np.int32)
        changed[: len(codes)] = codes
        places = {name: place for place, name in enumerate(names)}
        for row in rows.tolist():
            changed[row] = places.setdefault(catalog.brands[row], len(places))
        return FacetTable(catalog, (changed, list(places)))

    def count(
        self, rows: RowArray, wider: Mapping[str, RowArray] | None = None, chosen: Filters | None = None
    ) -> dict[str, Mapping[str, int]]:
        """Counts by name for each facet, most first; names that count nothing, and empty names, are left out.

        `wider` holds, by facet, what matches but for that facet's own filter: such a facet is counted over these.
        What is `chosen` is counted though it be none of the MOST_VALUES, deeper than CATEGORY_DEPTH or without a match.
        """
        counted: dict[str, Mapping[str, int]] = {}
        for facet, (codes_of, names) in self._columns.items():
            taken = codes_of((wider or {}).get(facet, rows))
            counts: IntArray = np.bincount(taken[taken >= 0], minlength=len(names))
            order = np.argsort(-counts, kind="stable")[:MOST_VALUES]
            counted[facet] = {names[at]: int(counts[at]) for at in order if counts[at] and names[at]}
        counted |= of_attributes(self._catalog.attributes, len(self._catalog), rows, wider or {}, chosen or Filters())
        for facet, name, alone in _values(chosen or Filters()):
            if name not in counted[facet]:
                matched = mask(self._catalog, alone)[(wider or {}).get(facet, rows)]
                counted[facet] = {**counted[facet], name: int(np.count_nonzero(matched))}
        return counted


def _values(filters: Filters) -> Iterator[tuple[str, str, Filters]]:
    """Each value that the filters name: its facet, its name and the filter for it alone."""
    for name in filters.departments:
        yield "department", name, Filters(departments=(name,), in_stock=False)
    for name in filters.categories:
        yield "category", name, Filters(categories=(name,), in_stock=False)
    for name in filters.brands:
        yield "brand", name, Filters(brands=(name,), in_stock=False)
    for attribute, values in filters.attributes:
        for name in values:
            yield VALUES + attribute, name, Filters(attributes=((attribute, (name,)),), in_stock=False)
    for attribute, bounds in filters.ranges:
        for between in bounds:
            yield RANGES + attribute, str(between), Filters(ranges=((attribute, (between,)),), in_stock=False)


def _merged(catalog: Catalog) -> Coded:
    """Category paths cut to CATEGORY_DEPTH parts, and -1 for a product of none."""
    cut, names = _coded([category_name(path, CATEGORY_DEPTH) for path in catalog.category_paths])
    return np.append(cut, np.int32(-1)), names


def _coded(values: Sequence[str]) -> Coded:
    """int32 codes in order of first appearance, and the names they stand for."""
    codes: dict[str, int] = {}
    coded = np.array([codes.setdefault(value, len(codes)) for value in values], np.int32)
    return coded, list(codes)


def _price_bands(prices: PriceArray) -> RowArray:
    """The band of each price, lower edge inclusive; -1 where it is unknown or below zero."""
    bands = np.searchsorted(np.array(PRICE_EDGES), prices, side="right") - 1
    return np.where(np.isnan(prices), -1, bands).astype(np.int32)


def _band_names() -> Sequence[str]:
    edges = [f"{edge:g}" for edge in PRICE_EDGES]
    return [f"{low}-{high}" for low, high in zip(edges, [*edges[1:], ""], strict=True)]
