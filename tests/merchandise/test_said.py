"""Claims:

1. what is wrong in the file is said in one line: the rule, where it begins, the field, what stands there, what may.
2. the examples in both languages say nothing as they are, and are valid once their marks are taken away.
3. the example is written once, and never over a file that is there.
"""

import re
from pathlib import Path

import pytest

from shopkeeper.errors import RuleError
from shopkeeper.merchandise.conflicts import conflicts
from shopkeeper.merchandise.example import example, write_example
from shopkeeper.merchandise.rules import RuleBook
from shopkeeper.merchandise.said import NOTHING, parse
from shopkeeper.types import BoolArray, Catalog, Filters, Language


def masked(catalog: Catalog, filters: Filters) -> BoolArray:
    raise AssertionError("no catalogue is asked")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules = [", "merchandising.toml: not valid TOML"),
        ("a = " + "[" * 5000, "merchandising.toml: not valid rules: brackets are nested too deeply. Take some away."),
        ("a = " + "{b=" * 5000, "merchandising.toml: not valid rules: brackets are nested too deeply."),
        ("ruls = []", "merchandising.toml: ruls: no such field. Allowed: dictionary, rules, timezone. Did you mean 'r"),
        ('timezone = "Mars/North"', "merchandising.toml: timezone: no time zone 'Mars/North'. Write one such as"),
        ("[[rules]]\nenabled = true", "line 1: rule 1: name: is required. Write name = ..."),
        ('[[rules]]\nname = "a"\npins = []', "line 1: rule 'a': pins: no such field. Allowed: audience, boost, bury"),
        (
            '[[rules]]\nname = "a"\n[[rules]]\nname = "b"\npin = [{ product = "x", place = 0 }]',
            "line 3: rule 'b': pin.0.place: must be greater than or equal to 1, got '0'.",
        ),
        ("rules = 3", "merchandising.toml: rules: must be a valid tuple, got '3'."),
        ("rules = [3]", "merchandising.toml: rule 1: must be a valid dictionary or instance of MerchantRule"),
        ('[[rules]]\nname = "a\\nb"', "name: string should match pattern"),
        ('[[rules]]\nname = "a"\nschedule = { until = 9999-12-31 }', "until: must lie in the years 1971 to 9000"),
        ('[[rules]]\nname = "a"\nschedule = { from = 18:00:00 }', "rule 'a': schedule.from: must be a valid datetime"),
        ('[[rules]]\nname = "a"\nhide = [{}]', "hide.0: names no product. Name products, brands, categories or att"),
        ('[[rules]]\nname = "a"\nredirect = {}', "redirect: needs either `to`, an address, or `search`, other words"),
        (
            '[[rules]]\nname = "a"\nredirect = { to = "javascript:alert(1)" }',
            "redirect.to: must be a path such as /sale or an address that begins with https://, got 'javascript",
        ),
        ('[[rules]]\nname = "a"\nredirect = { to = "//elsewhere" }', "redirect.to: must be a path such as /sale"),
        ('[[rules]]\nname = "a"\nschedule = { hours = "7-8" }', "schedule.hours: string should match pattern"),
        ('[[rules]]\nname = "a"\nschedule = { weekdays = ["monday"] }', "schedule.weekdays.0: must be 'mon', 'tue'"),
        ('[[rules]]\nname = "a"\nwhen = { scenes = ["serch"] }', "when.scenes.0: must be 'search', 'home'"),
        ('[[rules]]\nname = "a"\nboost = [{ brands = ["b"], by = 1 }]', "boost.0.by: must be greater than 1, got '1'."),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, said: str) -> None:
    with pytest.raises(RuleError) as error:
        parse(text)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_byte_order_mark_is_no_error() -> None:
    assert parse("\ufefftimezone = 'UTC'") == NOTHING


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_example_says_nothing_until_its_marks_are_taken_away(language: Language) -> None:
    text = example(language)
    assert parse(text) == NOTHING
    lines = (line[2:] for line in text.splitlines() if re.match(r"# (\[\[|[a-z]+ = )", line))
    said = parse("\n".join(lines))
    assert said.dictionary and len(said.rules) == 6
    assert {name for rule in said.rules for name in rule.does()} == {
        "pin",
        "boost",
        "bury",
        "hide",
        "only",
        "redirect",
        "synonyms",
    }
    assert conflicts(RuleBook(said, masked)) == []


def test_the_example_is_never_written_over_a_file(tmp_path: Path) -> None:
    path = write_example(tmp_path, "en")
    assert path.read_text(encoding="utf-8") == example("en")
    with pytest.raises(RuleError, match=r"merchandising\.toml is there already; nothing was written"):
        write_example(tmp_path, "zh")
