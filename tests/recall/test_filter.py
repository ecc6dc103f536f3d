"""Claims:

1. A mask lets through what the filters name: department, category by path, any path above or one part, brand, price.
2. Deleted products never pass; sold out ones when stock is not asked for; unpriced ones never a price bound.
3. The same filters over the same catalogue give the same array, read-only; another catalogue gives its own.
4. Beside the mask stands, for each facet whose filter takes something away, the mask but for that filter.
"""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.recall import filter as filters_of
from shopkeeper.recall.filter import mask, masks
from shopkeeper.testing import worlds
from shopkeeper.types import Filters

SHELF = worlds.catalog(
    ["a", "b", "c", "d", "e"],
    brands=["Acme", "Best", "Acme", "Best", "Acme"],
    categories=np.array([0, 1, 2, 2, 0], np.int32),
    category_paths=[("Food", "Tea"), ("Food", "Cake", "Pie"), ("Home",)],
    departments=np.array([0, 0, 1, 1, 0], np.int32),
    department_names=["Food", "Home"],
    prices=np.array([1.0, 2.0, 3.0, np.nan, 5.0], np.float64),
    available=np.array([True, True, True, True, False]),
)


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        (Filters(), [0, 1, 2, 3]),
        (Filters(in_stock=False), [0, 1, 2, 3, 4]),
        (Filters(departments=("Home",)), [2, 3]),
        (Filters(departments=("Home", "Food")), [0, 1, 2, 3]),
        (Filters(departments=("Moon",)), []),
        (Filters(categories=("Food",)), [0, 1]),
        (Filters(categories=("Food > Cake",)), [1]),
        (Filters(categories=("Food > Cake > Pie", "Home")), [1, 2, 3]),
        (Filters(categories=("Pie",)), [1]),
        (Filters(brands=("Acme",)), [0, 2]),
        (Filters(price_min=2.0), [1, 2]),
        (Filters(price_max=2.0), [0, 1]),
        (Filters(price_min=2.0, price_max=2.0, brands=("Best",)), [1]),
    ],
)
def test_a_mask_lets_through_what_the_filters_name(filters: Filters, rows: list[int]) -> None:
    assert np.flatnonzero(mask(SHELF, filters)).tolist() == rows


def test_a_deleted_product_never_passes() -> None:
    gone = replace(SHELF, deleted=np.array([True, False, False, False, False]))
    assert np.flatnonzero(mask(gone, Filters(in_stock=False))).tolist() == [1, 2, 3, 4]


def test_a_mask_is_made_once_a_catalogue_and_cannot_be_changed() -> None:
    first = mask(SHELF, Filters(brands=("Best",)))
    assert mask(SHELF, Filters(brands=("Best",))) is first
    other = replace(SHELF, brands=["Best"] * 5)
    assert mask(other, Filters(brands=("Best",))).tolist() == [True, True, True, True, False]
    with pytest.raises(ValueError, match="read-only"):
        first[0] = True


def test_only_so_many_masks_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters_of, "MOST_MASKS", 2)
    shelf = replace(SHELF)
    first = mask(shelf, Filters(price_min=1.0))
    for price in (2.0, 3.0):
        mask(shelf, Filters(price_min=price))
    assert mask(shelf, Filters(price_min=1.0)) is not first


@pytest.mark.parametrize(
    ("filters", "without"),
    [
        (Filters(in_stock=False), {}),
        (Filters(), {"availability": [0, 1, 2, 3, 4]}),
        (Filters(brands=("Best",), in_stock=False), {"brand": [0, 1, 2, 3, 4]}),
        (Filters(brands=("Best",), departments=("Food",)), {"brand": [0, 1], "department": [1, 3]}),
        (Filters(brands=("Acme",), price_min=3.0), {"brand": [2], "price": [0, 2], "availability": [2, 4]}),
    ],
)
def test_a_facet_is_counted_over_what_the_other_filters_leave(filters: Filters, without: dict[str, list[int]]) -> None:
    found = masks(SHELF, filters)
    assert {name: np.flatnonzero(wider).tolist() for name, wider in found.without().items()} == {
        name: rows for name, rows in without.items() if rows != np.flatnonzero(found.allowed).tolist()
    }
    assert not any(wider.flags.writeable for wider in found.without().values())
