"""What the rules leave of the shelf: products that they hide, or alone allow, as masks that are made once."""

import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from shopkeeper.merchandise.said import Selection
from shopkeeper.types import BoolArray, Catalog, Filters, RowArray

MOST = 64
"""Masks that are remembered; each is as long as the catalogue."""


@dataclass(frozen=True)
class Left:
    """What is left: `kept` bool (n_products,) before the shopper's own filters, `allowed` within them; what to say."""

    kept: BoolArray
    allowed: BoolArray
    told: tuple[tuple[str, str], ...]


class Shelves:
    """Masks by what made them. One object for one question: sources remember by it what they counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: OrderedDict[tuple[object, ...], tuple[weakref.ref[BoolArray], Left]] = OrderedDict()
        self._both: OrderedDict[tuple[int, int], tuple[weakref.ref[BoolArray], BoolArray, BoolArray]] = OrderedDict()

    def left(self, rules: tuple[int, ...], allowed: BoolArray) -> Left | None:
        """What these rules left of this mask when it was asked for before."""
        with self._lock:
            held = self._left.get((*rules, id(allowed)))
            return held[1] if held is not None and held[0]() is allowed else None

    def keep(self, rules: tuple[int, ...], allowed: BoolArray, left: Left) -> None:
        """Remembers it."""
        with self._lock:
            self._left[(*rules, id(allowed))] = weakref.ref(allowed), left
            if len(self._left) > MOST:
                self._left.popitem(last=False)

    def both(self, mask: BoolArray, kept: BoolArray) -> BoolArray:
        """bool (n,), read-only: where both hold."""
        key = id(mask), id(kept)
        with self._lock:
            held = self._both.get(key)
            if held is not None and held[0]() is mask and held[1] is kept:
                return held[2]
        made = mask & kept
        made.flags.writeable = False
        with self._lock:
            self._both[key] = weakref.ref(mask), kept, made
            if len(self._both) > MOST:
                self._both.popitem(last=False)
        return made


def chosen(selection: Selection, catalog: Catalog, filtered: BoolArray | None) -> BoolArray:
    """bool (n_products,): the products that a selection names; `filtered` are those of its brands and the like."""
    found = np.ones(len(catalog), bool) if filtered is None else filtered
    if selection.products:
        named = np.zeros(len(catalog), bool)
        named[rows_of(selection, catalog)] = True
        found = found & named
    return found


def rows_of(selection: Selection, catalog: Catalog) -> RowArray:
    """int32 (m,): the rows of the single products that a selection names, where the catalogue has them."""
    return np.array([catalog.row_of[each] for each in selection.products if each in catalog.row_of], np.int32)


def filters_of(selection: Selection) -> Filters | None:
    """What a selection names beside single products, as filters; None where that is nothing."""
    said = tuple((name, values) for name, values in selection.attributes.items() if values)
    if not (selection.brands or selection.categories or said):
        return None
    return Filters(brands=selection.brands, categories=selection.categories, attributes=said, in_stock=False)
