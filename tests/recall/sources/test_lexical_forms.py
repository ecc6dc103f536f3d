"""Claims:

1. measures, accents, traditional characters and names of models are found in any of their spellings, both ways.
2. the number and the unit of a measure are words too; a measure is no other measure of the same number.
3. a model's name in one word or two finds the same; the parts of a longer code find nothing.
4. an index that an earlier recipe wrote is made anew, not misread.
"""

import logging
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.recall.sources.lexical import Lexical
from shopkeeper.testing import worlds
from shopkeeper.types import Request

TITLES = [
    "Lemonade 1.5 l",
    "Lemonade, 150 cl bottle",
    "Lemonade 500 ml",
    'Monitor 27"',
    "Monitor 24 inch",
    "Crème brûlée",
    "電燒烤爐 500克",
    "WD-40 spray",
    "iPhone 12 case",
    "iPhone13 case",
    "Whole milk, 1 gallon",
    "Memory 16GB stick",
    "Toner TN-2110 black",
    "Part b00x4whp5e",
]
SHELF = worlds.catalog(TITLES)


@pytest.fixture(scope="module")
def learnt() -> Lexical:
    source = Lexical(Lexical.Settings())
    source.fit(worlds.snapshot(SHELF, [], 10.0))
    return source


def found(source: Lexical, query: str) -> set[int]:
    request = Request(request_id="", scene="search", day=10.0, query=query)
    offer = source.recall(worlds.ask(request), 20)[0]
    return set(offer.rows.tolist()) - set(offer.partly.tolist()) if offer.whole else set()


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("lemonade 1,5 l", {0, 1}),
        ("lemonade 1500ml", {0, 1}),
        ("0.5 l", {2}),
        ("27 inch monitor", {3}),
        ("monitor 27", {3}),
        ("monitor inch", {4}),
        ("monitor 24in", {4}),
        ("creme brulee", {5}),
        ("crème brulée", {5}),
        ("电烧烤炉", {6}),
        ("燒烤 一斤", set()),
        ("燒烤 1斤", {6}),
        ("wd40", {7}),
        ("wd 40", {7}),
        ("wd-40", {7}),
        ("iphone12", {8}),
        ("iphone 12", {8}),
        ("iphone-12", {8}),
        ("iphone 13", {9}),
        ("iphone13", {9}),
        ("gallon milk", {10}),
        ("16 gb", {11}),
        ("tn2110", {12}),
        ("tn 2110", {12}),
        ("whp5e", set()),
    ],
)
def test_every_spelling_finds_the_product(learnt: Lexical, query: str, rows: set[int]) -> None:
    assert found(learnt, query) == rows


def test_an_index_of_another_recipe_is_made_anew(
    learnt: Lexical, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    learnt.save(tmp_path)
    with caplog.at_level(logging.WARNING):
        same = reread(tmp_path)
    assert not caplog.records
    assert found(same, "wd40") == {7}
    np.save(tmp_path / "recipe.npy", np.array(1))
    with caplog.at_level(logging.WARNING):
        other = reread(tmp_path)
        (tmp_path / "recipe.npy").unlink()  # as of earlier days
        older = reread(tmp_path)
    assert [record.getMessage()[:22] for record in caplog.records] == ["index=remade texts=14:"] * 2
    for read in (other, older):
        assert [found(read, query) for query in ("wd40", "1500 ml")] == [{7}, {0, 1}]


def reread(folder: Path) -> Lexical:
    source = Lexical(Lexical.Settings())
    source.load(folder, SHELF)
    return source
