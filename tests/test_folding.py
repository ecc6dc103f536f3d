"""Claims:

1. accents of Latin letters are taken off, and nothing else: marks of other scripts make other letters.
2. traditional characters become simplified ones, each by itself; what is simplified stays.
3. tokens are folded, so that index and query agree.
"""

import pytest

from shopkeeper.folding import simplified, without_accents
from shopkeeper.text import folded, tokens


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("crème brûlée", "creme brulee"),
        ("smørrebrød", "smorrebrod"),
        ("łódź", "lodz"),
        ("phở", "pho"),
        ("plain", "plain"),
        ("йогурт ёлка", "йогурт ёлка"),
        ("ガラス", "ガラス"),
        ("ώρα", "ώρα"),
    ],
)
def test_accents_of_latin_letters_are_taken_off(text: str, bare: str) -> None:
    assert without_accents(text) == bare


@pytest.mark.parametrize(
    ("traditional", "simple"), [("電燒烤爐", "电烧烤炉"), ("頭髮護理", "头发护理"), ("牛奶", "牛奶"), ("abc", "abc")]
)
def test_traditional_characters_become_simplified(traditional: str, simple: str) -> None:
    assert simplified(traditional) == simple


def test_tokens_are_folded_both_ways() -> None:
    assert tokens("Crème") == tokens("creme") == ["creme"]
    assert tokens("電燒烤爐") == tokens("电烧烤炉")
    assert folded("ＣＡＦÉ 電爐") == "cafe 电炉"
