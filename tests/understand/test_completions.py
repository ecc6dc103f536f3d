"""Claims:

1. each completion says what it is: a category, a brand, a product or a past query.
2. where nothing begins with what was typed, a key struck wrongly is taken back, the likeliest first; never in codes,
   and never where anything begins so.
3. Chinese is completed by pinyin and by initials, after what is written in these letters; new products at once.
4. a wrong character of the same sound finds what sounds alike.
5. a shopper's own come first, few of them and each once.
6. a character sounds as it usually does, ü as v; initials end where the Chinese ends.
"""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.testing import worlds
from shopkeeper.understand.slips import meant
from shopkeeper.understand.sounds import initials, is_typed_by_ear, sound
from shopkeeper.understand.suggest import Suggester
from shopkeeper.understood import Completion

SHELF = worlds.catalog(
    ["Green tea, 20 bags", "Grenadine", "Milk 3x", "纯牛奶 1升", "儿童雨鞋", "绿茶"],
    brands=["Nord", "Nord", "Milky Way", "光明", "", ""],
    categories=np.array([0, 0, 1, 1, 2, 0], np.int32),
    category_paths=[("Drinks", "Tea"), ("Food", "Dairy"), ("Shoes", "雨鞋")],
)
MADE = Suggester(SHELF, np.array([6, 5, 4, 3, 2, 1], np.float32), {"milk powder": 1000})


def texts(typed: str, k: int = 8) -> list[str]:
    return [each.text for each in MADE.complete(typed, k)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("green", Completion("Green tea, 20 bags", "product")),
        ("nor", Completion("Nord", "brand")),
        ("da", Completion("Dairy", "category")),
        ("milk p", Completion("milk powder", "query")),
        ("雨", Completion("雨鞋", "category")),
    ],
)
def test_a_completion_says_what_it_is(typed: str, first: Completion) -> None:
    assert MADE.complete(typed)[0] == first


@pytest.mark.parametrize(
    ("typed", "first"),
    [("greem", "Green tea, 20 bags"), ("mlik", "milk powder"), ("dairyy", "Dairy"), ("grren te", "Green tea, 20 bags")],
)
def test_a_key_struck_wrongly_is_taken_back(typed: str, first: str) -> None:
    assert texts(typed)[0] == first


def test_what_begins_so_is_never_taken_for_a_slip_and_codes_are_never_guessed() -> None:
    assert texts("gren") == ["Grenadine"]
    assert texts("milk 4") == texts("zzz") == texts("xq") == []


def test_of_two_slips_the_likelier_goes_first() -> None:
    begins = {"mail", "mall", "malt"}
    found = meant("malk", lambda asked: any(word.startswith(asked) for word in begins))
    assert [other for other, _ in found] == ["mal", "mall", "malt"]
    assert [errors for _, errors in found] == sorted(errors for _, errors in found)
    assert (
        meant("m3lk", lambda asked: True) == meant("牛乃", lambda asked: True) == meant("ma", lambda asked: True) == []
    )


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("niun", ["纯牛奶 1升"]),
        ("chunniu", ["纯牛奶 1升"]),
        ("cnn", ["纯牛奶 1升"]),
        ("lvc", ["绿茶"]),
        ("yux", ["雨鞋", "儿童雨鞋"]),
        ("yx", ["雨鞋"]),
        ("guang", ["光明"]),
    ],
)
def test_chinese_is_completed_by_pinyin_and_initials(typed: str, found: list[str]) -> None:
    assert texts(typed) == found


def test_what_is_written_so_goes_before_what_sounds_so() -> None:
    shelf = worlds.catalog(["Lvmh bag", "绿茶"])
    assert Suggester(shelf, np.array([1, 9], np.float32)).suggest("lv") == ["Lvmh bag", "绿茶"]


def test_a_wrong_character_of_the_same_sound_finds_what_sounds_alike() -> None:
    assert texts("牛乃") == ["纯牛奶 1升"]
    assert texts("猪") == []


def test_new_chinese_products_are_completed_by_sound_at_once() -> None:
    made = Suggester(SHELF)
    grown = worlds.catalog([*SHELF.titles, "酸奶"])
    made.update(grown, np.array([6], np.int32), None)
    assert made.suggest("suann") == made.suggest("sn") == ["酸奶"]
    made.update(replace(grown, deleted=np.arange(7) == 6), np.array([6], np.int32), None)
    assert made.suggest("suann") == []


def test_a_shoppers_own_come_first_few_and_once() -> None:
    own = [Completion(text, "query") for text in ("milk for tea", "Milk 3x", "tea", "milk a", "milk b")]
    found = MADE.complete("milk", 8, own)
    assert [(each.text, each.own) for each in found] == [
        ("milk for tea", True),
        ("Milk 3x", True),
        ("milk a", True),
        ("milk powder", False),
        ("Milky Way", False),
    ]
    assert [each.text for each in MADE.complete("milk", 2, own)] == ["milk for tea", "Milk 3x"]
    assert MADE.complete("", 8, own) == []


def test_a_character_sounds_as_it_usually_does() -> None:
    assert (sound("牛奶 500ml"), sound("绿茶"), sound("女鞋")) == ("niunai500ml", "lvcha", "nvxie")
    assert (initials("牛奶 500ml"), initials("500ml牛奶"), initials("")) == ("nn", "", "")
    assert is_typed_by_ear("niu nai") and not is_typed_by_ear("n") and not is_typed_by_ear("niu2")
