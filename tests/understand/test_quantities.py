"""Claims:

1. A query is cut so that a number stands apart from its unit, and a model's code is one word.
2. Comparisons, spans and currencies around a number are read with it, in English and Chinese.
3. A Chinese numeral is a number where something says that it counts, else part of a word.
4. What is no number, such as the parts of an address, is a word, whatever is typed.
"""

import numpy as np
import pytest

from shopkeeper.text import normalise
from shopkeeper.understand.atoms import atoms, numeral, phrase
from shopkeeper.understand.quantities import Quantity, quantities


def read(query: str) -> list[Quantity]:
    return quantities(atoms(normalise(query)))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("HP dv7-1211ea 16gb", ("hp", "dv7-1211ea", "16", "gb")),
        ('27" monitors', ("27", '"', "monitor")),
        ("16-32gb", ("16", "-", "32", "gb")),
        ("16gb-32gb", ("16", "gb", "-", "32", "gb")),
        ("红色连衣裙", ("红", "色", "连", "衣", "裙")),
        ("1920 x 1080", ("1920", "x", "1080")),
        ("500+", ("500", "+")),
        ("$50", ("$", "50")),
    ],
)
def test_a_number_stands_apart_from_its_unit(text: str, parts: tuple[str, ...]) -> None:
    assert phrase(text) == parts


@pytest.mark.parametrize(
    ("said", "value"),
    [("两百", 200), ("两百五", 250), ("一千二百", 1200), ("三万", 30_000), ("二十", 20), ("十五", 15),
     ("一百零五", 105), ("一万两千", 12_000), ("八", 8), ("二零", 20)],
)  # fmt: skip
def test_chinese_numerals_are_numbers(said: str, value: float) -> None:
    assert numeral(said) == value


@pytest.mark.parametrize(
    ("query", "low", "high", "unit", "priced"),
    [
        ("under 800", None, 800, None, False),
        ("cheaper than $50", None, 50, None, True),
        ("over 50", 50, None, None, False),
        ("between 200 and 300", 200, 300, None, False),
        ("$200 to $300", 200, 300, None, True),
        ("price from 20 to 30", 20, 30, None, True),
        ("20-30 dollars", 20, 30, None, True),
        ("128 gb or more", 128, None, "GB", False),
        ("at least 8 gb", 8, None, "GB", False),
        ("16gb-32gb", 16, 32, "GB", False),
        ("less than 2 kg", None, 2, "kg", False),
        ("500+", 500, None, None, False),
        ("两百以内", None, 200, None, False),
        ("200元以下", None, 200, None, True),
        ("100到200块", 100, 200, None, True),
        ("1千到2千元", 1000, 2000, None, True),
        ("不超过两千五", None, 2500, None, False),
        ("价格两百到三百之间", 200, 300, None, True),
        ("三百左右", 240, 360, None, False),
        ("15寸以上", 15, None, "inch", False),
    ],
)
def test_what_stands_around_a_number_is_read_with_it(
    query: str, low: float | None, high: float | None, unit: str | None, priced: bool
) -> None:
    (found,) = read(query)
    assert (found.low, found.high, found.unit and found.unit.name, found.priced) == (low, high, unit, priced)
    assert found.compared
    assert (found.start, found.end) == (0, len(atoms(normalise(query))))


def test_a_number_by_itself_is_that_very_number() -> None:
    inch, memory = read('27" monitor 16 gb')
    assert (inch.low, inch.high, inch.compared) == (27, 27, False)
    assert (memory.start, memory.end) == (3, 5)


@pytest.mark.parametrize("query", ["三星手机", "一次性手套", "千层饼", "dv7-1211ea", "tea", ""])
def test_a_numeral_within_a_word_is_no_number(query: str) -> None:
    assert read(query) == []


def test_inches_are_not_read_into_a_preposition() -> None:
    assert read("16 in stock")[0].unit is None
    assert read("16in stock")[0].unit is not None


@pytest.mark.parametrize("text", ["225.50.18", "under 1.500,50", "10.0.0.1-2", "1.2.3 gb", "5.5.5+"])
def test_what_is_no_number_is_a_word(text: str) -> None:
    assert quantities(atoms(text)) == []


def test_whatever_is_typed_of_digits_and_signs_is_read() -> None:
    draw, letters = np.random.default_rng(0), list("0123456789.,,..-+ gbk$under元百两至~<>x/'")
    for _ in range(2_000):
        text = "".join(draw.choice(letters, int(draw.integers(1, 14))))
        assert all(one.low is None or one.high is None or one.low <= one.high for one in quantities(atoms(text)))
