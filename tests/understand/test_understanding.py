"""Claims:

1. an intent holds the normal form, the language and the tokens of what was asked; nothing of a query without words.
2. a correction is given only for what the catalogue does not say, and tokens and vector are then of the correction.
3. codes are told from words and left alone.
4. a query in pinyin, or with a wrong character of the same sound, becomes the catalogue's Chinese term.
5. without an encoder there is no vector; overlong queries are cut.
6. deleted products teach no words.
7. the words of a new product are known at once: neither corrected away nor beyond correction.
8. the intent says what was changed, and by which part; what is only doubted is offered, not searched for.
9. in a query of Chinese and Latin words each is corrected in its own way; codes and units in it are left alone.
10. the intent says which words were read in another form; Chinese is encoded in simplified characters.
11. a word that a search finds elsewhere, as in a description, is left alone, and at most doubted.
12. spelling, pinyin and doubts can be switched off, each by itself.
13. words that are kept whole are never corrected, what stands around them is.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from shopkeeper.settings import Understand
from shopkeeper.testing import worlds
from shopkeeper.types import FloatArray
from shopkeeper.understand.lexicon import catalog_texts
from shopkeeper.understand.pinyin import sound_of
from shopkeeper.understand.understanding import LONGEST, Understanding

TITLES = ["Whole milk, 1 gallon", "Crushed ice, 22 lb", "WD-40 spray", "Dark chocolate"]
CHINESE = ["纯牛奶 250ml", "去屑洗发露", "儿童雨鞋", "洗发露 清爽"]


class LengthEncoder:
    """The vector of a text is its length and its kind."""

    dimensions = 2
    fingerprint = "lengths"

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"]) -> FloatArray:
        return np.array([[len(text), kind == "query"] for text in texts], np.float32)


ENGLISH = Understanding(LengthEncoder(), TITLES)
MIXED = Understanding(None, TITLES + CHINESE)


def test_the_normal_form_the_language_and_the_tokens() -> None:
    intent = ENGLISH.understand("  Whole  MILK ")
    assert (intent.query, intent.language, intent.tokens) == ("whole milk", "en", ("whole", "milk"))
    assert intent.correction is None
    assert intent.vector is not None
    assert intent.vector.tolist() == [10, 1]


@pytest.mark.parametrize("query", ["", "   ", "?!", "\u0007"])
def test_a_query_without_words_has_neither_tokens_nor_vector(query: str) -> None:
    intent = ENGLISH.understand(query)
    assert (intent.tokens, intent.vector, intent.correction) == ((), None, None)


def test_a_correction_is_searched_for_in_place_of_what_was_typed() -> None:
    intent = ENGLISH.understand("wohle mikl")
    assert (intent.query, intent.correction, intent.tokens) == ("wohle mikl", "whole milk", ("whole", "milk"))
    assert intent.vector is not None
    assert intent.vector.tolist() == [10, 1]


def test_what_the_catalogue_says_is_not_corrected() -> None:
    assert ENGLISH.understand("dark ice").correction is None


@pytest.mark.parametrize("query", ["wd-41", "22 lb", "B00X4WHP5E", "12"])
def test_codes_are_left_alone(query: str) -> None:
    intent = ENGLISH.understand(query)
    assert intent.is_code
    assert intent.correction is None


def test_words_are_no_codes() -> None:
    assert not ENGLISH.understand("milk 22").is_code


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("niunai", "牛奶"), ("xi fa lu", "洗发露"), ("洗发路", "洗发露"), ("牛乃", "牛奶"), ("erтong", None)],
)
def test_what_sounds_like_a_term_becomes_the_term(typed: str, meant: str | None) -> None:
    assert MIXED.understand(typed).correction == meant


def test_a_correction_from_pinyin_is_chinese() -> None:
    intent = MIXED.understand("niunai")
    assert (intent.query, intent.language, intent.tokens) == ("niunai", "zh", ("牛奶",))


@pytest.mark.parametrize("query", ["洗发露", "雨鞋", "牛肉", "milk", "鞋"])
def test_chinese_that_the_catalogue_says_or_nothing_sounds_like_stays(query: str) -> None:
    assert MIXED.understand(query).correction is None


def test_a_misspelt_english_word_is_corrected_in_a_mixed_shop() -> None:
    assert MIXED.understand("choclate").correction == "chocolate"


def test_sounds_are_without_tones() -> None:
    assert sound_of("牛奶") == "niunai"


def test_without_an_encoder_there_is_no_vector() -> None:
    assert MIXED.understand("milk").vector is None


def test_an_overlong_query_is_cut() -> None:
    assert len(ENGLISH.understand("milk " * 10_000).query) <= LONGEST


def test_deleted_products_teach_no_words() -> None:
    shelf = worlds.catalog(["milk", "cheese"], brands=["Nord", "Sud"], deleted=np.array([False, True]))
    assert catalog_texts(shelf) == ["milk", "Nord", "All"]


def test_the_words_of_a_new_product_are_known_at_once() -> None:
    shelf = worlds.catalog(["Assam tea", "Dark chocolate", "Assami chocolate bar", "去屑洗发露", "Gone quollish"])
    shelf = replace(shelf, deleted=np.array([False] * 4 + [True]))
    made = Understanding(None, ["Assam tea", "Dark chocolate"])
    assert made.understand("assami").correction == "assam"
    for row in (2, 3, 4):
        made.update(shelf, np.array([row], np.int32), None)
    assert made.understand("assami").correction is None
    assert made.understand("assami chocolte").correction == "assami chocolate"
    assert made.understand("asami bar").correction == "assami bar"
    assert made.understand("chocolatebar").correction == "chocolate bar"
    assert made.understand("xifalu").correction == "洗发露"
    assert not made.lexicon.knows("quollish")


def test_the_intent_says_what_was_changed_and_by_what() -> None:
    intent = ENGLISH.understand("Wohle mikl")
    assert intent.changes == (("spelling", "wohle", "whole"), ("spelling", "mikl", "milk"))
    assert ENGLISH.understand("darkchocolate").changes == (("split", "darkchocolate", "dark chocolate"),)
    assert MIXED.understand("xi fa lu").changes == (("pinyin", "xi fa lu", "洗发露"),)
    assert MIXED.understand("洗发路").changes == (("homophone", "洗发路", "洗发露"),)
    assert ENGLISH.understand("whole milk").changes == ()


def test_a_query_of_both_scripts_is_corrected_in_both() -> None:
    intent = MIXED.understand("choclate 牛乃 250ml wd-41")
    assert intent.correction == "chocolate 牛奶 250ml wd-41"
    assert [change.by for change in intent.changes] == ["spelling", "homophone"]
    assert MIXED.understand("儿童niunai").correction == "儿童牛奶"


def test_what_is_doubted_is_offered_and_not_searched_for() -> None:
    texts = ["toner caertridge", *(f"cartridge {n}" for n in range(150))]
    intent = Understanding(None, texts).understand("caertridge 12")
    assert (intent.correction, intent.maybe, intent.tokens) == (None, "cartridge 12", ("caertridge", "12"))
    off = Understanding(None, texts, Understand(did_you_mean=False))
    assert off.understand("caertridge 12").maybe is None


@pytest.mark.parametrize(
    ("switch", "query", "left"),
    [("spelling", "wohle milk", "niunai"), ("pinyin", "niunai", "wohle milk"), ("pinyin", "牛乃", "choclate")],
)
def test_each_part_can_be_switched_off(switch: str, query: str, left: str) -> None:
    switched = Understanding(None, TITLES + CHINESE, Understand(**{switch: False}))
    assert switched.understand(query).correction is None
    assert switched.understand(left).correction is not None


def test_a_part_that_is_off_stays_off_when_products_come() -> None:
    shelf = worlds.catalog(["腊肉 yoghurt"])
    for switch, query in (("spelling", "yoghrut"), ("pinyin", "larou")):
        switched = Understanding(None, TITLES + CHINESE, Understand(**{switch: False}))
        switched.update(shelf, np.array([0], np.int32), None)
        assert switched.understand(query).correction is None
        assert switched.lexicon.knows("yoghurt")


def test_past_queries_decide_between_words_as_near() -> None:
    made = Understanding(None, ["lover doll", "lower shelf", "lower bunk"])
    assert made.understand("loer").correction == "lower"
    made.remember({"lover doll": 40})
    assert made.understand("loer").correction == "lover"


def test_the_intent_says_which_words_were_read_in_another_form() -> None:
    intent = ENGLISH.understand("Crème milk 1,5 L")
    assert intent.changes == (("accents", "crème", "creme"), ("units", "1,5 l", "1.5l"))
    assert (intent.query, intent.correction, intent.tokens) == ("crème milk 1,5 l", None, ("creme", "milk", "1.5l"))
    assert ENGLISH.understand("milk 1.5l").changes == ()
    chinese = Understanding(LengthEncoder(), CHINESE).understand("純牛奶 250毫升")
    assert chinese.changes == (("traditional", "純牛奶", "纯牛奶"), ("units", "250毫升", "250ml"))
    assert chinese.correction is None
    assert set(chinese.tokens) == {"牛奶", "纯牛奶", "250ml"}


def test_a_unit_is_never_corrected() -> None:
    made = Understanding(None, ["sugar 1 lb", "gallium lamp"])
    assert made.understand("gallon sugr").correction == "gallon sugar"
    assert made.understand("pounds").correction is None


def test_a_word_that_a_search_finds_elsewhere_is_left_alone() -> None:
    made = Understanding(None, [f"chocolate {n}" for n in range(60)])
    assert made.understand("chocolat").correction == "chocolate"
    made.find_in({"chocolat"}.__contains__)
    intent = made.understand("chocolat")
    assert (intent.correction, intent.maybe) == (None, "chocolate")
    assert made.understand("choclate").correction == "chocolate"
    made.update(worlds.catalog(["Oat drink"]), np.array([0], np.int32), None)
    assert made.understand("chocolat").correction is None


def test_words_that_are_kept_whole_are_never_corrected() -> None:
    kept = re.compile(r"chocolte|纯牛乃")
    assert ENGLISH.understand("dark chocolte").correction == "dark chocolate"
    assert ENGLISH.understand("dark chocolte", kept).correction is None
    around = ENGLISH.understand("Whoel  chocolte mlik", kept)
    assert around.correction == "whole chocolte milk"
    assert [change.said for change in around.changes] == ["whoel", "mlik"]
    assert MIXED.understand("纯牛乃").correction == "纯牛奶" and MIXED.understand("纯牛乃", kept).correction is None
    assert MIXED.understand("去屑洗发路 纯牛乃", kept).correction == "去屑洗发露 纯牛乃"
