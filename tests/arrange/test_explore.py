"""Claims:

1. a new product stands at the slot of so many pages as `share` says, each of the best ranked ones as often.
2. the propensity of every product is how often it stands where it stands, over many shoppers.
3. the pages of one visit and day are alike; sorted pages, searches and pages without new products are left alone.
4. a product that pages have shown so often is not lifted any more, and others are instead.
5. switched on where the version learnt without it, it takes for new what says so, and not the whole shop.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from shopkeeper.arrange.rules.explore import Explore
from shopkeeper.portrait import NO_PORTRAIT
from shopkeeper.testing import worlds
from shopkeeper.types import Catalog, Ranked, Request

N, SLOT = 12, 3
NEW = (1, 5, 6, 9)
"""The first stands before the slot, where it is anyway."""
SHELF = worlds.catalog([f"t{row}" for row in range(N)], created=np.where(np.isin(np.arange(N), NEW), 99.0, 1.0))
HOME = Request(request_id="r", scene="home", day=100.0)


def rule(**settings: float) -> Explore:
    made = Explore(Explore.Settings.model_validate({"slot": SLOT, "share": 0.6, "shows": 10, **settings}))
    made.fit(worlds.snapshot(SHELF, [], 100.0))
    return made


def page(made: Explore, session: str, request: Request = HOME, catalog: Catalog = SHELF) -> tuple[Ranked, str]:
    scores = np.linspace(1, 0, N, dtype=np.float32)
    ranked = Ranked(np.arange(N, dtype=np.int32), scores, np.arange(N), "fused")
    return made.apply(ranked, replace(request, session=session), NO_PORTRAIT, catalog, None)


def test_propensities_are_how_often_each_product_stands_there() -> None:
    made, n = rule(), 6000
    seen: Counter[tuple[int, int]] = Counter()
    said: dict[tuple[int, int], float] = {}
    for number in range(n):
        ranked, _ = page(made, f"s{number}")
        assert ranked.propensities is not None
        for place, (row, chance) in enumerate(zip(ranked.rows.tolist(), ranked.propensities.tolist(), strict=True)):
            seen[row, place] += 1
            assert said.setdefault((row, place), chance) == chance
    assert {row for row, place in seen if place == SLOT} == {SLOT, 5, 6, 9}
    for key, chance in said.items():
        assert abs(seen[key] / n - chance) < 4 * np.sqrt(chance * (1 - chance) / n) + 1e-9, key
    assert [said[row, SLOT] for row in (5, 6, 9)] == [np.float32(0.2)] * 3


def test_a_visit_keeps_its_page_and_other_pages_are_left_alone() -> None:
    made = rule(share=1.0)
    assert page(made, "s")[0].rows.tolist() == page(made, "s")[0].rows.tolist()
    assert page(made, "s")[1] in {f"p{row} is new and tried at place 4, one of 3" for row in (5, 6, 9)}
    for other in (replace(HOME, scene="search"), replace(HOME, sort="price_asc"), replace(HOME, day=300.0)):
        ranked, note = page(made, "s", other)
        assert not note and ranked.propensities is None


def test_what_was_shown_its_share_of_times_is_not_lifted() -> None:
    made = rule(share=1.0)
    for _ in range(5):
        made.show(np.array([5, 9], np.int32), np.array([2, 2]))
    assert {int(page(made, f"s{number}")[0].rows[SLOT]) for number in range(50)} == {6}
    made.show(np.array([6], np.int32), np.array([10]))
    assert page(made, "s")[1] == ""


def test_before_it_has_learnt_what_does_not_say_when_it_came_is_not_new() -> None:
    made = Explore(Explore.Settings.model_validate({"slot": SLOT, "share": 1.0}))
    assert {int(page(made, f"s{number}")[0].rows[SLOT]) for number in range(50)} == {5, 6, 9}
    silent = replace(SHELF, created=np.full(N, np.nan))
    assert page(made, "s", catalog=silent)[1] == ""
