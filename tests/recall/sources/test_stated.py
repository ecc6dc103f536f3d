"""Claims:

1. What words may mean raises the products that have it, the more the surer; nothing else changes.
2. Where filters explain all words, what they leave is offered, and the words that need not match put it in order.
3. Words that need not match raise what holds them among what holds the others.
"""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.attributes import Attributes
from shopkeeper.recall.filter import filters_with, masks
from shopkeeper.recall.sources.lexical import Lexical
from shopkeeper.testing import worlds
from shopkeeper.types import Filters, Intent, Offer, Request
from shopkeeper.understood import Role, Stated

COLOURS = ["Red", "Blue", "Red", "Green"]
SHELF = worlds.catalog(
    ["Pen one", "Pen two", "Ruler three", "Pen four gold"],
    attributes=Attributes.of([{"colour": colour} for colour in COLOURS]),
)


@pytest.fixture(scope="module")
def source() -> Lexical:
    made = Lexical(Lexical.Settings(enough=1))
    made.fit(worlds.snapshot(SHELF, [(user, 1, 1.0, "purchase") for user in range(3)], 10.0))
    return made


def colour(value: str, role: Role, confidence: float = 1.0) -> Stated:
    return Stated("attributes.colour", value, value.lower(), role, confidence)


def offer(source: Lexical, intent: Intent) -> Offer:
    stated = [own for own in intent.stated if own.role == "filter"]
    filters = filters_with(Filters(), stated)
    narrowed = masks(SHELF, filters)
    request = Request(
        request_id="",
        scene="search",
        day=10.0,
        query=intent.query,
        filters=filters,
        allowed=narrowed.allowed,
        without=narrowed.without(),
    )
    return source.recall(worlds.ask(request, None, intent), 10)[0]


def test_what_words_may_mean_raises_the_products_that_have_it(source: Lexical) -> None:
    plain = offer(source, Intent(query="pen", tokens=("pen",)))
    likely = offer(source, Intent(query="pen", tokens=("pen",), stated=(colour("Red", "boost"),)))
    doubtful = offer(source, Intent(query="pen", tokens=("pen",), stated=(colour("Red", "boost", 0.5),)))
    score = [dict(zip(each.rows.tolist(), each.scores.tolist(), strict=True)) for each in (plain, likely, doubtful)]
    assert set(score[0]) == set(score[1]) == {0, 1, 3}
    assert score[1][0] == pytest.approx(1.5 * score[0][0])
    assert score[2][0] == pytest.approx(1.25 * score[0][0])
    assert (score[1][1], score[1][3]) == (score[0][1], score[0][3])


def test_what_filters_leave_is_offered_where_they_explain_all_words(source: Lexical) -> None:
    intent = Intent(query="red", stated=(colour("Red", "filter"),), hints=("ruler",))
    found = offer(source, intent)
    assert (found.rows.tolist(), found.total, found.whole) == ([2, 0], 2, True)
    assert found.facets["attributes.colour"] == {"Red": 2, "Blue": 1, "Green": 1}
    assert offer(source, Intent(query="red", stated=(colour("Red", "filter"),))).rows.tolist() == [0, 2]


def test_words_that_need_not_match_raise_what_holds_them(source: Lexical) -> None:
    plain = offer(source, Intent(query="pen", tokens=("pen",)))
    found = offer(source, Intent(query="pen", tokens=("pen",), hints=("gold", "silver")))
    assert set(found.rows.tolist()) == set(plain.rows.tolist())
    assert found.rows[0] == 3
    assert plain.rows[0] == 1
    assert np.all(found.scores > 0)


def test_what_the_meaning_of_all_words_says_counts_little(source: Lexical) -> None:
    plain = offer(source, Intent(query="pen", tokens=("pen",)))
    meant = replace(colour("Red", "boost", 0.5), by="meaning")
    leaning = offer(source, Intent(query="pen", tokens=("pen",), stated=(meant,)))
    score = [dict(zip(each.rows.tolist(), each.scores.tolist(), strict=True)) for each in (plain, leaning)]
    assert score[1][0] == pytest.approx((1 + 0.05 * 0.5) * score[0][0])
    assert (score[1][1], score[1][3]) == (score[0][1], score[0][3])
