"""Claims:

1. both languages have the same keys and the same gaps, and every key a template asks for is there.
2. the cookie decides, then the browser's list by its weights, then English.
3. prices, numbers, dates and signed parts read as people write them.
"""

import re
import string
from pathlib import Path

import pytest

import shopkeeper.console
from shopkeeper import plugins
from shopkeeper.console.language import Words, choose, table
from shopkeeper.console.merchant import KINDS
from shopkeeper.types import Language

HERE = Path(shopkeeper.console.__file__).parent


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    english, chinese = table("en"), table("zh")
    assert {key for key in english if not key.endswith("_one")} == set(chinese)
    assert {key: gaps(text) for key, text in chinese.items()} == {key: gaps(english[key]) for key in chinese}


def test_every_key_that_a_page_asks_for_is_there() -> None:
    asked = set()
    for path in [*HERE.glob("templates/*.html"), *HERE.glob("*.py")]:
        asked |= set(
            re.findall(r"""(?:\bt|words)\(\s*['"]([a-z]+\.[a-z_]+)['"]\s*[,)]""", path.read_text(encoding="utf-8"))
        )
    assert len(asked) > 60
    assert asked <= set(table("en"))


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("zh", "en-US,en;q=0.9", "zh"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "zh;q=0.2, en;q=0.7", "en"),
        (None, "fr-FR, fr;q=0.9", "en"),
        ("xx", "zh", "zh"),
        (None, "zh;q=nonsense,en", "en"),
        (None, "", "en"),
    ],
)
def test_the_cookie_decides_then_the_browser(cookie: str | None, accepted: str, language: Language) -> None:
    assert choose(cookie, accepted) == language


def test_prices_numbers_and_dates_read_as_people_write_them() -> None:
    english, chinese = Words("en"), Words("zh")
    assert english.price(1234.5, "USD") == "$1,234.50"
    assert chinese.price(1234.5, "USD") == "US$1,234.50"
    assert chinese.price(9.9, "CNY") == "¥9.90"
    assert english.price(500, "JPY") == "¥500"
    assert english.price(2, "CHF") == "CHF 2.00"
    assert english.price(float("nan"), "USD") == english.price(None, "USD") == ""
    assert (english.date(17_500.4), chinese.date(17_500.4)) == ("30 Nov 2017", "2017年11月30日")
    assert (english.signed(-3.1094), english.signed(0.0123456, 5), english.signed(0.0)) == (
        "−3.109",
        "+0.01235",
        "+0.000",
    )
    assert english("cart.items", n=1) == "1 item"
    assert english("cart.items", n=1200) == "1,200 items"
    assert english.part("some_new_source") == "some new source"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_merchant_reads_what_every_plugin_does(language: Language, kind: str) -> None:
    words = Words(language)
    said = {name: words.get(f"{kind}.{name}", "") for name in plugins.names(kind)}
    assert all(said.values()), [name for name, text in said.items() if not text]
    assert not any("`" in text for text in said.values())
