"""Claims:

1. a misspelt word becomes the nearest word of the catalogue; between equals the neighbour decides, then the count of
   texts and past queries.
2. a word the catalogue says, in either number, and a word with a digit are never touched.
3. words run together are parted, words torn apart are joined, where the catalogue says them so.
4. in a word of four letters none is exchanged for another but where the neighbour bears it out.
5. short words and words with nothing near stay as they are; a word of three letters is meant only by one with a letter
   struck twice, or, where it is frequent, the key beside.
6. a word of everyday English that the catalogue does not say is another thing, but where its neighbour bears it out.
7. of a query no more than eight unknown words are looked up.
8. a word of one text that is nearly another of fifty times as many is doubted, not corrected.
9. each correction says which part did it.
"""

import pytest

from shopkeeper.text import is_code, singular_of
from shopkeeper.understand.lexicon import Lexicon, is_code_query
from shopkeeper.understand.spelling import MOST_WORDS, Speller

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


def test_numbers_are_never_put_together() -> None:
    speller = Speller(Lexicon.of(["room 125", "ps5 game"]))
    assert speller.correct(["12", "5"]) is None
    assert speller.correct(["ps", "5"]) is None


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
    assert [pair in lexicon.pairs for pair in ("milk milk", "oat milk", "milk oat")] == [True, True, False]
    assert lexicon.grown(["oat bran"]).grown(["rye bread"]).says_pair("oat bran")


def test_singulars_are_of_plurals_only() -> None:
    words = ("berries", "boxes", "apples", "tomatoes", "glass", "tennis", "gas")
    assert [singular_of(word) for word in words] == ["berry", "box", "apple", "tomato", None, None, None]


def test_a_letter_struck_twice_is_the_only_way_to_a_word_of_three() -> None:
    speller = Speller(Lexicon.of(["usb stick", "fan heater"]))
    assert speller.correct(["ussb"]) == ["usb"]
    assert speller.correct(["fann"]) == ["fan"]
    assert speller.correct(["fanb"]) is None
    assert speller.correct(["sub"]) is None
    many = Speller(Lexicon.of([f"fan {n}" for n in range(60)]))
    assert many.correct(["fanb"]) == ["fan"]
    assert many.correct(["fanq"]) is None


def test_what_is_asked_for_decides_between_words_as_near() -> None:
    speller = Speller(Lexicon.of(["lover doll", "lower shelf", "lower bunk"]))
    assert speller.correct(["loer"]) == ["lower"]
    assert speller.asked({"lower": 1, "lover doll": 40}).correct(["loer"]) == ["lover"]


def test_an_everyday_word_that_the_shop_does_not_say_is_another_thing() -> None:
    speller = Speller(Lexicon.of(["solid charger", "wireless mouse", "mouse pad"]))
    assert speller.correct(["solar"]) is None
    assert speller.correct(["moose"]) is None
    assert speller.correct(["wireless", "moose"]) == ["wireless", "mouse"]
    assert speller.correct(["moise"]) == ["mouse"]


def test_a_small_word_beside_it_bears_nothing_out() -> None:
    speller = Speller(Lexicon.of(["plates for pets", "lead for pets"]))
    assert speller.correct(["lead", "for", "pots"]) is None


def test_a_number_or_a_unit_beside_it_bears_nothing_out() -> None:
    speller = Speller(Lexicon.of(["Layer cake, 12 ct", "Layer cake pk", "Cola"]))
    assert speller.correct(["diet", "coke", "12", "pk"]) is None
    assert speller.correct(["coke", "pk"]) is None


def test_of_a_long_query_the_first_unknown_words_are_looked_up() -> None:
    assert SPELLER.correct(["shmapoo"] * (MOST_WORDS + 3)) == ["shampoo"] * MOST_WORDS + ["shmapoo"] * 3


def test_a_rare_word_beside_a_frequent_one_is_doubted() -> None:
    speller = Speller(Lexicon.of(["toner caertridge", *(f"cartridge {n}" for n in range(150))]))
    assert speller.correct(["caertridge"]) is None
    doubt = speller.doubted(["toner", "caertridge"])
    assert doubt is not None
    assert (doubt.said, doubt.meant) == ("caertridge", "cartridge")
    assert speller.doubted(["cartridge"]) is None
    assert speller.doubted(["12"]) is None
    everyday = Speller(Lexicon.of(["flower pots", *(f"ports {n}" for n in range(150))]))
    assert everyday.doubted(["pots"]) is None


def test_each_correction_says_which_part_did_it() -> None:
    mended = SPELLER.mended(["sham", "poo", "icecream", "mlik", "tea"])
    assert [(part.by, part.said, part.meant) for part in mended] == [
        ("joined", ("sham", "poo"), ("shampoo",)),
        ("split", ("icecream",), ("ice", "cream")),
        ("spelling", ("mlik",), ("milk",)),
        ("", ("tea",), ("tea",)),
    ]
