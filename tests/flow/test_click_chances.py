"""Claims:

1. a version learns how likely what pages show is clicked, from exposures joined with what followed; the chances come
   near those that the clicks were drawn with, by place.
2. a cart or a purchase is a click; a dismissal, a refund, a view, and pages of the last half hour are none.
3. a shop without clicks learns all the same, and its version says how many it takes.
4. an erased shopper's pages are not learnt from.
5. what explains a product says its chance where it stood, and in the first place; a product that is gone, as a new one.
"""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.small_shop import make
from shopkeeper.exposure import Exposure
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.click_chances import chances, shown, taught_clicks
from shopkeeper.flow.learn import learn
from shopkeeper.measure.click_card import CLICKS, clicks_of
from shopkeeper.store.folder import open_folder
from shopkeeper.types import Action, Event, Scene

IDS = [f"p{row:02d}" for row in range(20)]
LOOKS = np.array([1.0, 0.6, 0.4, 0.2])
ATTRACTS = np.where(np.arange(20) < 5, 0.6, 0.1)
HOUR_AGO = 3_600.0


def page(name: str, ids: list[str], when: float, user: str = "", scene: Scene = "home") -> Exposure:
    n = len(ids)
    return Exposure(
        request_id=name,
        timestamp=when,
        scene=scene,
        user_id=user,
        session_id="s",
        query="",
        version="0001",
        variant="",
        product_ids=tuple(ids),
        positions=tuple(range(n)),
        scores=(1.0,) * n,
        propensities=(1.0,) * n,
        feature_names=("affinity.x",),
        rows=lambda: np.arange(n, dtype=np.float32)[:, None],
    )


def event(action: Action, product_id: str, page_id: str, when: float, user: str = "") -> Event:
    return Event(
        event_id=f"{page_id}-{action}-{product_id}",
        timestamp=when,
        action=action,
        user_id=user,
        session_id="s",
        product_id=product_id,
        request_id=page_id,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    make(tmp_path / "grocer")
    return tmp_path / "grocer"


def clicked(path: Path, n: int = 800) -> None:
    """Pages of four of the twenty products each; five of them attract, and every place is looked at less."""
    draw, start = np.random.default_rng(0), time.time() - HOUR_AGO - n
    with open_folder(path, writable=True) as folder:
        events = []
        for at in range(n):
            rows = draw.permutation(20)[:4]
            name = f"page-{at:05d}"
            folder.exposures.append(page(name, [IDS[row] for row in rows], start + at))
            came = draw.random(4) < ATTRACTS[rows] * LOOKS
            events += [event("click", IDS[row], name, start + at + 1) for row in rows[came]]
            if at % 1000 == 999:
                folder.exposures.flush()
        folder.exposures.flush()
        folder.events.append(events)


def test_a_version_learns_how_likely_its_pages_are_clicked(path: Path) -> None:
    clicked(path)
    found = learn(path)
    assert found.clicks is not None and found.clicks.pages == 800 and not found.clicks.reason
    assert found.clicks == clicks_of(found.version.path) and (found.version.path / CLICKS).is_dir()
    assert found.clicks.ours is not None and found.clicks.ours.auc > 0.75 and found.clicks.ours.error < 0.05
    with open_shop(path) as shop:
        told = chances(found.version.path, page("x", ["p00", "p19", "p01", "gone"], 0.0), shop.catalog)
    assert told is not None
    here, first = told
    assert here[0] == first[0] == pytest.approx(0.6, abs=0.15) and here[1] == pytest.approx(0.06, abs=0.06)
    assert first[2] == pytest.approx(first[0], abs=0.1) and here[2] < 0.8 * first[2] and 0.0 < here[3] <= first[3] < 1.0


def test_a_cart_is_a_click_and_a_dismissal_is_none(path: Path) -> None:
    then = time.time() - HOUR_AGO
    with open_folder(path, writable=True) as folder:
        folder.exposures.append(page("old", IDS[:6], then))
        folder.exposures.append(page("new", IDS[:3], time.time() - 60))
        folder.exposures.append(page("gone", ["p00", "px"], then + 1, scene="cart"))
        bare = replace(page("bare", ["p19"], then + 2), rows=lambda: np.empty((0, 1), np.float32))
        folder.exposures.append(bare)
        folder.exposures.flush()
        actions: list[Action] = ["click", "add_to_cart", "purchase", "dismiss", "view"]
        events = [event(action, IDS[at], "old", then + 1) for at, action in enumerate(actions)]
        late = [event("click", "p00", "new", then + 2), event("dismiss", "p00", "old", then + 3)]
        refund = Event(event_id="r", timestamp=then + 9, action="refund", session_id="s", product_id="p02")
        folder.events.append([*events, *late, refund])
        found = shown(folder, folder.products.catalog())
    assert found.rows.tolist() == [0, 1, 2, 3, 4, 5, 0, 19] and found.pages.tolist() == [0] * 6 + [1, 2]
    assert found.clicked.tolist() == [True, True, True, False, False, False, False, False]
    assert found.places.tolist() == [0, 1, 2, 3, 4, 5, 0, 0] and len(set(found.scenes.tolist())) == 2
    assert found.table.names == ("affinity.x",) and found.table.values[:-1, 0].tolist() == [0, 1, 2, 3, 4, 5, 0]
    assert np.isnan(found.table.values[-1, 0])


def test_a_shop_without_clicks_says_how_many_it_takes(path: Path) -> None:
    found = learn(path)
    assert found.clicks is not None and not (found.version.path / CLICKS).exists()
    assert found.clicks.line.startswith("No model of clicks: 0 clicks") and "it takes 200" in found.clicks.line
    with open_shop(path) as shop:
        assert chances(found.version.path, page("x", ["p00"], 0.0), shop.catalog) is None


def test_an_erased_shopper_is_not_learnt_from(path: Path, tmp_path: Path) -> None:
    then = time.time() - HOUR_AGO
    with open_folder(path, writable=True) as folder:
        folder.exposures.append(page("own", IDS[:3], then, user="u1"))
        folder.exposures.append(page("other", IDS[:2], then, user="u2"))
        folder.exposures.flush()
        assert len(shown(folder, folder.products.catalog()).rows) == 5
        folder.exposures.erase("u1")
        assert len(shown(folder, folder.products.catalog()).rows) == 2
        (tmp_path / "draft").mkdir()
        card = taught_clicks(folder, tmp_path / "draft", folder.products.catalog(), 0)
    assert card.pages == 1 and card == clicks_of(tmp_path / "draft")
