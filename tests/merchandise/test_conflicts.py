"""Claims, of rules by themselves:

1. a rule that does nothing, can never hold, or has another's name is refused, with its name and why.
2. two pins for one place are refused where both rules are sure of one page and neither goes before the other.
3. what is pinned by one rule and hidden by another is refused, unless their pages, times or audiences differ.
4. redirects that lead back are refused with their whole way; one that leads on is not.
"""

import pytest

from shopkeeper.merchandise.conflicts import conflicts
from shopkeeper.merchandise.rules import RuleBook
from shopkeeper.merchandise.said import parse
from tests.merchandise.test_said import masked


def wrong(text: str) -> list[str]:
    return [f"{remark.rule}: {remark.text}" for remark in conflicts(RuleBook(parse(text), masked))]


def rule(name: str, *lines: str) -> str:
    return "\n".join(["[[rules]]", f'name = "{name}"', *lines, ""])


HIDE = 'hide = [{ products = ["x"] }]'
PIN_X, PIN_Y = (f'pin = [{{ product = "{each}", place = 1 }}]' for each in "xy")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "does nothing. Give it pin, boost"),
        ([HIDE, 'when = { words = ["!!"] }'], "when: can never hold: '!!' has no words"),
        ([HIDE, 'when = { words = ["tea"], scenes = ["home"] }'], "when.scenes: can never hold: home have no words"),
        ([HIDE, 'when = { queries = ["tea"], words = ["green"] }'], "no one of its queries says all of its words"),
        (['redirect = { to = "/x" }'], "redirect: needs when.queries or when.words, or every search"),
        ([HIDE, "schedule = { from = 2026-12-02, until = 2026-12-01 }"], "schedule: ends (2026-12-01) before it begi"),
        ([HIDE, 'schedule = { from = 2026-11-24, until = 2026-11-24, weekdays = ["sat"] }'], "schedule: never holds"),
        (['pin = [{ product = "x", place = 1 }, { product = "y", place = 1 }]'], "pin: place 1 stands twice"),
        (['pin = [{ product = "x", place = 1 }, { product = "x", place = 2 }]'], "pin: product x stands twice"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(lines: list[str], said: str) -> None:
    (only,) = wrong(rule("a", *lines))
    assert only.startswith(f"a: {said}") or said in only


def test_two_rules_of_one_name_are_refused() -> None:
    assert wrong(rule("a", HIDE) + rule("a", HIDE)) == [
        "a: two rules have this name. Pages and reports tell rules apart by it: rename one"
    ]


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("", "", True),
        ('when = { queries = ["Teas"] }', 'when = { queries = ["tea", "milk"] }', True),
        ('when = { queries = ["tea"] }', 'when = { queries = ["milk"] }', False),
        ('when = { words = ["tea"] }', 'when = { words = ["tea"] }', True),
        ('when = { words = ["tea"] }', 'when = { words = ["milk"] }', False),
        ('when = { words = ["tea"] }', 'when = { words = ["green", "tea"] }', False),
        ('when = { queries = ["tea"] }', 'when = { words = ["tea"] }', False),
        ('when = { queries = ["tea"] }', 'when = { queries = ["tea"] }\npriority = 1', False),
        ('when = { scenes = ["home"] }', 'when = { scenes = ["cart"] }', False),
        ('when = { categories = ["Food > Tea"] }', 'when = { categories = ["Food"] }', True),
        ('when = { categories = ["Food > Tea"] }', 'when = { categories = ["Drinks"] }', False),
        ('audience = { who = "guests" }', 'audience = { who = "known" }', False),
        ('audience = { languages = ["en"] }', 'audience = { languages = ["zh"] }', False),
        ('audience = { context = { device = "phone" } }', 'audience = { context = { device = "tablet" } }', False),
        ('audience = { context = { device = "phone" } }', 'audience = { context = { place = "shop" } }', True),
        ("schedule = { until = 2026-12-01 }", "schedule = { from = 2026-12-01 }", True),
        ("schedule = { until = 2026-12-01 }", "schedule = { from = 2026-12-02 }", False),
        ("enabled = false", "", False),
    ],
)
def test_two_pins_for_one_place_of_one_page_are_refused(one: str, other: str, clash: bool) -> None:
    found = wrong(rule("a", one, PIN_X) + rule("b", other, PIN_Y))
    said = (
        "a: pin: place 1 is of x here and of y in rule 'b', for the same pages. "
        "Give one of them another place, schedule or audience, or a higher priority"
    )
    assert found == ([said] if clash else [])


def test_what_is_pinned_here_and_hidden_there_is_refused() -> None:
    tea, milk = 'when = { queries = ["tea"] }', 'when = { queries = ["milk"] }'
    assert wrong(rule("a", tea, PIN_X) + rule("b", HIDE)) == ["a: pin: x is hidden by rule 'b'. Take out one of them"]
    assert wrong(rule("a", tea, PIN_X) + rule("b", milk, HIDE)) == []
    assert wrong(rule("a", tea, PIN_Y) + rule("b", HIDE)) == []


def leads(name: str, asked: str, to: str, *more: str) -> str:
    return rule(name, f'when = {{ words = ["{asked}"] }}', f'redirect = {{ search = "{to}" }}', *more)


def test_redirects_that_lead_back_are_refused_with_their_whole_way() -> None:
    assert wrong(leads("a", "tea", "green tea")) == [
        "a: redirect: goes round: 'a' -> 'a'. Lead one of them to an address"
    ]
    there, back = leads("a", "tea", "coffee"), leads("b", "coffee", "milk")
    assert wrong(there + back) == []
    assert wrong(there + back + leads("c", "milk", "black tea")) == [
        "a: redirect: goes round: 'a' -> 'b' -> 'c' -> 'a'. Lead one of them to an address"
    ]
    before, later = "schedule = { until = 2026-12-01 }", "schedule = { from = 2026-12-02 }"
    assert wrong(leads("a", "tea", "coffee", before) + leads("b", "coffee", "tea", later)) == []
