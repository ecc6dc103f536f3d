"""Claims, in a shop where tea sells much every day and an umbrella little:

1. an umbrella that sells ten times its own usual stands before tea that always sells much, which is no rise at all.
2. a rise is (prior x category's rise + A) / (prior + E), A counted of late, E what the past foretells of the shop's A.
3. a week in which everything sells twice as much is nobody's rise.
4. a product of which little is known rises with its category; an umbrella sold once or twice is no rise.
5. events count at once, also of products that came since; what has no past has no rise. Rises end as days pass.
6. a burst whose past comes to enough on a later day is offered then, whether or not anything was counted again.
7. what is offered is kept by mask until the next event; with a narrow mask all products are looked through.
"""

import math

import numpy as np
import pytest

from shopkeeper.observed import Observed
from shopkeeper.recall.sources import trending
from shopkeeper.recall.sources.popular import Popular
from shopkeeper.recall.sources.trending import Trending
from shopkeeper.testing import worlds
from shopkeeper.testing.worlds import Visit
from shopkeeper.types import ACTION_CODES, Offer, Request

TEA, UMBRELLA, SOAP, BREAD, LATER = range(5)
DAY = 100.0
WEEKS = range(1, 11)


def sold(row: int, a_week: int, weeks: range = WEEKS) -> list[Visit]:
    """So many purchases in each week, counted back from now, one an evenly spaced moment."""
    return [
        (0, row, DAY - 7.0 * week + 7.0 * (at + 0.5) / a_week, "purchase") for week in weeks for at in range(a_week)
    ]


USUAL = sold(TEA, 140) + sold(SOAP, 70) + sold(BREAD, 70)
RAIN = sold(UMBRELLA, 2, range(2, 11)) + sold(UMBRELLA, 20, range(1, 2))


def learnt(visits: list[Visit], categories: tuple[int, ...] = (0, 0, 0, 0), **settings: float) -> Trending:
    shelf = worlds.catalog(
        ["tea", "umbrella", "soap", "bread"],
        categories=np.array(categories, np.int32),
        category_paths=[("All",), ("Rain",)],
    )
    made = Trending(Trending.Settings.model_validate(settings))
    made.fit(worlds.snapshot(shelf, visits, DAY))
    return made


def offered(source: Trending | Popular, day: float = DAY) -> Offer:
    return source.recall(worlds.ask(Request(request_id="", scene="trending", day=day)), 9)[0]


def rises(source: Trending, day: float = DAY) -> dict[int, float]:
    offer = offered(source, day)
    return dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))


def fading(row: int, visits: list[Visit], half_life: float) -> float:
    return sum(math.pow(2.0, (day - DAY) / half_life) for _, own, day, _ in visits if own == row)


def test_ten_times_its_own_usual_stands_before_what_always_sells_much() -> None:
    popular = Popular(Popular.Settings())
    popular.fit(worlds.snapshot(worlds.catalog(["tea", "umbrella", "soap", "bread"]), USUAL + RAIN, DAY))
    assert offered(popular).rows.tolist()[0] == TEA
    assert offered(learnt(USUAL + RAIN)).rows.tolist() == [UMBRELLA]
    assert rises(learnt(USUAL + RAIN, least_rise=0.0))[TEA] == pytest.approx(1.0, abs=0.1)


def test_a_rise_is_what_was_counted_over_what_was_foretold() -> None:
    visits = USUAL + RAIN
    late = {row: fading(row, visits, 7.0) for row in range(4)}
    past = {row: fading(row, visits, 28.0) - late[row] for row in range(4)}
    foretold = past[UMBRELLA] * sum(late.values()) / sum(past.values())
    assert rises(learnt(visits))[UMBRELLA] == pytest.approx((5.0 + late[UMBRELLA]) / (5.0 + foretold), rel=1e-5)


def test_a_busy_week_is_nobodys_rise() -> None:
    busy = [visit for row, n in ((TEA, 140), (SOAP, 70), (BREAD, 70)) for visit in sold(row, n, range(1, 2))]
    assert all(rise == pytest.approx(1.0, abs=0.02) for rise in rises(learnt(USUAL + busy, least_rise=0.0)).values())


def test_a_product_that_sells_seldom_rises_with_its_category() -> None:
    thin = sold(SOAP, 1, range(2, 11)) + sold(SOAP, 3, range(1, 2))
    known = sold(TEA, 140) + sold(BREAD, 70) + thin + RAIN
    alone, together = (
        rises(learnt(known, categories, least=1.0, least_rise=1.0, category_prior=5.0))
        for categories in ((0, 0, 0, 0), (0, 1, 1, 0))
    )
    assert together[SOAP] > 1.2 * alone[SOAP]
    visits = np.array([fading(row, known, 7.0) for row in range(4)])
    past = np.array([fading(row, known, 28.0) for row in range(4)]) - visits
    foretold = past * visits.sum() / past.sum()
    category = (5.0 + visits[[UMBRELLA, SOAP]].sum()) / (5.0 + foretold[[UMBRELLA, SOAP]].sum())
    assert together[SOAP] == pytest.approx((5.0 * category + visits[SOAP]) / (5.0 + foretold[SOAP]), rel=1e-5)


