"""Claims:

1. of a run of Chinese characters those are changed that sound like terms of the catalogue, the others stay.
2. what the catalogue says, in words or in words side by side, is left as it is; so is what costs too much to change.
3. pinyin is read as a row of terms, with spaces at syllables, at words or without; letters that are none are left.
4. what the catalogue says later is known too, and the same texts in another order make the same terms.
5. overlong runs are left.
"""

import pytest

from shopkeeper.understand.pinyin import READ, Pinyin

TITLES = [
    "纯牛奶 250ml",
    "去屑洗发露",
    "洗发露 清爽",
    "儿童雨鞋",
    "红葡萄酒",
    "一字螺丝刀",
    "不锈钢保温杯",
    "手机壳 硅胶",
]
PINYIN = Pinyin(TITLES)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("牛乃", "牛奶"),
        ("洗发路", "洗发露"),
        ("儿童鱼鞋", "儿童雨鞋"),
        ("去屑洗发路", "去屑洗发露"),
        ("不绣钢保温杯", "不锈钢保温杯"),
        ("首机壳", "手机壳"),
    ],
)
def test_a_wrong_character_of_the_same_sound_is_set_right(typed: str, meant: str) -> None:
    assert PINYIN.heard(typed) == meant


@pytest.mark.parametrize("run", ["洗发露", "雨鞋", "儿童雨鞋", "牛肉", "鞋", "葡萄", "东方树叶"])
def test_what_the_catalogue_says_or_nothing_sounds_like_stays(run: str) -> None:
    assert PINYIN.heard(run) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["niunai"], "牛奶"),
        (["xi", "fa", "lu"], "洗发露"),
        (["xifalu", "qingshuang"], "洗发露清爽"),
        (["hongputaojiu"], "红葡萄酒"),
        (["shoujike"], "手机壳"),
        (["baowenbei", "er", "tong"], "保温杯儿童"),
        (["mouse"], None),
        (["er"], None),
        (["niunai2"], None),
        (["xzq"], None),
    ],
)
def test_pinyin_is_read_as_a_row_of_terms(typed: list[str], meant: str | None) -> None:
    assert PINYIN.spelt(typed) == meant


def test_later_texts_are_known_too() -> None:
    grown = Pinyin(TITLES)
    assert grown.spelt(["lazhu"]) is None
    grown.add(["香薰蜡烛"])
    assert grown.spelt(["lazhu"]) == "蜡烛"
    assert grown.heard("腊烛") == "蜡烛"


def test_the_order_of_the_texts_does_not_matter() -> None:
    backwards = Pinyin(TITLES[::-1])
    assert (backwards._by_sound, backwards._said) == (PINYIN._by_sound, PINYIN._said)


def test_overlong_runs_stay() -> None:
    assert PINYIN.heard("牛乃" * READ) is None
    assert PINYIN.spelt(["niunai" * READ]) is None
