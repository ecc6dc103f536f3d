"""Claims:

1. an intent holds the normal form, the language and the tokens of what was asked; nothing of a query without words.
2. a correction is given only for what the catalogue does not say, and tokens and vector are then of the correction.
3. codes are told from words and left alone.
4. a query in pinyin, or with a wrong character of the same sound, becomes the catalogue's Chinese term.
5. without an encoder there is no vector; overlong queries are cut.
6. deleted products teach no words.
7. the words of a new product are known at once: neither corrected away nor beyond correction.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

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
