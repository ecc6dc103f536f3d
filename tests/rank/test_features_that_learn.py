"""Features that learn from the log or the catalogue.

1. popularity is log(1 + the sum of 2^(-age / half-life)), with trends against the slowest.
2. Live counts equal counts learnt from the same events, also after ten years without a visit.
3. repeat: the share of buyers who came back, and of purchases followed by the same in the next basket.
4. age, stock and closeness say NaN where nothing is known.
5. closeness is the cosine after centring; a new product is there after an update.
6. sources: the score, one over the rank, 0 and NaN where a source was silent.
7. What is saved and loaded gives the same values; products that came since are cold, not an error.
"""

from dataclasses import replace
from math import log, log1p
from pathlib import Path

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.observed import Observed
from shopkeeper.ports import Saves
from shopkeeper.testing.worlds import Visit, catalog, interactions, snapshot
from shopkeeper.types import PURCHASE
from tests.rank.worlds import batch, candidates, column, feature

DAY = 24.0
VISITS: list[Visit] = [
    (0, 1, 10.0, "purchase"),
    (0, 1, 17.0, "purchase"),
    (0, 2, 17.0, "purchase"),
    (0, 1, 23.0, "purchase"),
    (1, 1, 17.0, "purchase"),
    (1, 3, 17.0, "view"),
    (1, 2, 23.0, "purchase"),
]
LOG = interactions(VISITS)
SHELF = catalog(["a", "b", "c", "d", "e"])
ASKED = batch(LOG, [0], DAY)
FOUND = candidates([[1, 2, 3, 9]])
VECTORS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0], [0, 0.6, 0.8]], np.float32)


def test_popularity_fades_by_half_life_and_has_a_trend() -> None:
    made = feature("popularity", half_lives_days=(7.0, 14.0))
    made.fit(snapshot(SHELF, VISITS, DAY))
    fast, slow = 2**-2 + 2**-1 + 2**-1 + 2 ** (-1 / 7), 2**-1 + 2 * 2**-0.5 + 2 ** (-1 / 14)
    assert column("7d", ASKED, FOUND, made)[0] == pytest.approx(log1p(fast), abs=1e-4)
    assert column("7d", ASKED, FOUND, made)[2:] == [0, 0]
    trend = log((fast + 0.1) / 7 / ((slow + 0.1) / 14))
    assert column("trend_7d", ASKED, FOUND, made)[0] == pytest.approx(trend, abs=1e-4)


@pytest.mark.parametrize("later", [2.0, 3650.0])
def test_live_counts_equal_counts_learnt_from_the_same_events(later: float) -> None:
    live, learnt = feature("popularity"), feature("popularity")
    new: list[Visit] = [(0, 1, DAY + later, "purchase"), (1, 9, DAY + later, "purchase"), (1, 3, DAY + later, "view")]
    shelf = catalog([str(row) for row in range(12)])
    live.fit(snapshot(SHELF, VISITS, DAY))
    for user, row, day, action in new:
        live.observe(Observed(PURCHASE if action == "purchase" else 0, day, user, row, ""))  # type: ignore[attr-defined]
    learnt.fit(snapshot(shelf, VISITS + new, DAY + later + 1))
    asked = batch(LOG, [0], DAY + later + 1)
    np.testing.assert_allclose(live.values(asked, FOUND), learnt.values(asked, FOUND), rtol=1e-5)


def test_repeat_is_the_share_of_buyers_back_and_of_next_baskets() -> None:
    made = feature("repeat", prior=1.0)
    made.fit(snapshot(SHELF, VISITS, DAY))
    # row 1: buyers 0 and 1, shopper 0 came back; row 2: buyers 0 and 1, nobody. Shop: 1 of 4.
    assert column("buyers_back", ASKED, FOUND, made) == pytest.approx([1.25 / 3, 0.25 / 3, 0.25, 0.25], abs=1e-4)
    # purchases with a next basket: row 1 on days 10, 17 of shopper 0 (both again), 17 of shopper 1 (not);
    # row 2 on day 17 of shopper 0 (not). Shop: 2 of 4.
    assert column("next_basket", ASKED, FOUND, made) == pytest.approx([2.5 / 4, 0.5 / 2, 0.5, 0.5], abs=1e-4)
    assert column("buyers", ASKED, FOUND, made) == pytest.approx([log1p(2), log1p(2), 0, 0], abs=1e-4)


def test_two_lines_in_one_basket_are_no_repeat() -> None:
    made = feature("repeat", prior=1e-9)
    made.fit(snapshot(SHELF, [(0, 1, 3.0, "purchase"), (0, 1, 3.0, "purchase"), (0, 2, 9.0, "purchase")], DAY))
    assert column("buyers_back", ASKED, candidates([[1]]), made) == [0]


