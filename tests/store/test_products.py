"""Products.

1. What is written is read back, every field.
2. Rows are dense from 0 in order of first arrival, and a product keeps its row through every change.
3. Of two products with one id the last wins.
4. A deleted product leaves a tombstone: gone by id, there by row, out of stock in the catalogue; it can come back.
5. The catalogue's columns are coded: categories, departments, variant groups, days.
6. The Arrow table and the objects write the same; columns that are missing take their defaults.
7. A table without a required column, or with a gap in it, is refused by name.
8. A row that is not there is named.
9. Prices are held to the cent, those in another currency than most products' as unknown, read whole or row by row.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from shopkeeper.errors import IntakeError, UnknownProduct
from shopkeeper.store.columns import catalog_of
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.schema import PRODUCTS
from shopkeeper.types import Product
from tests.store.worlds import products

TEA = Product(
    product_id="t1",
    title="绿茶 Green tea",
    group_id="tea",
    description="Loose, 50 g",
    brand="Leaf & Co",
    category=("Drinks", "Tea"),
    price=4.5,
    currency="EUR",
    availability=True,
    attributes={"size": "50 g", "origin": "Anji"},
    images=("a.png", "b.png"),
    seller="us",
    locale="zh",
    created_at="1970-01-02T12:00:00+00:00",
)


def test_a_product_is_read_back_whole(folder: ShopFolder) -> None:
    assert folder.products.upsert([TEA]).tolist() == [0]
    assert folder.products.get("t1") == TEA
    assert folder.products.get_row(0) == TEA
    assert folder.products.get("t2") is None


def test_rows_are_for_life(folder: ShopFolder) -> None:
    assert folder.products.upsert(products("a", "b", "c")).tolist() == [0, 1, 2]
    assert folder.products.upsert(products("c", "d", "a", brand="new")).tolist() == [2, 3, 0]
    assert folder.products.get_row(0).brand == "new"
    assert folder.products.get_row(1).brand == ""
    assert folder.products.catalog().product_ids == ["a", "b", "c", "d"]
    assert folder.products.upsert([]).tolist() == []


def test_the_last_of_two_with_one_id_wins(folder: ShopFolder) -> None:
    twice = [Product(product_id="a", title="first"), Product(product_id="b", title="b")]
    assert folder.products.upsert([*twice, Product(product_id="a", title="last")]).tolist() == [0, 1, 0]
    assert folder.products.get_row(0).title == "last"
    assert len(folder.products) == 2


def test_more_products_than_one_lookup_holds_keep_their_rows(folder: ShopFolder) -> None:
    names = [f"p{number}" for number in range(1_201)]
    assert folder.products.upsert(products(*names)).tolist() == list(range(1_201))
    assert folder.products.upsert(products(*reversed(names))).tolist() == list(range(1_200, -1, -1))
    assert len(folder.products.delete(names)) == 1_201


def test_a_deleted_product_leaves_its_tombstone_and_can_come_back(folder: ShopFolder) -> None:
    folder.products.upsert(products("a", "b"))
    assert folder.products.delete(["a", "a", "nowhere"]).tolist() == [0]
    assert folder.products.delete(["a"]).tolist() == []
    assert folder.products.get("a") is None
    assert folder.products.get_row(0).product_id == "a"
    catalog = folder.products.catalog()
    assert catalog.deleted.tolist() == [True, False]
    assert catalog.available.tolist() == [False, True]
    assert dict(catalog.row_of) == {"b": 1}
    assert folder.products.table().to_pyarrow()["row"].to_pylist() == [1]
    assert folder.products.upsert(products("a")).tolist() == [0]
    assert folder.products.catalog().available.tolist() == [True, True]


def test_the_catalogue_is_coded(folder: ShopFolder) -> None:
    folder.products.upsert(
        [
            TEA,
            Product(product_id="m", title="Mug", category=("Kitchen",), availability=False, created_at="nonsense"),
            Product(product_id="t2", title="Black tea", group_id="tea", category=("Drinks", "Tea"), currency="EUR"),
            Product(product_id="x", title="Thing", created_at="1970-01-03"),
            Product(product_id="j", title="Juice", group_id="juice", category=("Drinks", "Juice"), price=2.0),
        ]
    )
    catalog = folder.products.catalog()
    paths = [catalog.category_paths[code] for code in catalog.categories]
    assert paths == [("Drinks", "Tea"), ("Kitchen",), ("Drinks", "Tea"), (), ("Drinks", "Juice")]
    departments = [catalog.department_names[code] for code in catalog.departments]
    assert departments == ["Drinks", "Kitchen", "Drinks", "", "Drinks"]
    assert catalog.groups.tolist() == [0, 1, 0, 3, 4]
    assert catalog.available.tolist() == [True, False, True, True, True]
    np.testing.assert_array_equal(catalog.created, [1.5, np.nan, np.nan, 2.0, np.nan])
    np.testing.assert_array_equal(catalog.prices, np.array([4.5, np.nan, np.nan, np.nan, 2.0], np.float32))
    kinds = (catalog.prices, catalog.created, catalog.groups, catalog.available)
    assert [column.dtype.name for column in kinds] == ["float64", "float64", "int32", "bool"]
    assert catalog.currency == "EUR"


def test_a_table_writes_what_the_objects_would(folder: ShopFolder) -> None:
    folder.products.upsert([TEA, *products("plain")])
    before = [folder.products.get_row(row) for row in (0, 1)]
    written = folder.products.table().to_pyarrow()
    assert written.schema.names == [*PRODUCTS.names, "row"]
    assert folder.products.upsert_table(written.drop_columns(["row"])) == 2
    assert [folder.products.get_row(row) for row in (0, 1)] == before


def test_missing_columns_take_their_defaults(folder: ShopFolder) -> None:
    table = pa.table({"product_id": ["a", "a", "b"], "title": ["A", "AA", "B"], "brand": ["x", None, None]})
    assert folder.products.upsert_table(table) == 2
    assert folder.products.get("a") == Product(product_id="a", title="AA")
    assert folder.products.get("b") == Product(product_id="b", title="B")


def test_a_table_with_a_gap_is_refused_by_name(folder: ShopFolder) -> None:
    with pytest.raises(IntakeError, match=r"no column 'title', which is required. It has: product_id\."):
        folder.products.upsert_table(pa.table({"product_id": ["a"]}))
    with pytest.raises(IntakeError, match="column 'title' is required and empty in row 1 of the table"):
        folder.products.upsert_table(pa.table({"product_id": ["a", "b"], "title": ["A", None]}))
    assert len(folder.products) == 0


def test_a_row_that_is_not_there_is_named(folder: ShopFolder) -> None:
    folder.products.upsert(products("a"))
    with pytest.raises(UnknownProduct, match=r"no product has row 7; the catalogue has 1 rows, from 0"):
        folder.products.get_row(7)


def test_prices_are_exact_and_those_in_another_currency_unknown(folder: ShopFolder) -> None:
    one = Product(product_id="a", title="tea", price=199_999.99, currency="EUR")
    folder.products.upsert([one, replace(one, product_id="b"), replace(one, product_id="c", currency="JPY")])
    folder.products.upsert([replace(one, product_id="d", currency="USD"), replace(one, product_id="e", currency="")])
    _is_what_the_rows_say(folder)
    shelf = folder.products.catalog()
    assert shelf.currency == "EUR"
    expected = [199_999.99, 199_999.99, np.nan, np.nan, 199_999.99]
    assert np.array_equal(shelf.prices, expected, equal_nan=True)
    said = folder.products.get("c")
    assert said is not None and said.price == 199_999.99, "what was said is kept"


def test_the_catalogue_after_a_change_is_what_the_rows_say(folder: ShopFolder) -> None:
    one = Product(product_id="a", title="tea", brand="Nord", category=("Food",), price=2.0, attributes={"size": "L"})
    steps = [
        [replace(one, product_id=name) for name in "abcd"],
        [replace(one, product_id="b", title="green tea", category=("Drinks", "Tea"), price=None)],
        [replace(one, product_id="e", brand="Süd", created_at="2026-01-01", availability=False), one],
        [replace(one, product_id="c", group_id="g"), replace(one, product_id="d", group_id="g")],
        [replace(one, product_id="c", description="x" * 600)],
    ]
    for step in steps:
        before = folder.products.catalog()
        assert before.row_of is not None and before.brand_codes is not None  # looked up, so carried on
        folder.products.upsert(step)
        _is_what_the_rows_say(folder)
        assert len(before) in (0, 4, 5)
    folder.products.delete(["a", "e"])
    _is_what_the_rows_say(folder)
    folder.products.upsert([one])
    _is_what_the_rows_say(folder)


def _is_what_the_rows_say(folder: ShopFolder) -> None:
    own = folder.products.catalog()
    with folder._database.reading() as connection:
        anew = catalog_of(connection)
    for name in ("product_ids", "titles", "brands", "descriptions"):
        assert list(getattr(own, name)) == list(getattr(anew, name))
    for name in ("groups", "prices", "available", "created", "deleted"):
        assert np.array_equal(getattr(own, name), getattr(anew, name), equal_nan=name in ("prices", "created"))
    assert [own.category_paths[at] for at in own.categories] == [anew.category_paths[at] for at in anew.categories]
    assert [own.department_names[at] for at in own.departments] == [
        anew.department_names[at] for at in anew.departments
    ]
    assert dict(own.row_of) == dict(anew.row_of)
    codes = {code: brand for brand, code in own.brand_codes[1].items()}
    assert [codes[code] for code in own.brand_codes[0].tolist()] == list(anew.brands)
