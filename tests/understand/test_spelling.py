"""Claims:

1. a misspelt word becomes the nearest word of the catalogue; between equals the neighbour decides, then the count.
2. a word the catalogue says, in either number, and a word with a digit are never touched.
3. words run together are parted, words torn apart are joined, where the catalogue says them so.
4. in a word of four letters none is exchanged for another but where the neighbour bears it out.
5. short words and words with nothing near stay as they are.
"""

import pytest

from shopkeeper.text import is_code, singular_of
from shopkeeper.understand.lexicon import Lexicon, is_code_query
from shopkeeper.understand.spelling import Speller

TITLES = [
    "whole milk 1 gallon",
    "skimmed milk",
    "chocolate milk shake",
    "mint tea",
    "vanilla ice cream",
    "dark chocolate bar",
    "bananas",
    "strawberries 500 g",
    "shampoo for babies",
    "wd-40 spray",
    "car wash",
    "cat food",
    "corn chips",
]
SPELLER = Speller(Lexicon.of(TITLES))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mlik", "milk"),
        ("choclate", "chocolate"),
        ("chocalatte", "chocolate"),
        ("bananna", "banana"),
        ("strawbery", "strawberry"),
        ("vanila ice crem", "vanilla ice cream"),
        ("shmapoo", "shampoo"),
    ],
)
def test_a_misspelt_word_becomes_the_nearest_word(typed: str, meant: str) -> None:
    assert SPELLER.correct(typed.split()) == meant.split()


def test_between_equals_the_neighbour_decides() -> None:
    speller = Speller(Lexicon.of(["mint tea", "mink coat", "mink hat", "mink scarf"]))
    assert speller.correct(["minz", "tea"]) == ["mint", "tea"]
    assert speller.correct(["minkk", "bag"]) == ["mink", "bag"]


def test_in_a_short_word_a_letter_is_exchanged_only_where_the_neighbour_bears_it_out() -> None:
    speller = Speller(Lexicon.of(["layer cake", "cola"]))
    assert speller.correct(["coke"]) is None
    assert speller.correct(["layer", "coke"]) == ["layer", "cake"]
    assert speller.correct(["caek"]) == ["cake"]
    assert speller.correct(["cke"]) is None
    assert speller.correct(["cakke"]) == ["cake"]


@pytest.mark.parametrize("known", ["milk", "banana", "strawberry", "teas", "shakes", "wd-41", "500", "50o0", "cat"])
def test_what_is_known_and_what_holds_a_digit_is_never_touched(known: str) -> None:
    assert SPELLER.correct([known]) is None


def test_words_run_together_are_parted() -> None:
    assert SPELLER.correct(["icecream"]) == ["ice", "cream"]


def test_words_torn_apart_are_joined() -> None:
    assert SPELLER.correct(["sham", "poo", "for", "babies"]) == ["shampoo", "for", "babies"]


def test_known_words_that_would_make_a_third_stay_apart() -> None:
    speller = Speller(Lexicon.of(["car wash", "carwash brush"]))
    assert speller.correct(["car", "wash"]) is None


@pytest.mark.parametrize("word", ["cta", "book", "fork", "headphones", "xylophone"])
def test_short_words_and_words_with_nothing_near_stay(word: str) -> None:
    assert SPELLER.correct([word]) is None


def test_codes_hold_a_digit_and_units_stand_only_beside_them() -> None:
    assert [word for word in ("wd-40", "22", "a4", "milk", "5节") if is_code(word)] == ["wd-40", "22", "a4"]
    assert is_code_query(["22", "lb"])
    assert not is_code_query(["lb"])
    assert not is_code_query(["milk", "2"])


def test_the_lexicon_counts_a_text_once() -> None:
    lexicon = Lexicon.of(["milk milk", "milk milk", "oat milk"])
    assert lexicon.counts == {"milk": 2, "oat": 1}
    assert lexicon.pairs == {"milk milk", "oat milk"}


def test_singulars_are_of_plurals_only() -> None:
    words = ("berries", "boxes", "apples", "tomatoes", "glass", "tennis", "gas")
    assert [singular_of(word) for word in words] == ["berry", "box", "apple", "tomato", None, None, None]
