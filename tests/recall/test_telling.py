"""Claims:

1. What is counted are attributes that a fair share of the products found has, the one that splits them best first;
   what nearly every product has of its own, what all have alike, numbers of ids, and a brand once more, is not.
2. Numbers are counted by range, from one amount that there is to another, each range of about as many products.
3. A facet is counted over what all other filters leave; what is filtered by is counted in any case, and first.
4. A filter on an attribute that no product has leaves nothing, and its facet is empty.
"""

import numpy as np
import pytest

from shopkeeper.amounts import Between
from shopkeeper.attributes import Attributes
from shopkeeper.recall.facets import FacetTable
from shopkeeper.recall.filter import mask, masks
from shopkeeper.recall.telling import of_attributes, telling
from shopkeeper.testing import worlds
from shopkeeper.types import Catalog, Filters, RowArray

N = 16
MANY = 40


def shelf() -> Catalog:
    """Sixteen laptops: half red, all from one place, each with a number of its own, two with a note."""
    said = [
        {
            "colour": ["Red", "Blue", "Red", "Grey"][row % 4],
            "memory": f"{2 ** (row % 8)} GB",
            "origin": "China",
            "serial": f"no. {row}",
            "Brand": ["Acme", "Best"][row % 2],
            **({"note": ["a", "b"][row]} if row < 2 else {}),
        }
        for row in range(N)
    ]
    return worlds.catalog([f"Laptop {row}" for row in range(N)], attributes=Attributes.of(said))


SHELF = shelf()
ALL: RowArray = np.arange(N, dtype=np.int32)


def rows_of(catalog: Catalog, filters: Filters) -> list[int]:
    return np.flatnonzero(mask(catalog, filters)).tolist()


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        (Filters(attributes=(("colour", ("Grey",)),)), [3, 7, 11, 15]),
        (Filters(attributes=(("Colour", ("grey", "BLUE")),)), [1, 3, 5, 7, 9, 11, 13, 15]),
        (Filters(attributes=(("colour", ("Blue",)),), ranges=(("memory", (Between(2, 2),)),)), [1, 9]),
        (Filters(ranges=(("memory", (Between(None, 1024, "MB"), Between(128, None, "GB"))),)), [0, 7, 8, 15]),
        (Filters(attributes=(("colour", ("Green",)),)), []),
        (Filters(attributes=(("size", ("L",)),)), []),
        (Filters(ranges=(("colour", (Between(1, 2),)),)), []),
        (Filters(ranges=(("size", (Between(1, 2),)),)), []),
    ],
)
def test_a_mask_lets_through_one_value_of_each_attribute_named(filters: Filters, rows: list[int]) -> None:
    assert rows_of(SHELF, filters) == rows


def test_what_splits_the_products_best_comes_first() -> None:
    assert [SHELF.attributes.names[at] for at in telling(SHELF.attributes, ALL)] == ["memory", "colour"]
    assert telling(SHELF.attributes, ALL[:0]) == []


def test_many_numbers_without_a_unit_are_no_choice() -> None:
    said = [{"maker_id": str(row // 2), "length": f"{row // 2} m"} for row in range(4 * MANY)]
    own = Attributes.of(said)
    assert [own.names[at] for at in telling(own, np.arange(4 * MANY, dtype=np.int32))] == ["length"]


def test_attributes_are_counted_beside_the_other_facets() -> None:
    counted = FacetTable(SHELF).count(ALL)
    assert counted["attributes.colour"] == {"Red": 8, "Blue": 4, "Grey": 4}
    assert counted["availability"] == {"in_stock": 16}


def test_numbers_are_counted_by_range() -> None:
    counted = FacetTable(SHELF).count(ALL)["ranges.memory"]
    assert counted == {"1 GB": 2, "2..4 GB": 4, "8 GB": 2, "16 GB": 2, "32..64 GB": 4, "128 GB": 2}
    assert sum(counted.values()) == N
    for text, n in counted.items():
        bounds = Between.of(text)
        assert bounds is not None
        assert len(rows_of(SHELF, Filters(ranges=(("memory", (bounds,)),)))) == n


def test_a_facet_is_not_narrowed_by_its_own_filter() -> None:
    filters = Filters(attributes=(("colour", ("Blue",)),), ranges=(("memory", (Between(2, 32),)),))
    narrowed = masks(SHELF, filters)
    wider = {name: np.flatnonzero(own).astype(np.int32) for name, own in narrowed.without().items()}
    counted = FacetTable(SHELF).count(np.flatnonzero(narrowed.allowed).astype(np.int32), wider, filters)
    assert [name for name in counted if "." in name] == ["attributes.colour", "ranges.memory"]
    assert counted["attributes.colour"] == {"Red": 4, "Blue": 4, "Grey": 2}
    assert counted["ranges.memory"] == {"2 GB": 2, "32 GB": 2, "2..32": 4}


def test_a_filter_on_what_no_product_has_leaves_nothing_and_counts_nothing() -> None:
    filters = Filters(attributes=(("size", ("L",)),))
    assert of_attributes(SHELF.attributes, N, ALL[:0], {}, filters) == {"attributes.size": {}}
