"""Claim: columns that no field takes are named, of each file; one that a mapping takes, for whichever kind, is not."""

from pathlib import Path

from tests.intake.shelf import PRODUCTS, Shelf


def test_columns_that_no_field_takes_are_named(shelf: Shelf) -> None:
    goods = shelf.file("goods.csv", "product_id,title,stock,price,sku\np1,Blue cup,7,2.5,A\n")
    lines = [
        '{"product_id": "p2", "title": "Red plate", "in_stock": 1}',
        '{"product_id": "p3", "title": "Fork", "ean": 4}',
    ]
    more = shelf.file("more.jsonl", "\n".join(lines))
    assert shelf.load(goods, more, shelf.file("products.csv", PRODUCTS)).untaken == {
        "goods.csv": ("stock", "sku"),
        "more.jsonl": ("in_stock", "ean"),
    }


def test_columns_that_a_mapping_takes_are_not_named(tmp_path: Path) -> None:
    mapped = (
        '[intake.csv.products]\ntitle = "name"\nattributes = { stock = "stock" }\n'
        '[intake.csv.events]\nevent_id = "{line}"\ntimestamp = "at"\nuser_id = "who"\n'
        'action = { constant = "purchase" }\n'
    )
    shelf = Shelf(tmp_path, mapped)
    sold = shelf.file("sold.csv", "product_id,name,stock,at,who,till\np1,Blue cup,7,2024-05-01,u1,3\n")
    assert shelf.load(sold).untaken == {"sold.csv": ("till",)}