def test_age_counts_from_the_first_event_and_from_creation() -> None:
    created = np.array([np.nan, 4.0, np.nan, np.nan, np.nan])
    made = feature("age")
    made.fit(snapshot(replace(SHELF, created=created), VISITS, DAY))
    since = column("days_since_first_event", ASKED, FOUND, made)
    assert since[:3] == [14, 7, 7] and np.isnan(since[3])
    assert column("days_since_created", ASKED, FOUND, made)[0] == 20


def test_stock_is_what_the_catalogue_says_last() -> None:
    made = feature("stock")
    made.fit(snapshot(SHELF, VISITS, DAY))
    assert column("available", ASKED, FOUND, made)[:3] == [1, 1, 1]
    sold_out = replace(SHELF, available=np.array([True, False, True, True, True]))
    made.update(sold_out, np.array([1], np.int32), None)  # type: ignore[attr-defined]
    found = column("available", ASKED, FOUND, made)
    assert found[:3] == [0, 1, 1] and np.isnan(found[3])


def test_closeness_is_the_cosine_to_the_taste_after_centring() -> None:
    made = feature("closeness", dimensions=3, half_life_days=1e9)
    made.fit(snapshot(SHELF, VISITS, DAY, VECTORS))
    centred = VECTORS - VECTORS.mean(axis=0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    taste = 3 * unit[1] + unit[2]
    expected = unit[[1, 2, 3]] @ taste / np.linalg.norm(taste)
    found = column("taste", ASKED, FOUND, made)
    assert found[:3] == pytest.approx(expected, abs=2e-3) and np.isnan(found[3])
    assert np.isnan(column("session", ASKED, FOUND, made)).all()


def test_a_new_product_is_near_what_it_resembles_after_an_update() -> None:
    made = feature("closeness", dimensions=3)
    made.fit(snapshot(SHELF, VISITS, DAY, VECTORS))
    bigger = catalog([*SHELF.titles, "like b"])
    made.update(bigger, np.array([5], np.int32), VECTORS[[1]])  # type: ignore[attr-defined]
    one, new = column("taste", ASKED, candidates([[1, 5]]), made)
    assert one == new


def test_without_vectors_nothing_is_close() -> None:
    made = feature("closeness")
    made.fit(snapshot(SHELF, VISITS, DAY))
    assert np.isnan(made.values(ASKED, FOUND)).all()


def test_sources_give_their_score_and_one_over_their_rank() -> None:
    silent = float("nan")
    found = candidates([[1, 2, 3], [4, 5]], {"popular": [0.5, 0.9, silent, 0.1, 0.2]})
    asked, made = batch(LOG, [0, 1], DAY), feature("sources")
    assert column("one_over_rank_popular", asked, found, made) == [1 / 2, 1, 0, 1 / 2, 1]
    scores = column("score_popular", asked, found, made)
    assert scores[:2] == [0.5, 0.9] and np.isnan(scores[2])
    assert column("one_over_rank_repeat", asked, found, made) == [0] * 5


SAVING = [name for name in plugins.names("feature") if isinstance(feature(name), Saves)]


@pytest.mark.parametrize("name", SAVING)
def test_what_was_saved_gives_the_same_values_to_a_grown_catalogue(name: str, tmp_path: Path) -> None:
    made, back = feature(name), feature(name)
    made.fit(snapshot(SHELF, VISITS, DAY, VECTORS))
    before = made.values(batch(LOG, [0, 1], DAY), candidates([[1, 2, 3], [4]]))
    made.save(tmp_path)  # type: ignore[attr-defined]
    back.load(tmp_path, catalog([*SHELF.titles, "new"]))  # type: ignore[attr-defined]
    np.testing.assert_array_equal(back.values(batch(LOG, [0, 1], DAY), candidates([[1, 2, 3], [4]])), before)
    assert back.values(ASKED, candidates([[1, 5]])).shape == (2, len(made.names))


@pytest.mark.parametrize("name", plugins.names("feature"))
def test_what_depends_on_the_log_can_be_saved(name: str) -> None:
    made, blank = feature(name), feature(name)
    made.fit(snapshot(SHELF, VISITS, DAY, VECTORS))
    blank.fit(snapshot(SHELF, [], DAY))
    learns = not np.array_equal(made.values(ASKED, FOUND), blank.values(ASKED, FOUND), equal_nan=True)
    assert not learns or name in SAVING
