"""Claims:

1. A text that is a number with a known unit, in English or Chinese, is an amount; anything else is none.
2. Amounts of one kind compare, whatever their unit.
3. Bounds are read as facets write them, and written so again; bounds the wrong way round or of two kinds are none.
"""

import pytest

from shopkeeper.amounts import Between, amount_of


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("16 GB", 16.0, "GB"),
        ("16gb", 16.0, "GB"),
        ("1,5 l", 1.5, "l"),
        ("1.5 liter", 1.5, "l"),
        ("1,500", 1500.0, ""),
        ("1,234.5 kg", 1234.5, "kg"),
        ('27"', 27.0, "inch"),
        ("500克", 500.0, "g"),
        ("１５ 英寸", 15.0, "inch"),
        ("-20", -20.0, ""),
        (".5 m", 0.5, "m"),
    ],
)
def test_a_number_with_its_unit_is_an_amount(text: str, number: float, unit: str) -> None:
    found = amount_of(text)
    assert found is not None
    assert (found.number, found.unit.name) == (number, unit)


@pytest.mark.parametrize("text", ["", "red", "16 bananas", "0 - 40", "2 x 2", "1e400", "GB 16"])
def test_other_texts_are_no_amount(text: str) -> None:
    assert amount_of(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.5 l", "1500 ml"), ("512 MB", "0.5 GB"), ("1 TB", "1000 GB"), ("2斤", "1公斤"), ("1 ft", "12 in")],
)
def test_amounts_of_one_kind_compare(one: str, other: str) -> None:
    first, second = amount_of(one), amount_of(other)
    assert first is not None
    assert second is not None
    assert first.worth == pytest.approx(second.worth)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("8..16 GB", Between(8, 16, "GB")),
        ("8.. GB", Between(8, None, "GB")),
        ("..16 GB", Between(None, 16, "GB")),
        ("8 GB", Between(8, 8, "GB")),
        ("-3..-1.5", Between(-3, -1.5)),
        ("2..", Between(2, None)),
        ("..1500000", Between(None, 1_500_000)),
        ("0.000025..123456789", Between(0.000025, 123_456_789)),
    ],
)
def test_bounds_are_read_as_they_are_written(text: str, bounds: Between) -> None:
    assert Between.of(text) == bounds
    assert str(bounds) == text


def test_an_end_in_another_unit_is_converted() -> None:
    assert Between.of("500 GB..2 TB") == Between(0.5, 2, "TB")


@pytest.mark.parametrize("text", ["", "..", "16..8 GB", "a..b", "8..16 bananas", "1 kg..2 GB", ".. GB", "2 TB..500 GB"])
def test_bounds_that_cannot_be_read_are_none(text: str) -> None:
    assert Between.of(text) is None