def test_one_or_two_umbrellas_are_no_rise() -> None:
    assert rises(learnt(USUAL + sold(UMBRELLA, 1) + sold(UMBRELLA, 2, range(1, 2)))) == {}


def test_events_count_at_once_and_rises_end() -> None:
    source = learnt(USUAL + sold(UMBRELLA, 2))
    assert UMBRELLA not in rises(source)
    for _ in range(12):
        source.observe(Observed(ACTION_CODES["purchase"], DAY, 0, UMBRELLA, ""))
        source.observe(Observed(ACTION_CODES["purchase"], DAY, 0, LATER, ""))
        source.observe(Observed(ACTION_CODES["dismiss"], DAY, 0, SOAP, ""))
    assert list(rises(source)) == [UMBRELLA]
    for day in range(1, 31):
        for row in (TEA, SOAP, BREAD):
            for _ in range(10):
                source.observe(Observed(ACTION_CODES["purchase"], DAY + day, 0, row, ""))
    assert UMBRELLA not in rises(source, DAY + 30.0)


def test_a_burst_of_what_has_no_past_waits_until_it_has_one() -> None:
    source = learnt(USUAL)
    for at in range(30):
        source.observe(Observed(ACTION_CODES["purchase"], DAY + at / 1000.0, 0, LATER, ""))
    assert LATER not in rises(source)
    assert LATER in rises(source, DAY + 2.0)


def test_a_past_that_comes_to_enough_later_is_looked_at_then() -> None:
    rng = np.random.default_rng(5)
    bursts = [(0, UMBRELLA, DAY - float(rng.uniform(0.0, 3.0)), "purchase") for _ in range(6)]
    source = learnt(USUAL + bursts)
    late, past = (fading(UMBRELLA, bursts, life) for life in (7.0, 28.0))
    past -= late
    assert 0.5 < past < 1.0 and UMBRELLA not in rises(source)
    farthest = source._most_past(np.array([late]), np.array([past]))[0]
    days = np.linspace(0.0, 60.0, 6001)
    faded = np.array([late * 2 ** (-days / 7.0), (late + past) * 2 ** (-days / 28.0)])
    assert farthest == pytest.approx((faded[1] - faded[0])[faded[0] >= 3.0].max(), rel=2e-3)
    assert farthest > 1.0
    assert [UMBRELLA in rises(source, DAY + day) for day in (0.0, 4.0, 30.0)] == [False, True, False]


def test_what_is_offered_is_kept_by_mask_until_the_next_event() -> None:
    source = learnt(USUAL + RAIN)
    assert offered(source) is offered(source)
    closed = np.array([True, False, True, True])
    masked = [
        source.recall(worlds.ask(Request(request_id="", scene="home", day=DAY, allowed=mask)), 9)[0].rows.tolist()
        for mask in (closed, ~closed)
    ]
    assert masked == [[], [UMBRELLA]]
    for _ in range(100):
        source.recall(worlds.ask(Request(request_id="", scene="home", day=DAY, allowed=closed.copy())), 9)
    assert len(source._state.offers) <= 64


def test_a_narrow_mask_is_searched_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    steeper = sold(SOAP, 2, range(2, 11)) + sold(SOAP, 40, range(1, 2))
    visits = sold(TEA, 140) + sold(BREAD, 70) + RAIN + steeper
    whole = rises(learnt(visits))
    assert list(whole) == [SOAP, UMBRELLA]
    monkeypatch.setattr(trending, "_POOL", 1)
    only = np.array([False, True, False, False])
    request = Request(request_id="", scene="trending", day=DAY, allowed=only)
    offer = learnt(visits).recall(worlds.ask(request), 1)[0]
    assert offer.rows.tolist() == [UMBRELLA]
    assert offer.scores.tolist() == pytest.approx([whole[UMBRELLA]])


def test_long_after_learning_the_counts_are_brought_to_the_day() -> None:
    source, other = learnt(USUAL + RAIN), learnt(USUAL + RAIN)
    days = [DAY + 250.0 + step / 10.0 for step in range(60)]
    events = [Observed(ACTION_CODES["purchase"], day, 0, row, "") for day in days for row in (TEA, UMBRELLA, SOAP)]
    for event in events:
        source.observe(event)
    assert np.isfinite(source._state.faded.weights).all()
    before = rises(source, days[-1])
    other._state = other._drawn(source._state.faded, days[-1])
    assert rises(other, days[-1]) == pytest.approx(before, rel=1e-5)
