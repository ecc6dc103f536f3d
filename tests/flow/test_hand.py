"""Claims, on a learnt shop whose merchant has rules:

1. a pin stands in its place though the words do not find it, and is not a second time on the page; what cannot show is
   said with its reason.
2. boosts and buries change scores or places; the parts of the explanation name the rule and add up to the score.
3. what is hidden or outside the merchant's filter is neither shown nor counted, in a search that states something too.
4. a rule speaks for its scene, category, schedule and audience alone; the more particular rule goes first.
5. a redirect is told with the page; synonyms and words of the dictionary change what a search finds.
6. a page without a rule that concerns it is the page there would be without the file.
7. of variants and title twins that are pinned or buried one stands on the page, as of others.
8. pages join though products are pinned and buried; a page that is sorted stays sorted.
"""

import time
from dataclasses import replace

import pytest
from typing_extensions import Unpack

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import Asked, ask
from shopkeeper.flow.observe import observe
from shopkeeper.flow.shop import Shop, today
from shopkeeper.types import SCENES, SEEDED, Event, Filters, Page, Scene


def page(shop: Shop, text: str, scene: Scene = "search", **asked: Unpack[Asked]) -> Page:
    found = answer(ask(shop, scene=scene, **asked), shop, shop.hand.checked(text))
    for item in found.items:
        assert sum(part.value for part in item.explanation.children) == pytest.approx(item.score, abs=1e-6)
    return found


def ids(shop: Shop, found: Page) -> list[str]:
    return [shop.catalog.product_ids[item.row] for item in found.items]


def rule(*lines: str) -> str:
    return "\n".join(["[[rules]]", 'name = "tea first"', *lines, ""])


TEA = 'when = { queries = ["tea"] }'


def test_a_pin_stands_in_its_place_once_and_says_so(shop: Shop) -> None:
    plain = ids(shop, page(shop, "", query="tea"))
    pinned = plain[-1]
    found = page(
        shop,
        rule(TEA, f'pin = [{{ product = "{pinned}", place = 1 }}, {{ product = "DA0A", place = 3 }}]'),
        query="Teas",
    )
    assert ids(shop, found) == [pinned, plain[0], "DA0A", *plain[1:-1]]
    assert found.rules[-1] == f"merchant: tea first: {pinned} at place 1; DA0A at place 3"
    first = found.items[0]
    assert first.sentence == "The shop itself has placed it here."
    assert [(part.name, part.note) for part in first.explanation.children][-1] == ("pinned", "tea first")


def test_a_pin_that_cannot_show_is_said_with_its_reason(shop: Shop) -> None:
    shop.put([replace(shop.product("DA1A"), availability=False)])
    pins = ["DA0A", "DA1A", "NONE", "DR1A"]
    told = ", ".join(f'{{ product = "{each}", place = {at} }}' for at, each in enumerate(pins, start=1))
    hide = 'hide = [{ categories = ["Green tea"], brands = ["Alder"] }]'
    gone = f'[[rules]]\nname = "gone"\nwhen = {{ words = ["green"] }}\n{hide}\n'
    text = rule('when = { queries = ["green tea"] }', f"pin = [{told}]") + gone
    found = page(shop, text, query="green tea", filters=Filters(departments=("Drinks",)))
    assert found.rules[-2:] == (
        "merchant: tea first: DA0A not shown: outside the filters that were chosen; DA1A not shown: not in stock; "
        "NONE not shown: no such product; DR1A not shown: another rule hides it",
        "merchant: gone: 1 hidden",
    )
    assert "DR1A" not in ids(shop, found) and len(found.items) == 2


