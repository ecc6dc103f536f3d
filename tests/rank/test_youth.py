"""Claims:

1. of products that have just come at most five events are left, of most none, the last ones; all others keep theirs.
2. each counts as created on the day of the first that is left, or at the moment itself.
3. the same products are drawn at every call, so many as the share says, of those that anybody came to.
4. a training window of `learn` holds such products; with `young` 0 none. To what is new nobody comes back.
5. a new product's lift is fades / (fades + purchases) within `days` of its coming, and 0 before, later or where nobody
   says it.
6. a purchase is in the next lift, and a product that comes later is new by its catalogue or by its first purchase; the
   latter not where the version learnt without the feature.
7. pages without words lean to it as a part of their own that adds up.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shopkeeper import plugins
from shopkeeper.flow.personal import timely
from shopkeeper.flow.windows import training_windows, window
from shopkeeper.observed import Observed
from shopkeeper.ports import Ranker
from shopkeeper.rank.labels import Labels
from shopkeeper.rank.youth import MOST_EVENTS, drawn, first_wanted, thinned
from shopkeeper.settings import Settings
from shopkeeper.testing import worlds
from shopkeeper.testing.contract_world import candidates
from shopkeeper.types import ACTION_CODES, FeatureTable, Request, Snapshot

N = 40
PURCHASE = ACTION_CODES["purchase"]
VISITS = [(user, row, float(user + 1), "purchase") for user in range(20) for row in range(N - 1)]


def shop(day: float = 21.0) -> Snapshot:
    """Twenty shoppers, one a day, each of whom buys all goods but the last, which nobody ever bought."""
    return worlds.snapshot(worlds.catalog([str(row) for row in range(N)]), VISITS, day)


def test_few_and_the_last_events_are_left_of_what_has_just_come() -> None:
    whole, young = shop(), np.arange(N) < 30
    fewer = thinned(whole, young)
    left = np.bincount(fewer.log.rows, minlength=N)
    assert (left[30:39] == 20).all() and left[39] == 0
    assert left[:30].max() <= MOST_EVENTS and (left[:30] > 0).any()
    assert np.count_nonzero(left[:30] == 0) > 15
    assert fewer.interactions.count().to_pyarrow().as_py() == len(fewer.log.rows)
    for row in np.flatnonzero(young):
        assert fewer.log.days[fewer.log.rows == row].tolist() == [21.0 - at for at in range(left[row], 0, -1)]
        assert fewer.catalog.created[row] == 21.0 - left[row]
    assert np.isnan(fewer.catalog.created[30:]).all() and np.isnan(whole.catalog.created).all()


def test_the_same_share_is_drawn_at_every_call() -> None:
    young = drawn(shop(), 0.5)
    assert young.sum() == round(0.5 * (N - 1)) and not young[-1]
    assert (young == drawn(shop(), 0.5)).all()
    assert not (young == drawn(shop(20.0), 0.5)).all()
    assert not drawn(shop(), 0.0).any()


def test_a_training_window_holds_products_that_have_just_come() -> None:
    settings = Settings({"rank": {"windows": 1, "window_days": 7.0, "young": 0.5}})
    (taught,) = training_windows(shop(), settings)
    plain = window(shop(), 14.0, 7.0)
    few = np.bincount(taught.snapshot.log.rows, minlength=N)[:-1] <= MOST_EVENTS
    assert few.sum() == round(0.5 * (N - 1))
    wanted = taught.labels.rows
    assert set(wanted.tolist()) == set(plain.labels.rows.tolist())  # who comes in the window never came before
    (whole,) = training_windows(shop(), Settings({"rank": {"windows": 1, "young": 0.0}}))
    assert whole.snapshot.log.rows.tolist() == plain.snapshot.log.rows.tolist()


def test_nobody_comes_back_to_what_is_new() -> None:
    wanted = np.array([0, 1, N - 1, 0], np.int32)
    labels = Labels(np.array([3, 25], np.int32), np.array([0, 3, 4]), wanted, np.arange(4, dtype=np.float32))
    left = first_wanted(labels, shop().log, np.isin(np.arange(N), (0, N - 1)))
    assert left.users.tolist() == [3, 25] and left.offsets.tolist() == [0, 2, 3]
    assert left.rows.tolist() == [1, N - 1, 0] and left.grades.tolist() == [1.0, 2.0, 3.0]


def newcomer(snapshot: Snapshot, **settings: Any) -> Any:
    kind = plugins.load("feature", "newcomer")
    made = kind(kind.Settings(**settings))
    made.fit(snapshot)
    return made


def dated() -> Snapshot:
    """The shop whose first product came on day 18 and whose last on day 20; nobody says when the others did."""
    whole = shop()
    created = np.full(N, np.nan)
    created[0], created[-1] = 18.0, 20.0
    return replace(whole, catalog=replace(whole.catalog, created=created))


def test_a_lift_fades_with_purchases_and_ends_with_the_days(tmp_path: Path) -> None:
    made, rows = newcomer(dated(), days=10.0, fades=5.0), np.array([0, 1, N - 1, N + 5], np.int32)
    assert made.lifts(rows, 21.0, {}) == pytest.approx([5 / 25, 0.0, 1.0, 0.0])
    assert made.lifts(rows, 29.0, {}) == pytest.approx([0.0, 0.0, 1.0, 0.0])
    assert made.lifts(rows, 19.0, {}) == pytest.approx([5 / 25, 0.0, 0.0, 0.0])  # the last is not there yet
    made.save(tmp_path)
    again = newcomer(shop(), days=10.0, fades=5.0)
    again.load(tmp_path, dated().catalog)
    assert again.lifts(rows, 21.0, {}).tolist() == made.lifts(rows, 21.0, {}).tolist()


def test_what_comes_later_is_new_too() -> None:
    made, late = newcomer(dated(), fades=5.0), np.array([N - 1, N, N + 1, N + 2], np.int32)
    for row in (N - 1, N + 2, N + 2):
        made.observe(Observed(PURCHASE, 22.0, 0, row, ""))
    made.observe(Observed(ACTION_CODES["view"], 22.0, 0, N, ""))
    assert made.lifts(late, 23.0, {}) == pytest.approx([5 / 6, 0.0, 0.0, 5 / 7])
    grown = worlds.catalog([str(row) for row in range(N + 3)])
    created = np.full(N + 3, np.nan)
    created[N] = 22.0
    made.update(replace(grown, created=created), np.arange(N, N + 3, dtype=np.int32), None)
    assert made.lifts(late, 23.0, {}) == pytest.approx([5 / 6, 1.0, 0.0, 5 / 7])


def test_before_it_has_learnt_the_first_purchase_makes_nothing_new() -> None:
    kind = plugins.load("feature", "newcomer")
    made = kind(kind.Settings())
    made.observe(Observed(PURCHASE, 22.0, 0, 1, ""))
    assert made.lifts(np.array([1], np.int32), 23.0, {}).tolist() == [0.0]


def test_pages_without_words_lean_to_what_is_new() -> None:
    made, none = newcomer(dated(), strength=1.0), FeatureTable((), np.empty((3, 0), np.float32))
    fused = plugins.load("ranker", "fused")
    named: tuple[str, Ranker] = ("fused", fused(fused.Settings()))
    for scene in ("home", "search"):
        request = Request(request_id="r", scene=scene, day=21.0, query="tea" if scene == "search" else "")
        batch = worlds.ask(request)
        offered = candidates(batch, (1, N - 1, 2))
        _, ranker = timely(named, request, {"newcomer": made})
        scores = ranker.score(offered, none)
        names, parts = ranker.parts(offered, none)
        assert ("newcomer" in names) == (scene == "home")
        assert parts.sum(axis=1) == pytest.approx(scores, rel=1e-5)
        # the best stands above the last by what the new one, of no purchases, gains
        gained = float(offered.fused.max() - offered.fused.min()) if scene == "home" else 0.0
        assert (scores - offered.fused).tolist() == pytest.approx([0.0, gained, 0.0])
