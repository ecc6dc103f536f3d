"""Claims:

1. Each attribute's rows and values are held; names and values that differ in case alone are one, as first written.
2. A row that changes says only what it says now; the attributes before stay as they were. What rows say after many
   changes is what they would say if they were read anew, apart or put together.
3. An attribute of which most are numbers of one kind has a measure in its most common unit; others have none.
4. What lies between bounds is found in any unit of the kind, ends included, and in no unit of another.
5. A column takes as few bytes a row as its values allow, and one more code fits.
"""

import numpy as np
import pytest

from shopkeeper import attributes as module
from shopkeeper.amounts import Between
from shopkeeper.attributes import NO_ATTRIBUTES, NO_VALUE, Attributes

SHELF = Attributes.of(
    [
        {"Colour": "Red", "Memory": "8 GB"},
        {"colour": "red", "Memory": "512 MB"},
        {},
        {"COLOUR": "Sky  blue", "Memory": "16 GB", "Note": "new"},
        {"Memory": "none", "Note": ""},
        {"Memory": "32 GB"},
        {"Memory": "8192 MB"},
        {"Memory": "16 GB"},
    ]
)


def values(attributes: Attributes, name: str, n: int) -> list[str]:
    at = attributes.place(name)
    assert at is not None
    return [attributes.texts[at][code] if code != NO_VALUE else "" for code in attributes.column(at, n).tolist()]


def test_names_and_values_that_differ_in_case_alone_are_one() -> None:
    assert SHELF.names == ("Colour", "Memory", "Note")
    assert values(SHELF, "cOLOUR", 8) == ["Red", "Red", "", "Sky blue", "", "", "", ""]
    at = SHELF.place("note")
    assert at is not None
    assert SHELF.entries(at)[0].tolist() == [3]
    assert SHELF.code(0, "SKY blue") == 1
    assert SHELF.code(0, "green") == NO_VALUE
    assert SHELF.place("size") is None
    assert SHELF.common(2) == ["Memory", "Colour"]


def test_a_row_that_changes_says_only_what_it_says_now() -> None:
    measure = SHELF.measure(1)
    changed = SHELF.updated(np.array([0, 9], np.int32), [{"Colour": "Green"}, {"Size": "L", "colour": "RED"}])
    assert values(changed, "colour", 10) == ["Green", "Red", "", "Sky blue", "", "", "", "", "", "Red"]
    assert values(changed, "memory", 10)[:2] == ["", "512 MB"]
    assert values(changed, "size", 10)[9] == "L"
    assert values(SHELF, "colour", 8)[0] == "Red"
    assert changed.measure(1) is measure  # nothing new was said, so it is not read again
    assert changed.place("Note") == SHELF.place("Note")
    doubled = NO_ATTRIBUTES.updated(np.array([0], np.int32), [{"size": "L", "Size": "M"}])
    assert doubled.entries(0)[1].tolist() == [0]
    twice = NO_ATTRIBUTES.updated(np.array([0, 0], np.int32), [{"a": "1"}, {"a": "2"}])
    assert values(twice, "a", 1) == ["2"]


def test_after_many_changes_rows_say_what_they_would_say_if_read_anew() -> None:
    random = np.random.default_rng(0)
    said = [{f"a{at}": str(random.integers(5)) for at in random.permutation(6)[:3]} for _ in range(40)]
    changed = Attributes.of(said)
    changed.of_rows(np.arange(40, dtype=np.int32))  # what is found by row is carried on
    for _ in range(30):
        rows = random.permutation(len(said) + 1)[:4]
        told = [{f"a{at}": str(random.integers(9)) for at in random.permutation(9)[:3]} for _ in rows]
        said += [{}] * int(rows.max() == len(said))
        for row, own in zip(rows.tolist(), told, strict=True):
            said[row] = own
        changed = changed.updated(rows.astype(np.int32), told)
    every = np.arange(len(said), dtype=np.int32)
    assert changed.since and not changed.whole().since
    for held in (changed, changed.whole()):
        assert [values(held, f"a{at}", len(said)) for at in range(9)] == [
            [row.get(f"a{at}", "") for row in said] for at in range(9)
        ]
        found = held.of_rows(every)
        assert sorted(zip(*(each.tolist() for each in found), strict=True)) == sorted(
            (at, code) for at in range(len(held.names)) for code in held.entries(at)[1].tolist()
        )
        assert held.counts(0).tolist() == np.bincount(held.entries(0)[1], minlength=len(held.texts[0])).tolist()
        assert held.common(1) == changed.whole().common(1)


def test_many_changes_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SINCE", 2)
    changed = SHELF
    for row in range(4):
        changed = changed.updated(np.array([row], np.int32), [{"Colour": "Green"}])
    assert len(changed.since) == 1
    assert values(changed, "colour", 8) == ["Green"] * 4 + [""] * 4


def test_an_attribute_of_many_values_stays_one_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLED", 3)
    settled = SHELF.measure(1)
    assert settled is not None and SHELF.measure(0) is None
    changed = SHELF.updated(np.array([0], np.int32), [{"Memory": "64 GB", "Colour": "5 GB"}])
    measure = changed.measure(1)
    assert measure is not None and measure.unit == settled.unit
    assert measure.amounts[:-1].tolist() == [0.5, 8.0, 16.0, 32.0, 64.0]


def test_what_rows_say_is_found_by_row() -> None:
    attributes, codes = SHELF.of_rows(np.array([3, 2, 99], np.int32))
    said = {(SHELF.names[at], SHELF.texts[at][code]) for at, code in zip(attributes, codes, strict=True)}
    assert said == {("Colour", "Sky blue"), ("Memory", "16 GB"), ("Note", "new")}


def test_an_attribute_of_numbers_has_a_measure_in_its_most_common_unit() -> None:
    measure = SHELF.measure(1)
    assert measure is not None
    assert measure.unit.name == "GB"
    assert measure.amounts[:-1].tolist() == [0.5, 8.0, 16.0, 32.0]
    assert SHELF.measure(0) is None


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        (Between(8, 16), {"8 GB", "8192 MB", "16 GB"}),
        (Between(None, 8, "GB"), {"8 GB", "8192 MB", "512 MB"}),
        (Between(16384, None, "mb"), {"16 GB", "32 GB"}),
        (Between(1, 100, "kg"), set()),
    ],
)
def test_what_lies_between_is_found_in_any_unit_of_the_kind(bounds: Between, found: set[str]) -> None:
    measure = SHELF.measure(1)
    assert measure is not None
    inside = measure.inside(bounds)
    assert {text for text, own in zip(SHELF.texts[1], inside.tolist(), strict=True) if own} == found
    assert measure.fits(bounds) == (bounds.unit != "kg")


@pytest.mark.parametrize(("n_values", "n_bytes"), [(1, 1), (126, 1), (127, 2), (300, 2), (32_766, 2), (32_767, 4)])
def test_a_column_is_as_narrow_as_its_values_allow(n_values: int, n_bytes: int) -> None:
    made = Attributes.of([{"a": f"v{row}"} for row in range(n_values)] + [{}])
    column = made.column(0, n_values + 1)
    assert column.dtype.itemsize == n_bytes
    assert column.tolist() == [*range(n_values), NO_VALUE]
    assert int((column + 1).max()) == n_values  # counting moves every code up by one
    assert made.of_rows(np.array([n_values - 1], np.int32))[1].tolist() == [n_values - 1]
