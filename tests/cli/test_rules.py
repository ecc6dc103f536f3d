"""Claims:

1. a shop without rules says how to get an example; the example is written in the shop's language, and is fine.
2. the rules are listed with their state; what is wrong ends with 1 where it is asked for.
3. a preview stands beside the page without the rules, at the time and for the shopper that were named.
"""

from pathlib import Path

from shopkeeper.merchandise.said import RULES_FILE
from tests.cli.test_verbs import run

RULES = """\
[[rules]]
name = "tea first"
when = { queries = ["tea"] }
schedule = { from = 2030-01-01 }
audience = { who = "known" }
pin = [{ product = "DA0A", place = 1 }]
"""


def said(*words: object, code: int = 0) -> str:
    done = run("rules", *words, code=code)
    return done.stdout + done.stderr


def test_an_example_is_written_and_fine(shop_folder: Path) -> None:
    assert "For a commented example: shopkeeper rules" in said(shop_folder)
    assert "all of it switched off" in said(shop_folder, "--example")
    assert (shop_folder / RULES_FILE).read_text(encoding="utf-8").startswith("# The merchant's own rules")
    assert "holds no rules" in said(shop_folder, "--check")
    assert "RuleError" in said(shop_folder, "--example", code=1)


def test_rules_are_listed_and_checked(shop_folder: Path) -> None:
    path = shop_folder / RULES_FILE
    path.write_text(RULES, encoding="utf-8")
    told = said(shop_folder, "--check")
    assert "tea first" in told and "scheduled" in told and "pin" in told
    path.write_text(RULES + RULES, encoding="utf-8")
    assert said(shop_folder).startswith("refused: merchandising.toml: Rule 'tea first': two rules have this name.")
    assert "two rules have this name" in said(shop_folder, "--check", code=1)


def test_a_preview_stands_beside_the_page_without(shop_folder: Path) -> None:
    (shop_folder / RULES_FILE).write_text(RULES, encoding="utf-8")
    known = said(shop_folder, "--preview", "tea", "--at", "2030-01-02T10:00", "--as", "u7")
    assert "merchant: tea first: DA0A at place 1" in known and "new" in known
    leads = '[[rules]]\nname = "desk"\nwhen = { words = ["return"] }\nredirect = { to = "/returns" }\n'
    (shop_folder / RULES_FILE).write_text(RULES + leads, encoding="utf-8")
    assert "leads to /returns, by rule 'desk'" in said(shop_folder, "--preview", "returns")
    assert "The shop's rule 'desk' leads to /returns." in run("search", shop_folder, "return").stdout
    assert "merchant" not in said(shop_folder, "--preview", "tea", "--at", "2030-01-02T10:00")
    assert "--as: no shopper 'nobody'" in said(shop_folder, "--preview", "tea", "--as", "nobody", code=1)
