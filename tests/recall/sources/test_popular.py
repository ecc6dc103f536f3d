"""Claims:

1. A count fades by half each half-life; a score is the blend of each half-life's part of everything counted.
2. The trending page follows the last day, home the last months.
   A day of one or two purchases is no trend, and a thin day counts as part of a usual one.
3. A live event counts at once, also of a product that came later, also long after learning.
4. With a narrow mask all counted products are looked through, not only the leading ones.
5. What is offered is kept until the next event, by mask, and never more than a few.
"""

import numpy as np
import pytest

from shopkeeper.observed import Observed
from shopkeeper.recall.sources import popular
from shopkeeper.recall.sources.popular import Popular
from shopkeeper.testing import worlds
from shopkeeper.types import ACTION_CODES, BoolArray, Offer, Request, Scene

OLD = [(user, 0, 40.0, "purchase") for user in range(6)]
NEW = [(user, 1, 99.5, "purchase") for user in range(2)]


def learnt(visits: list[worlds.Visit], n: int = 4) -> Popular:
    source = Popular(Popular.Settings())
    source.fit(worlds.snapshot(worlds.catalog([f"t{row}" for row in range(n)]), visits, 100.0))
    return source


def offered(source: Popular, scene: Scene, allowed: BoolArray | None = None) -> Offer:
    return source.recall(worlds.ask(Request(request_id="", scene=scene, day=100.0, allowed=allowed)), 3)[0]


def test_a_score_is_the_blend_of_parts() -> None:
    offer = offered(learnt(OLD + NEW), "home")
    faded = {life: (6 * 2 ** (-60 / life), 2 * 2 ** (-0.5 / life)) for life in (1.0, 7.0, 60.0)}
    blend = {1.0: 0.1, 7.0: 0.4, 60.0: 0.5}
    expected = [
        sum(blend[life] * old / (old + new) for life, (old, new) in faded.items()),
        sum(blend[life] * new / (old + new) for life, (old, new) in faded.items()),
    ]
    scores = dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))
    assert [scores[0], scores[1]] == pytest.approx(expected, rel=1e-6)


def test_the_trending_page_follows_the_last_day() -> None:
    many = [(user, 1, 99.9, "purchase") for user in range(4)]
    source = learnt([(user, 0, 70.0, "purchase") for user in range(40)] + many)
    assert offered(source, "trending").rows.tolist() == [1, 0]
    assert offered(Popular(Popular.Settings()), "trending").rows.tolist() == []


def test_one_purchase_of_one_person_is_no_trend() -> None:
    week = [(user, row, 93.0, "purchase") for row in range(3) for user in range(20 - row)]
    source = learnt(week, 8)
    before = offered(source, "trending").rows.tolist()
    for purchase in range(2):
        source.observe(Observed(ACTION_CODES["purchase"], 100.0 + purchase / 100, 9, 7, ""))
        assert offered(source, "trending").rows.tolist() == before == [0, 1, 2]
    source.observe(Observed(ACTION_CODES["purchase"], 100.02, 8, 7, ""))
    source.observe(Observed(ACTION_CODES["purchase"], 100.02, 6, 7, ""))
    assert offered(source, "trending").rows.tolist()[0] == 7


def test_a_thin_day_counts_as_part_of_a_usual_one() -> None:
    week = [(user, 0, 99.0, "purchase") for user in range(700)]
    source = learnt([*week, *((user, 1, 99.99, "purchase") for user in range(4))])
    offer = offered(source, "trending")
    assert offer.rows.tolist() == [0, 1]
    day, weeks, months = (2 ** (-0.01 / life) for life in (1.0, 7.0, 60.0))
    yesterday = {life: 700 * 2 ** (-1 / life) for life in (1.0, 7.0, 60.0)}
    totals = yesterday[1.0] + 4 * day, yesterday[7.0] + 4 * weeks, yesterday[60.0] + 4 * months
    assert totals[0] > totals[1] / 7
    expected = 0.6 * 4 * day / totals[0] + 0.35 * 4 * weeks / totals[1] + 0.05 * 4 * months / totals[2]
    assert offer.scores[1] == pytest.approx(expected, rel=1e-5)


def test_a_burst_fades_as_days_pass_without_another_event() -> None:
    source = learnt([(user, 0, 80.0, "purchase") for user in range(60)] + [(u, 1, 99.5, "purchase") for u in range(5)])
    later = Request(request_id="", scene="trending", day=102.0)
    assert offered(source, "trending").rows.tolist() == [1, 0]
    assert source.recall(worlds.ask(later), 3)[0].rows.tolist() == [0, 1]


@pytest.mark.parametrize("day", [100.1, 350.0])
def test_a_live_event_counts_at_once(day: float) -> None:
    source = learnt(OLD)
    for _ in range(3):
        source.observe(Observed(ACTION_CODES["purchase"], day, 9, 7, ""))
    assert offered(source, "trending").rows.tolist() == [7, 0]
    assert np.isfinite(offered(source, "home").scores).all()


def test_a_dismissal_counts_nothing() -> None:
    source = learnt(OLD)
    source.observe(Observed(ACTION_CODES["dismiss"], 100.0, 9, 2, ""))
    assert offered(source, "home").rows.tolist() == [0]


def test_a_narrow_mask_is_searched_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(popular, "_POOL", 2)
    n = 12
    source = learnt([(user, row, 90.0, "purchase") for row in range(n) for user in range(n - row)], n)
    allowed = np.zeros(n, bool)
    allowed[[9, 11]] = True
    assert offered(source, "home", allowed).rows.tolist() == [9, 11]
    assert offered(source, "home").rows.tolist() == [0, 1, 2]


def test_what_is_offered_is_kept_until_the_next_event_and_masks_are_told_apart() -> None:
    source = learnt(OLD + NEW)
    offer = offered(source, "home")
    assert offered(source, "home") is offer
    only_new = np.array([False, True, False, False])
    assert offered(source, "home", only_new).rows.tolist() == [1]
    assert offered(source, "home", ~only_new).rows.tolist() == [0]
    source.observe(Observed(action=ACTION_CODES["purchase"], day=100.0, user=0, row=2, session=""))
    assert 2 in offered(source, "home").rows


def test_only_so_many_offers_are_kept() -> None:
    source = learnt(OLD + NEW)
    masks = [np.ones(4, bool) for _ in range(200)]
    expected = offered(source, "home").rows.tolist()
    assert all(offered(source, "home", mask).rows.tolist() == expected for mask in masks)
    assert len(source._state.offers) <= 64
