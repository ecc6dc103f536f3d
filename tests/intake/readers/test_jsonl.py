"""Claims:
1. Objects come in by their keys, nested values too; a key may be absent from the first rows.
2. A line that is no JSON, or JSON but no object, is refused alone; a file without any object cannot be read.
3. A byte-order mark, CRLF, blank lines and gzip are no obstacle.
4. Keys can be mapped.
"""

import gzip
from pathlib import Path

import pytest

from shopkeeper.errors import IntakeError
from tests.intake.shelf import Shelf, numbers

TWO = '{"product_id": "p1", "title": "Cup"}\n{"product_id": 2, "title": "Teller 盘", "price": 1.5, "brand": null}\n'


@pytest.mark.parametrize("content", [TWO.encode(), b"\xef\xbb\xbf" + TWO.replace("\n", "\r\n\r\n").encode()])
def test_objects_come_in_by_their_keys(shelf: Shelf, content: bytes) -> None:
    assert numbers(shelf.load(shelf.file("products.jsonl", content)), "products") == (2, 2, 0, 0)
    plate = shelf.product("2")
    assert (plate.title, plate.price, plate.brand) == ("Teller 盘", 1.5, "")


def test_a_line_that_is_no_object_is_refused_alone(shelf: Shelf) -> None:
    path = shelf.file("products.jsonl.gz", gzip.compress((TWO + '{"product_id": "p3", \n[1]\n').encode()))
    assert numbers(shelf.load(path), "products") == (4, 2, 2, 0)
    assert shelf.reasons() == [
        (3, "", "is not valid JSON", '{"product_id": "p3", '),
        (4, "", "is JSON, but not an object", "[1]"),
    ]


def test_a_file_without_any_object_cannot_be_read(shelf: Shelf) -> None:
    path = shelf.file("products.json", '[\n  {"product_id": "p1",\n   "title": "Cup"}\n]\n')
    with pytest.raises(IntakeError) as caught:
        shelf.load(path)
    assert str(caught.value) == (
        f"{path}: no line is a JSON object: line 1: is not valid JSON. "
        "Write one object a line, without a list around them."
    )


def test_keys_can_be_mapped(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, '[intake.jsonl.products]\nproduct_id = "the/id"\ntitle = "{name} ({size~})"\n')
    shelf.load(shelf.file("x.jsonl", '{"the/id": "p1", "name": "Cup", "size~": 3}\n'))
    assert shelf.product("p1").title == "Cup (3)"


def test_two_files_with_own_names_are_each_read_by_the_mapping_that_fits(tmp_path: Path) -> None:
    mappings = '[intake.jsonl.products]\nproduct_id = "nr"\ntitle = "ware"\n[intake.jsonl.events]\nevent_id = "bon"\n'
    shelf = Shelf(tmp_path, mappings + 'timestamp = "zeit"\naction = { constant = "view" }\nproduct_id = "nr"\n')
    goods = shelf.file("goods.jsonl", '{"nr": "1", "ware": "Tasse"}\n')
    report = shelf.load(goods, shelf.file("visits.jsonl", '{"nr": "1", "bon": "7", "zeit": "2024-03-01"}\n'))
    assert (numbers(report, "products"), numbers(report, "events")) == ((1, 1, 0, 0), (1, 1, 0, 0))


def test_a_first_line_that_is_too_long_costs_only_itself(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "[intake.jsonl]\nline_limit_kb = 8192\n")
    report = shelf.load(shelf.file("products.jsonl", "{" + " " * (9 << 20) + "\n" + TWO))
    assert numbers(report, "products") == (3, 2, 1, 0)
    assert [row["reason"] for row in shelf.rejected()] == ["line longer than 8192 kB"]


def test_a_key_that_appears_late_is_read_for_derived_products_too(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "[intake.jsonl.products]\nderived = true\n")
    early = '{"product_id": "p1", "title": "Cup"}\n' * 150_000
    shelf.load(shelf.file("x.jsonl", early + '{"product_id": "p2", "title": "Plate", "brand": "Delft"}\n'))
    assert (shelf.product("p1").brand, shelf.product("p2").brand) == ("", "Delft")