def test_boosts_and_buries_are_parts_of_the_score(shop: Shop) -> None:
    plain = page(shop, "", query="tea")
    last = plain.items[-1]
    brand = shop.catalog.brands[last.row]
    found = page(shop, rule(TEA, f'boost = [{{ brands = ["{brand}"], by = 3 }}]'), query="tea")
    assert found.items[0].row == last.row and found.items[0].score == pytest.approx(3 * last.score)
    assert ("boosted", "tea first") in [(part.name, part.note) for part in found.items[0].explanation.children]
    assert found.rules[-1] == "merchant: tea first: 1 boosted by 3"
    first = plain.items[0]
    brand = shop.catalog.brands[first.row]
    lower = page(shop, rule(TEA, f'bury = [{{ brands = ["{brand}"], by = 2 }}]'), query="tea")
    assert lower.items[-1].score == pytest.approx(first.score / 2) and lower.rules[-1].endswith("1 buried by 2")
    end = page(shop, rule(TEA, f'bury = [{{ brands = ["{brand}"] }}]'), query="tea")
    assert end.items[-1].row == first.row and end.items[-1].score == first.score
    assert end.rules[-1] == "merchant: tea first: 1 to the end"


def test_a_taught_ranker_whose_scores_may_be_negative_is_boosted_upwards(shop: Shop) -> None:
    plain = page(shop, "", "home", user_id="u7", k=40)
    least = plain.items[-1]
    product_id = shop.catalog.product_ids[least.row]
    assert plain.ranker == "lambdarank"
    found = page(shop, rule(f'boost = [{{ products = ["{product_id}"], by = 5 }}]'), "home", user_id="u7", k=40)
    assert next(item for item in found.items if item.row == least.row).score >= least.score


def test_what_is_hidden_is_neither_shown_nor_counted(shop: Shop) -> None:
    text = rule('hide = [{ brands = ["birch"] }, { brands = ["Birch"] }]')
    found = page(shop, text, query="milk")
    assert {shop.catalog.brands[item.row] for item in found.items} == {"Alder", "Cedar"}
    assert found.total == 2 and found.facets["brand"] == {"Alder": 1, "Cedar": 1}
    assert page(shop, text, query="milk under 100").total == 2
    assert "Birch" not in {shop.catalog.brands[item.row] for item in page(shop, text, "home", user_id="u7").items}


def test_only_what_the_merchant_allows_shows_unless_that_is_nothing(shop: Shop) -> None:
    found = page(shop, rule('only = { brands = ["Cedar"] }'), query="milk")
    assert {shop.catalog.brands[item.row] for item in found.items} == {"Cedar"}
    assert found.rules[-1] == "merchant: tea first: only 20 may show"
    nothing = page(shop, rule('only = { brands = ["None"] }'), query="milk")
    assert len(nothing.items) == 3
    assert nothing.rules[-1] == "merchant: tea first: its filter would leave nothing: left aside"


@pytest.mark.parametrize(
    ("lines", "concerned"),
    [
        (['when = { scenes = ["home"] }'], False),
        (['when = { words = ["green"] }'], False),
        (['when = { words = ["tea"] }'], True),
        (['when = { categories = ["Drinks"] }'], True),
        (['when = { categories = ["Dairy"] }'], False),
        (["schedule = { until = 2020-01-01 }"], False),
        (["schedule = { from = 2020-01-01 }"], True),
        (['audience = { who = "guests" }'], False),
        (['audience = { who = "known", languages = ["zh"] }'], False),
        (['audience = { context = { device = "phone" } }'], True),
        (['audience = { context = { device = "tablet" } }'], False),
        (['audience = { categories = ["Bakery"] }'], True),
        (['audience = { brands = ["None"] }'], False),
        (["enabled = false"], False),
    ],
)
def test_a_rule_speaks_for_what_it_names_alone(shop: Shop, lines: list[str], concerned: bool) -> None:
    asked = Filters(departments=("Drinks",))
    text = rule(*lines, 'pin = [{ product = "DR0A", place = 1 }]')
    found = page(shop, text, query="tea", user_id="u7", filters=asked, context={"device": "phone"})
    assert (ids(shop, found)[0] == "DR0A") is concerned
    assert bool([line for line in found.rules if line.startswith("merchant")]) is concerned


