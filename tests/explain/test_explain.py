"""Claims:

1. a tree's parts add up to its root, and a group's parts to the group.
2. the sentence states the largest positive part, and only what the facts bear out.
3. without that part another sentence is said (delete one).
4. every reason has words in both languages.
"""

import numpy as np
import pytest

from shopkeeper.explain.sentence import Facts, facts, reason_of, sentence
from shopkeeper.explain.tree import trees
from shopkeeper.testing import worlds
from shopkeeper.types import Explanation


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
        (Facts(times=3, days=30), "zh", "您买过 3 次，最近一次是4 周前。"),
        (Facts(), "en", "Many people are buying it now."),
    ],
)
def test_the_sentence_is_the_largest_part_that_the_facts_bear_out(known: Facts, language: str, said: str) -> None:
    assert sentence(scored(popular=1.0, repeat=2.0), known, language) == said  # type: ignore[arg-type]


def test_without_its_part_another_sentence_is_said() -> None:
    known = Facts(times=2, days=4)
    whole, without = scored(popular=1.0, repeat=2.0), scored(popular=1.0)
    assert sentence(whole, known) == "You have bought it 2 times, last 4 days ago."
    assert sentence(without, known) == "Many people are buying it now."


def test_a_page_about_a_product_names_it() -> None:
    assert sentence(scored(covisit=1.0), Facts(seed="Milk")) == "Often bought together with Milk."


def test_a_negative_part_is_no_reason() -> None:
    assert sentence(scored(popular=-1.0), Facts(history=True)) == "It fits you best on the whole."


def test_purchases_of_one_day_count_once() -> None:
    log = worlds.interactions([(0, 5, 1.0, "purchase"), (0, 5, 1.0, "purchase"), (0, 5, 4.0, "purchase")])
    known = facts(worlds.portrait(log, 0), np.array([5, 6], np.int32), 6.0, "", created=np.array([np.nan, 5.0]))
    assert known == [Facts(times=2, days=2.0, history=True), Facts(history=True, new=True)]


def test_nothing_is_said_of_the_habits_of_a_stranger() -> None:
    habits = scored(affinity=3.0, price=2.0, covisit=1.5, popular=1.0)
    assert sentence(habits, Facts()) == "Many people are buying it now."
    assert sentence(habits, Facts(history=True)) == "It suits what you usually choose."


def test_a_session_is_spoken_of_where_there_is_one() -> None:
    assert sentence(scored(session=2.0, popular=1.0), Facts()) == "Many people are buying it now."
    assert sentence(scored(session=2.0), Facts(session=True)) == "It goes with what you just looked at."


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_reason_has_words_in_both_languages(language: str) -> None:
    nothing = sentence(scored(), Facts(history=True), language)  # type: ignore[arg-type]
    known = Facts(times=0, history=True, session=True, new=True)
    for part, reason in reason_of().items():
        said = sentence(scored(**{part: 1.0}), known if reason != "bought_before" else Facts(times=1), language)  # type: ignore[arg-type]
        assert said != nothing
