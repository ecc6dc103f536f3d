"""Claims:

1. a change names what is new, what rose among the products that stayed, and what is gone.
2. a visit notes what was done once, hands out what was not told, and forgets the oldest.
3. visits and pages are bounded, and a page is explained only to the session it was shown to; who is erased leaves none.
4. a cart survives its cookie, whatever the ids, and leaves out what is no longer on the shelf.
5. the bars of a score start where the last one ended and add up to it.
"""

import math

import pytest

from shopkeeper.console.cart import Cart, cart_of, total
from shopkeeper.console.changes import compare
from shopkeeper.console.guest import inside
from shopkeeper.console.visits import Visit, Visits, session_of
from shopkeeper.console.why import MOST_STEPS, waterfall
from shopkeeper.types import Explanation, Intent, Page


def page(request_id: str) -> Page:
    return Page(request_id=request_id, scene="home", items=(), total=0, reachable=0, intent=Intent(), facets={})


def test_a_change_names_what_is_new_up_and_gone() -> None:
    change = compare(["a", "b", "c", "d"], ["x", "c", "a", "b"])
    assert change.new == ("x",)
    assert change.gone == ("d",)
    assert change.up == {"c": 2}
    assert change.down == {"a": 1, "b": 1}
    assert not compare(["a", "b"], ["a", "b"])


def test_a_newcomer_at_the_top_moves_nobody() -> None:
    assert compare(["a", "b", "c"], ["x", "a", "b"]).up == {}
    assert compare(["a", "b", "c"], ["x", "a", "b"]).down == {}


def test_a_visit_notes_a_choice_and_the_look_that_follows_once() -> None:
    visit = Visit()
    visit.note("click", "Tea", "p1")
    visit.note("view", "Tea", "p1")
    visit.note("add_to_cart", "Tea", "p1")
    visit.note("view", "Milk", "p2")
    assert [(note.action, note.words) for note in visit.since(0)] == [
        ("view", "Milk"),
        ("add_to_cart", "Tea"),
        ("click", "Tea"),
    ]
    assert [note.words for note in visit.since(2)] == ["Milk"]


def test_a_scene_remembers_what_it_showed_last() -> None:
    visit = Visit()
    assert visit.look("home:", ["a"]) is None
    visit.note("click", "Tea", "p1")
    before = visit.look("home:", ["b"])
    assert before is not None and before.product_ids == ("a",) and before.number == 0
    for n in range(100):
        visit.look(f"search:{n}", [])
    assert visit.look("home:", ["c"]) is None
    assert len(visit.seen) <= 24


def test_visits_and_pages_are_bounded_and_private() -> None:
    visits = Visits(most_visits=2, most_pages=2)
    first = visits.of("shop", "one")
    visits.of("shop", "two")
    visits.of("shop", "three")
    assert visits.of("shop", "one") is not first
    for request_id in ("r1", "r2", "r3"):
        visits.keep("one", page(request_id))
    assert visits.page("one", "r1") is None
    assert visits.page("one", "r3") is not None
    assert visits.page("two", "r3") is None


def test_a_shopper_who_is_erased_leaves_no_visit_and_no_page() -> None:
    visits = Visits()
    for shop, session, user_id in (("a", "one", "u1"), ("a", "two", "u2"), ("b", "three", "u1"), ("a", "four", "")):
        visits.of(shop, session, user_id).note("search", "tea")
        visits.keep(session, page(session), shop, user_id)
    assert visits.forget("a", "u1") == 2
    assert visits.page("one", "one") is None and visits.of("a", "one").since(0) == []
    assert all(visits.page(session, session) for session in ("two", "three", "four"))
    assert visits.forget("a", "u1") == 0


def test_a_page_under_way_brings_back_no_visit_of_who_was_erased() -> None:
    held = {"u1", "u2"}
    visits = Visits(held=lambda shop, user_id: user_id in held)
    held.remove("u1")
    assert visits.forget("a", "u1") == 0
    for session, user_id in (("one", "u1"), ("two", "u2")):
        visits.of("a", session, user_id).note("search", "tea")
        visits.keep(session, page(session), "a", user_id)
    assert visits.page("one", "one") is None and visits.of("a", "one").since(0) == []
    assert visits.page("two", "two") and visits.of("a", "two").since(0)


@pytest.mark.parametrize(
    "cookie", [None, "", "short", "x" * 99, "has spaces in it, and more", "../../etc/passwd-and-on"]
)
def test_a_session_that_is_not_ours_is_made_anew(cookie: str | None) -> None:
    made = session_of(cookie)
    assert made != cookie
    assert session_of(made) == made


def test_a_cart_survives_its_cookie() -> None:
    cart = Cart()
    cart.add('x/"1&*', 2)
    cart.add("茶")
    cart.add('x/"1&*', 200)
    shelf = {'x/"1&*': 0, "茶": 1}
    assert cart_of(cart.cookie(), shelf).lines == {'x/"1&*': 99, "茶": 1}
    assert cart_of(cart.cookie(), {"茶": 1}).lines == {"茶": 1}
    assert cart_of("a*x&b*-1&c&*&d*9999999999999", {"a": 0, "b": 1, "c": 2, "d": 3}).lines == {"d": 99}
    cart.put("茶", 0)
    assert cart.count == 99


def test_a_total_leaves_unknown_prices_out() -> None:
    assert total(Cart({"a": 2, "b": 1}), {"a": 1.25, "b": math.nan}) == 2.5


def test_bars_start_where_the_last_ended_and_add_up() -> None:
    parts = tuple(Explanation(f"part{n}", value) for n, value in enumerate([3.0, -1.0, 0.5, *[0.1] * 10]))
    bars = waterfall(Explanation("score", sum(part.value for part in parts), parts))
    steps = bars.steps
    assert len(steps) == MOST_STEPS
    assert steps[-1].name == "rest" and len(steps[-1].children) == 5
    assert steps[-1].running == bars.score.value == pytest.approx(3.5)
    assert sum(step.value for step in steps) == pytest.approx(3.5)
    assert (bars.zero, steps[0].left) == (0.0, 0.0)
    assert steps[0].width == pytest.approx(100 * 3.0 / 3.5)
    assert steps[1].left + steps[1].width == pytest.approx(steps[0].left + steps[0].width)


def test_bars_below_zero_start_left_of_it() -> None:
    parts = (Explanation("everyone", -1.0), Explanation("counts", 4.0))
    bars = waterfall(Explanation("score", 3.0, parts))
    assert (bars.zero, bars.score.left, bars.score.width) == (25.0, 25.0, 75.0)
    assert [(step.left, step.width) for step in bars.steps] == [(0.0, 25.0), (0.0, 100.0)]


def test_small_scores_are_shown_with_the_digits_that_add_up() -> None:
    assert waterfall(Explanation("score", 0.0323)).digits == 5
    assert waterfall(Explanation("score", -2.5)).digits == 3


def test_a_score_without_parts_is_one_bar() -> None:
    assert [(step.name, step.value) for step in waterfall(Explanation("score", 2.0)).steps] == [("score", 2.0)]


@pytest.mark.parametrize(
    ("path", "goes"),
    [
        ("/shop/search?q=a%20b", "/shop/search?q=a%20b"),
        ("//evil.example/", "/shop/"),
        ("https://evil.example/shop/", "/shop/"),
        ("/\\evil.example", "/shop/"),
        ("/shop/\r\nSet-Cookie: a=b", "/shop/"),
        (None, "/shop/"),
    ],
)
def test_onward_never_leads_elsewhere(path: str | None, goes: str) -> None:
    assert inside(path, "/shop/") == goes