def test_the_more_particular_rule_goes_first_and_priority_before_it(shop: Shop) -> None:
    def two(*more: str) -> str:
        rules = rule('when = { words = ["tea"] }', 'pin = [{ product = "DR0A", place = 1 }]', *more)
        return rules + '[[rules]]\nname = "exact"\n' + TEA + '\npin = [{ product = "DR2A", place = 1 }]\n'

    found = page(shop, two(), query="tea")
    assert ids(shop, found)[0] == "DR2A"
    assert "merchant: tea first: DR0A not shown: place 1 is taken by 'exact'" in found.rules
    assert ids(shop, page(shop, two("priority = 1"), query="tea"))[0] == "DR0A"


def test_a_misspelt_query_is_heard_as_it_was_understood(shop: Shop) -> None:
    text = rule('when = { queries = ["green tea"] }', 'pin = [{ product = "DA0A", place = 1 }]')
    assert ids(shop, page(shop, text, query="gren tea"))[0] == "DA0A"


def test_a_redirect_is_told_with_the_page(shop: Shop) -> None:
    found = page(shop, rule(TEA, 'redirect = { to = "/tea" }'), query="tea")
    assert found.redirect == ("/tea", "", "tea first") and found.items
    assert found.rules[-1] == "merchant: tea first: leads to /tea"
    other = page(shop, rule(TEA, 'redirect = { search = "coffee" }'), query="tea")
    assert other.redirect == ("", "coffee", "tea first")


def test_synonyms_hold_while_their_rule_does(shop: Shop) -> None:
    said = 'synonyms = { also = { brew = ["tea"] } }'
    found = page(shop, rule(said), query="brew")
    assert ids(shop, found) and all("tea" in shop.catalog.titles[item.row] for item in found.items)
    assert found.rules[-1] == "merchant: tea first: 'tea' may stand for 'brew'"
    assert found.intent.changes[-1] == ("synonyms", "brew", "tea")
    over = page(shop, rule(said, "schedule = { until = 2020-01-01 }"), query="brew")
    assert not over.intent.alternatives


def test_words_of_the_dictionary_are_kept_whole(shop: Shop) -> None:
    assert page(shop, "", query="gren tea").intent.correction == "green tea"
    kept = page(shop, 'dictionary = ["gren tea"]', query="gren tea")
    assert kept.intent.correction is None and kept.rules[-1] == "merchant: dictionary 'gren tea': 0 boosted by 2"
    around = page(shop, 'dictionary = ["gren"]', query="gren applse")
    assert around.intent.correction == "gren apples"
    whole = page(shop, 'dictionary = ["Rye bread"]', query="rye bread")
    assert whole.items[0].score == pytest.approx(2 * page(shop, "", query="rye bread").items[0].score)


def test_a_page_that_no_rule_concerns_is_the_page_without(shop: Shop) -> None:
    text = rule(TEA, 'hide = [{ brands = ["Alder"] }]', 'pin = [{ product = "DA0A", place = 1 }]')
    for asked in ("milk", "butter"):
        with_rules, without = page(shop, text, query=asked), page(shop, "", query=asked)
        assert with_rules.items == without.items and with_rules.rules == without.rules


@pytest.mark.parametrize("scene", SCENES)
def test_pages_join_though_products_are_placed(shop: Shop, scene: Scene) -> None:
    pins = 'pin = [{ product = "DR1C", place = 2 }, { product = "HO3A", place = 7 }]'
    boost = 'boost = [{ categories = ["Dairy"] }]'
    text = rule(pins, 'bury = [{ brands = ["Birch"] }]', boost, 'hide = [{ products = ["DA0A"] }]')
    seeds = ("DA1A",) if scene in SEEDED else ()
    query = "butter" if scene == "search" else ""

    def shown(k: int, offset: int = 0) -> list[str]:
        found = page(shop, text, scene, user_id="u7", query=query, product_ids=seeds, k=k, offset=offset)
        return ids(shop, found)

    whole = shown(30)
    assert [each for at in range(0, 30, 5) for each in shown(5, at)] == whole
    assert len(set(whole)) == len(whole) and whole[1] == "DR1C" and "DA0A" not in whole
    assert whole[min(6, len(whole) - 1)] == "HO3A"


