"""Claims:

1. a tree's parts add up to its root, and a group's parts to the group.
2. the sentence states the largest positive part, and only what the facts bear out.
3. without that part another sentence is said (delete one).
4. every reason has words in both languages.
5. a reason whose parts together take away is not given; where nothing adds, the plain fact of a purchase is.
6. what speaks of habits nobody has stands as one neutral part, and the parts still add up.
7. a search without words speaks of no words: of what is bought often, else of the filters or the shelf.
8. what holds every word, or some, is said to match them though its meaning adds more.
"""

import numpy as np
import pytest

from shopkeeper.explain.sentence import Facts, bought, facts, reason_of, sentence
from shopkeeper.explain.tree import UNKNOWN, folded, trees, unheard_of
from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.testing import worlds
from shopkeeper.types import Explanation, Language


def test_parts_add_up_to_the_root_and_to_their_group() -> None:
    (tree,) = trees(["lexical", "repeat.count", "repeat.age"], np.array([[0.5, 2.0, -0.25]], np.float32))
    assert tree.value == 0.5 + (2.0 - 0.25)
    assert [child.name for child in tree.children] == ["repeat", "lexical"]
    assert tree.children[0].value == 2.0 - 0.25


def test_parts_without_weight_are_left_out() -> None:
    (tree,) = trees(["lexical", "popular"], np.array([[0.0, 1.0]], np.float32))
    assert [child.name for child in tree.children] == ["popular"]


def scored(**parts: float) -> Explanation:
    (tree,) = trees(list(parts), np.array([list(parts.values())], np.float32))
    return tree


@pytest.mark.parametrize(
    ("known", "language", "said"),
    [
        (Facts(times=3, days=9), "en", "You have bought it 3 times, last 9 days ago."),
        (Facts(times=1, days=1), "en", "You bought it yesterday."),
        (Facts(times=3, days=30), "zh", "您买过 3 次，最近一次是 4 周前。"),
        (Facts(times=3, days=1), "zh", "您买过 3 次，最近一次是昨天。"),
        (Facts(times=1, days=5), "zh", "您 5 天前买过。"),
        (Facts(), "en", "Many people are buying it now."),
    ],
)
def test_the_sentence_is_the_largest_part_that_the_facts_bear_out(known: Facts, language: Language, said: str) -> None:
    assert sentence(scored(popular=1.0, repeat=2.0), known, language) == said


def test_without_its_part_another_sentence_is_said() -> None:
    known = Facts(times=2, days=4)
    whole, without = scored(popular=1.0, repeat=2.0), scored(popular=1.0)
    assert sentence(whole, known) == "You have bought it 2 times, last 4 days ago."
    assert sentence(without, known) == "Many people are buying it now."


def test_a_page_about_a_product_names_it() -> None:
    assert sentence(scored(covisit=1.0), Facts(seed="Milk")) == "Often bought together with Milk."


def test_a_negative_part_is_no_reason() -> None:
    assert sentence(scored(popular=-1.0), Facts(history=True)) == "It fits you best on the whole."


def test_a_reason_that_takes_away_on_the_whole_is_not_given() -> None:
    tree = scored(counts=-1.0, repeat=0.2, affinity=0.1)
    assert sentence(tree, Facts(times=3, days=9, history=True, habit=True)) == "It suits what you usually choose."
    assert sentence(scored(counts=-1.0, recency=0.1), Facts(history=True, times=1, days=0)) == "You bought it today."


def test_a_small_part_is_said_before_nothing_is() -> None:
    tree = scored(popularity=-0.5, popular=0.01)
    assert sentence(tree, Facts(history=True)) == "Many people are buying it now."
    assert sentence(scored(sources=0.4, age=-1.0), Facts(history=True)) == "It was found in several ways at once."
    assert sentence(scored(sources=0.4, price=0.01), Facts(history=True, habit=True)).startswith("It is in the price")


def test_what_holds_every_word_is_said_to_match_them() -> None:
    tree = scored(lexical=0.2, semantic=0.3)
    assert sentence(tree, Facts()) == "It matches your words."
    assert sentence(tree, Facts(in_part=True)) == "It matches some of your words."
    assert sentence(scored(lexical=0.2, semantic=0.3, popular=0.5), Facts()) == "Many people are buying it now."
    assert sentence(scored(lexical=0.2, semantic=0.3, popular=0.25), Facts()) == "It matches your words."
    assert sentence(scored(semantic=0.3), Facts()) == "It is close in meaning to what you asked for."


