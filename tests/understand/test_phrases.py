"""Claims:

1. each phrase has one number, in the order of categories, brands, titles, queries; what comes first says what it is.
2. it weighs what all bear that bear it, whatever their letters and kinds; past queries by how often
   they were asked.
3. what only deleted products bear is none; products that are not deleted are counted, and each past query.
4. a phrase is written as people read it, without space at its ends.
"""

import numpy as np
import pytest

from shopkeeper.testing import worlds
from shopkeeper.understand import phrases
from shopkeeper.understand.phrases import FEW, phrases_of

SHELF = worlds.catalog(
    [" Oat Milk", "oat milk", "Café", "牛奶", "", "Gone", "Nord"],
    brands=["Nord", "", "nord", "", "", "Lost", ""],
    categories=np.array([0, 0, 1, 0, 0, 0, 0], np.int32),
    category_paths=[("Food", "Milk"), ("Cafe",)],
    deleted=np.array([False, False, False, False, False, True, False]),
)
SHARE = np.array([0.1, 0.2, 0.3, 0.1, 0.1, 0.0, 0.2], np.float32)


@pytest.mark.parametrize("part", [1, 2, 100])
def test_phrases_are_numbered_weighed_and_counted(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "PART", part)
    made = phrases_of(SHELF, SHARE, {"Oat milk": 3.0, "tea": 2 * FEW})
    keys = ["milk", "cafe", "nord", "oat milk", "牛奶", "tea"]
    assert made.text.decode() == "".join(f"{key}\0" for key in keys)
    assert [made.number(key) for key in keys] == list(range(6)) and len(made) == 6
    assert [made.number(key) for key in ("gone", "lost", "", "Milk")] == [None] * 4
    total = 2 * FEW + 3
    # milk: all of the first category; cafe: the second and the title; nord: two brands and a title
    expected = [0.7, 0.3 + 0.3, 0.1 + 0.3 + 0.2, 0.1 + 0.2 + 3 / total, 0.1, 2 * FEW / total]
    np.testing.assert_allclose(made.weights, expected, rtol=1e-6)
    assert made.bearers.tolist() == [5, 2, 3, 3, 1, 1]
    assert made.chinese == [4]
    written = [("Milk", "category"), ("Cafe", "category"), ("Nord", "brand"), ("Oat Milk", "product")]
    assert [made.written(number)[:2] for number in range(4)] == written
    assert [made.written(number).kind for number in (4, 5)] == ["product", "query"]


def test_few_searches_weigh_little() -> None:
    made = phrases_of(SHELF, SHARE, {"tea": 3.0})
    assert made.weights[-1] == np.float32(3 / FEW)


def test_nothing_has_no_phrases() -> None:
    made = phrases_of(worlds.catalog([]), np.empty(0, np.float32), {})
    assert (len(made), made.text, made.number("a")) == (0, b"", None)