def test_what_a_shopper_waved_away_is_not_pinned(shop: Shop) -> None:
    away = Event(event_id="away", timestamp=time.time(), action="dismiss", user_id="u7", product_id="DR1C")
    assert observe([away], shop)[0].status == "accepted"
    found = page(shop, rule('pin = [{ product = "DR1C", place = 1 }]'), "home", user_id="u7")
    assert "DR1C" not in ids(shop, found)
    assert found.rules[-1] == "merchant: tea first: DR1C not shown: this shopper's page leaves it out"


def test_a_sorted_page_stays_sorted(shop: Shop) -> None:
    text = rule('pin = [{ product = "DA0A", place = 1 }]')
    found = page(shop, text, query="tea", sort="price_asc")
    assert ids(shop, found) == ids(shop, page(shop, "", query="tea", sort="price_asc"))
    assert found.rules[-1] == "merchant: tea first: waits: the page is sorted by price_asc"


def test_a_variant_that_is_pinned_stands_for_its_group(shop: Shop) -> None:
    shop.put([replace(shop.product(each), group_id="tea") for each in ("DR1A", "DR1B", "DR1C")])
    (shown,) = ids(shop, page(shop, "", query="tea"))
    other = next(each for each in ("DR1A", "DR1B", "DR1C") if each != shown)
    assert ids(shop, page(shop, rule(TEA, f'pin = [{{ product = "{other}", place = 1 }}]'), query="tea")) == [other]


def test_what_is_pinned_stands_for_its_variants_and_title_twins(shop: Shop) -> None:
    teas = ("DR1A", "DR1B", "DR1C")
    for same in ({"group_id": "tea"}, {"group_id": "", "title": "Green tea"}):
        shop.put([replace(shop.product(each), **same) for each in teas])  # type: ignore[arg-type]  # fields of the test
        pins = ", ".join(f'{{ product = "{each}", place = {at} }}' for at, each in enumerate(teas[1:], start=1))
        found = page(shop, rule(TEA, f"pin = [{pins}]"), query="tea")
        assert ids(shop, found) == ["DR1B"]
        assert found.rules[-1] == ("merchant: tea first: DR1C not shown: another variant is pinned; DR1B at place 1")


def test_what_is_buried_collapses_as_it_would_elsewhere(shop: Shop) -> None:
    teas = ("DR1A", "DR1B", "DR1C")
    for same in ({"group_id": "tea"}, {"group_id": "", "title": "Green tea"}):
        shop.put([replace(shop.product(each), **same) for each in teas])  # type: ignore[arg-type]  # fields of the test
        (plain,) = ids(shop, page(shop, "", query="tea"))
        (other,) = ids(shop, page(shop, rule(TEA, f'bury = [{{ products = ["{plain}"] }}]'), query="tea"))
        assert other in teas and other != plain
        every = rule(TEA, 'bury = [{ brands = ["Alder", "Birch", "Cedar"] }]')
        assert ids(shop, page(shop, every, query="tea")) == [plain]


def test_a_rule_holds_at_the_moment_that_is_asked_about(shop: Shop) -> None:
    serving = shop.hand.checked(rule("schedule = { from = 2030-01-01 }", 'pin = [{ product = "DA0A", place = 1 }]'))
    asked = ask(shop, scene="search", query="tea")
    then = replace(asked, day=today() + 3650)
    assert [ids(shop, answer(each, shop, serving))[0] == "DA0A" for each in (asked, then)] == [False, True]