def test_where_nothing_adds_the_fact_of_a_purchase_is_said() -> None:
    assert sentence(scored(popular=-1.0), Facts(times=2, days=4, history=True)).startswith("You have bought it 2 times")
    assert sentence(scored(popular=-1.0), Facts()) == "A good place to start in this shop."
    assert sentence(scored(popular=-1.0), Facts(wanted=True)) == "Many people are buying it now."
    assert sentence(scored(lexical=1.0), Facts(in_part=True)) == "It matches some of your words."
    assert bought(Facts(times=1, days=1), "zh") == "您昨天买过。"
    assert bought(Facts()) == ""


@pytest.mark.parametrize(
    ("known", "language", "said"),
    [
        (Facts(wanted=True), "en", "It is bought often in this shop."),
        (Facts(narrowed=True, history=True), "en", "It is among what your filters leave."),
        (Facts(), "en", "It is on the shelf of this shop."),
        (Facts(wanted=True), "zh", "它在本店经常有人买。"),
        (Facts(narrowed=True), "zh", "它符合您选的筛选条件。"),
        (Facts(), "zh", "它是本店在售的商品。"),
    ],
)
def test_a_search_without_words_does_not_speak_of_any(known: Facts, language: Language, said: str) -> None:
    found = scored(lexical=2.0, semantic=1.0, sources=0.5)
    assert sentence(found, known._replace(wordless=True), language) == said
    assert sentence(scored(lexical=2.0, popular=0.1), Facts(wordless=True)) == "Many people are buying it now."
    assert sentence(scored(lexical=2.0), Facts(wordless=True, times=1, days=1)) == "You bought it yesterday."


def test_what_nobody_did_is_one_neutral_part_of_the_score() -> None:
    tree = scored(counts=-1.25, popular=0.5, interval=-0.25, session=0.125)
    known = folded(tree, unheard_of(NO_PORTRAIT))
    assert {child.name: child.value for child in known.children} == {UNKNOWN: -1.375, "popular": 0.5}
    assert known.value == tree.value == sum(child.value for child in known.children)
    assert sentence(known, Facts()) == "Many people are buying it now."
    looking = worlds.portrait(worlds.interactions([], n_users=1), 0, session=[(3, "view", 1.0)])
    assert {child.name for child in folded(tree, unheard_of(looking)).children} == {UNKNOWN, "popular", "session"}
    regular = worlds.portrait(worlds.interactions([(0, 3, 1.0, "view")]), 0)
    assert folded(tree, unheard_of(regular)) is tree


def test_purchases_of_one_day_count_once() -> None:
    log = worlds.interactions([(0, 5, 1.0, "purchase"), (0, 5, 1.0, "purchase"), (0, 5, 4.0, "purchase")])
    known = facts(worlds.portrait(log, 0), np.array([5, 6], np.int32), 6.0, "", created=np.array([np.nan, 5.0]))
    regular = Facts(history=True, habit=True)
    assert known == [regular._replace(times=2, days=2.0), regular._replace(new=True)]
    once = worlds.portrait(log.before(2.0), 0)
    assert not facts(once, np.array([5], np.int32), 6.0, "", created=np.array([np.nan]))[0].habit


def test_nothing_is_said_of_the_habits_of_a_stranger() -> None:
    habits = scored(affinity=3.0, price=2.0, covisit=1.5, popular=1.0)
    assert sentence(habits, Facts()) == "Many people are buying it now."
    assert sentence(habits, Facts(history=True, habit=True)) == "It suits what you usually choose."
    assert sentence(habits, Facts(history=True)) == "It goes with what you chose before."
    assert sentence(scored(price=1.0), Facts(history=True)) == "It fits you best on the whole."


def test_a_session_is_spoken_of_where_there_is_one() -> None:
    assert sentence(scored(session=2.0, popular=1.0), Facts()) == "Many people are buying it now."
    assert sentence(scored(session=2.0), Facts(session=True)) == "It goes with what you just looked at."


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_reason_has_words_in_both_languages(language: Language) -> None:
    nothing = sentence(scored(), Facts(history=True), language)
    known = Facts(times=0, history=True, habit=True, session=True, new=True)
    for part, reason in reason_of().items():
        said = sentence(scored(**{part: 1.0}), known if reason != "bought_before" else Facts(times=1), language)
        assert said != nothing
