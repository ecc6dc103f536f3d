"""Claims:

1. a number with its unit has one spelling, whatever the space, the comma, the language and the unit's own spelling.
2. a unit becomes another only where that is exact.
3. what only looks like a measure is none: `2 in 1`, a code, a word that goes on, a rate.
4. several measures of a text are found where they stand.
"""

import pytest

from shopkeeper.measures import measures
from shopkeeper.text import normalise, tokens, unmeasured


@pytest.mark.parametrize(
    ("spellings", "token"),
    [
        (["1,5 l", "1.5 liter", "1.5l", "1.5L", "1.50 litres", "1500 ml", "150cl", "１．５升", "1500毫升"], "1.5l"),
        (["16GB", "16 gb", "16-GB", "16 gigabytes"], "16gb"),
        (["500 g", "0.5 kg", "500克", "0.5公斤", "1斤", "500 grams", "500-gram"], "500g"),
        (['27"', "27 inch", "27-inch", "27in", "27寸", "27英寸", "27″", "27 inches"], "27inch"),
        (["1,500 ml", "1500ml"], "1.5l"),
        (["43.2 cm", "432 mm", "0.432 m"], "43.2cm"),
        (["2.4 GHz", "2400mhz"], "2.4ghz"),
        (["5000 mAh", "5Ah"], "5ah"),
        (["0 g"], "0mg"),
    ],
)
def test_a_measure_has_one_spelling(spellings: list[str], token: str) -> None:
    assert {spelling: tokens(spelling) for spelling in spellings} == {spelling: [token] for spelling in spellings}


@pytest.mark.parametrize(
    ("one", "other"), [("1 TB", "1024 GB"), ("1 tb", "1000 gb"), ('1"', "2.54 cm"), ("1 lb", "454g")]
)
def test_a_unit_that_is_not_exactly_another_stays(one: str, other: str) -> None:
    assert tokens(one) != tokens(other)


@pytest.mark.parametrize(
    "text",
    [
        "2 in 1 laptop",
        "3 in a box",
        "wd-40",
        "a4-80gsm",
        "b00x4whp5e",
        "10 m/s",
        "6x330ml",
        "500升级",
        "5 months",
        "ml",
        "9" * 40 + " kg",
    ],
)
def test_what_looks_like_a_measure_is_none(text: str) -> None:
    assert list(measures(normalise(text))) == []


def test_measures_are_found_where_they_stand() -> None:
    text = normalise('TV 43.2 cm (17") 可乐500毫升装')
    assert [(text[one.start : one.end], one.token) for one in measures(text)] == [
        ("43.2 cm", "43.2cm"),
        ('17"', "17inch"),
        ("500毫升", "500ml"),
    ]
    assert tokens("可乐500毫升装") == ["可乐", "500ml", "装"]


def test_the_parts_of_a_measure_are_words_too() -> None:
    assert unmeasured("Milk, 1 gallon") == ["1", "gallon"]
    assert unmeasured('16GB and 27" 500毫升') == ["16", "gb", "27", "500", "毫升"]
    assert unmeasured("milk") == []
