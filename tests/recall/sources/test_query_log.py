"""Claims, in a world where shoppers who ask for "plasters" buy what is called an adhesive bandage:

1. what several shoppers chose after a query is offered for it, whatever the order, case, number and units of its words.
2. a score is (n + support x p) / (N + support), n by what the choice was, each shopper once, faded by its half-life.
3. what one shopper alone chose is not offered, and a query that one alone asked is not in what is saved.
4. a choice counts at once, and goes when its shopper is forgotten; a purchase in place of a click counts as a purchase.
5. a query with no log of its own leans on those that share its telling words, and says that they match in part.
6. nothing from after the snapshot's moment is learnt.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper.flow.windows import earlier
from shopkeeper.observed import Choice
from shopkeeper.recall.sources.query_log import QueryLog
from shopkeeper.testing import worlds
from shopkeeper.types import ACTION_CODES, Action, Offer, Request, Snapshot

DAY = 100.0
SHELF = ["Adhesive bandages 20 ct", "Green tea 500 ml", "Wall plaster 5 kg", "Black tea", "Tea pot"]
BANDAGE, GREEN, WALL, BLACK, POT = range(5)


def choice(query: str, user: int, row: int, action: Action = "purchase", day: float = DAY - 1.0) -> Choice:
    return Choice(query, ACTION_CODES[action], day, user, row, f"s{user}")


PLASTERS = [choice("plasters", user, BANDAGE) for user in (0, 1, 2)] + [choice("plasters", 3, WALL)]


def snapshot(choices: list[Choice], day: float = DAY) -> Snapshot:
    plain = worlds.snapshot(worlds.catalog(SHELF), [(0, 0, 1.0, "purchase")], day)
    return Snapshot(
        plain.day, plain.catalog, plain.log, plain.interactions, choices=sorted(choices, key=lambda each: each.day)
    )


def learnt(choices: list[Choice], **settings: float) -> QueryLog:
    source = QueryLog(QueryLog.Settings.model_validate(settings))
    source.fit(snapshot(choices))
    return source


def offered(source: QueryLog, query: str, day: float = DAY) -> Offer:
    return source.recall(worlds.ask(Request(request_id="", scene="search", day=day, query=query)), 20)[0]


def scores(offer: Offer) -> dict[int, float]:
    return dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))


@pytest.mark.parametrize("query", ["plasters", "Plaster", "PLASTERS  "])
def test_what_several_chose_is_offered_though_it_says_no_word_of_the_query(query: str) -> None:
    assert offered(learnt(PLASTERS), query).rows.tolist() == [BANDAGE]


@pytest.mark.parametrize("query", ["500ml green tea", "tea green 0.5 l", "the Green Teas, 500 ML"])
def test_order_case_number_and_unit_do_not_matter(query: str) -> None:
    bought = [choice("green tea 500 ml", user, GREEN) for user in (0, 1)]
    assert offered(learnt(bought), query).rows.tolist() == [GREEN]


def test_a_score_is_the_formula() -> None:
    log = [choice("tea", 0, GREEN), choice("tea", 0, GREEN, "click"), choice("tea", 1, GREEN, "click")]
    log += [choice("tea", user, BLACK, "add_to_cart") for user in (0, 1)]
    source = learnt(log, half_life_days=1.0, support=3.0)
    found = scores(offered(source, "tea"))
    # all of it is a day, so a half-life, old
    green, black = (1.0 + 0.2) / 2, (0.5 + 0.5) / 2
    total = green + black + 3.0
    assert found == pytest.approx({GREEN: green / total, BLACK: black / total})
    later = scores(offered(source, "tea", DAY + 1))
    assert later[GREEN] == pytest.approx((green / 2) / ((green + black) / 2 + 3.0))


def test_a_click_in_a_place_that_is_seldom_looked_at_counts_more() -> None:
    log = [choice("tea", user, GREEN, "click")._replace(weight=4.0) for user in (0, 1)]
    log += [choice("tea", user, BLACK, "click") for user in (0, 1, 2)]
    assert offered(learnt(log), "tea").rows.tolist() == [GREEN, BLACK]


def test_what_one_alone_chose_is_not_offered_and_what_one_alone_asked_is_not_saved(tmp_path: Path) -> None:
    source = learnt([*PLASTERS, choice("gift for my boss", 4, POT), choice("gift for my boss", 4, BLACK)])
    assert WALL not in offered(source, "plasters").rows
    assert not len(offered(source, "gift for my boss").rows)
    source.save(tmp_path)
    saved = (tmp_path / "queries.json").read_bytes()
    assert b"plaster" in saved
    assert b"boss" not in saved


def test_visits_of_nobody_are_enough_to_be_offered_but_not_to_be_saved(tmp_path: Path) -> None:
    guests = [choice("pot", -1, POT)._replace(session=name) for name in ("a", "b")]
    source = learnt(guests)
    assert not len(offered(source, "pot").rows)
    for each in guests:
        source.follow(each)
    assert offered(source, "pot").rows.tolist() == [POT]


def test_a_choice_counts_at_once_and_goes_with_its_shopper() -> None:
    source = learnt(PLASTERS)
    source.follow(choice("kettle", 5, POT, "click", DAY))
    assert not len(offered(source, "kettle").rows)
    source.follow(choice("Kettles", 6, POT, "click", DAY))
    assert offered(source, "kettle").scores.tolist() == pytest.approx([0.4 / 3.4])
    source.follow(choice("kettle", 6, POT, "purchase", DAY))
    assert offered(source, "kettle").scores.tolist() == pytest.approx([1.2 / 4.2])
    source.forget(5)
    assert not len(offered(source, "kettle").rows)
    assert offered(source, "plasters").rows.tolist() == [BANDAGE]


def test_what_a_version_learnt_and_what_came_since_are_one() -> None:
    source = learnt(PLASTERS)
    source.follow(choice("plaster", 9, WALL, "purchase", DAY))
    assert offered(source, "plasters").rows.tolist() == [BANDAGE, WALL]


def test_a_query_without_a_log_leans_on_similar_ones_and_says_so() -> None:
    log = [choice("herbal plasters", user, BANDAGE) for user in (0, 1)]
    log += [choice(query, user, GREEN) for query in ("green tea", "green mug", "green pot") for user in (0, 1)]
    offer = offered(learnt(log, similar=0.4), "plasters")
    assert offer.rows.tolist() == offer.partly.tolist() == [BANDAGE]
    own = offered(learnt(log, similar=0.4), "herbal plasters")
    assert (own.rows.tolist(), own.partly.tolist()) == ([BANDAGE], [])
    assert not len(offered(learnt(log, similar=0.4), "green paint").rows)


def test_the_mask_holds() -> None:
    request = Request(request_id="", scene="search", day=DAY, query="plasters", allowed=np.array([False] + [True] * 4))
    assert not len(learnt(PLASTERS).recall(worlds.ask(request), 20)[0].rows)


def test_nothing_from_after_the_moment_is_learnt() -> None:
    late = [choice("kettle", user, POT, day=DAY - 0.5) for user in (0, 1)]
    source = QueryLog(QueryLog.Settings())
    source.fit(earlier(snapshot([*PLASTERS, *late]), DAY - 0.5))
    assert offered(source, "plasters").rows.tolist() == [BANDAGE]
    assert not len(offered(source, "kettle").rows)
