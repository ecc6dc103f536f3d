"""Claims:

1. a cost is the sum of the cheapest edits, each at its own price, worked out here by hand.
2. an error in the first letter costs more.
3. nothing was meant by the same word but itself, and the costs are below those of chance.
"""

import pytest

from shopkeeper.understand.keyboard import BESIDE, DOUBLED, FIRST, LEFT_OUT, OTHER, SWAPPED, TOUCHING, VOWEL, cost


@pytest.mark.parametrize(
    ("typed", "meant", "expected"),
    [
        ("mouse", "mouse", 0.0),
        ("muose", "mouse", SWAPPED),
        ("mpuse", "mouse", BESIDE),
        ("mouwse", "mouse", BESIDE),
        ("mousse", "mouse", DOUBLED),
        ("cofee", "coffee", DOUBLED),
        ("prnter", "printer", LEFT_OUT),
        ("menitor", "monitor", VOWEL),
        ("motitor", "monitor", OTHER),
        ("moqnitor", "monitor", OTHER),
        ("omuse", "mouse", SWAPPED + FIRST),
        ("enovo", "lenovo", LEFT_OUT + FIRST),
        ("nouse", "mouse", BESIDE + FIRST),
        ("muoss", "mouse", SWAPPED + BESIDE),
        ("", "ab", LEFT_OUT + FIRST + LEFT_OUT),
    ],
)
def test_a_cost_is_the_sum_of_the_cheapest_edits(typed: str, meant: str, expected: float) -> None:
    assert cost(typed, meant) == pytest.approx(expected)


def test_keys_touch_both_ways_and_never_themselves() -> None:
    assert {pair[::-1] for pair in TOUCHING} == TOUCHING
    assert not any(pair[0] == pair[1] for pair in TOUCHING)
    assert {"as", "aq", "az", "gh", "gt", "gy", "gv", "gb"} <= TOUCHING
    assert not {"ap", "qz", "gn"} & TOUCHING


def test_errors_of_the_keyboard_cost_less_than_those_of_chance() -> None:
    assert max(SWAPPED, BESIDE, DOUBLED, LEFT_OUT) < VOWEL < OTHER
