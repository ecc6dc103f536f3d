"""Claims:

1. learning measures on days it has not seen, seals a version with its scores, and promotes it.
2. a version that loses beyond doubt is refused with the reason, and the serving one stays.
3. a chosen repair changes what is learnt from, never the data.
4. a shop that cannot be learnt from is refused with the reason, and nothing is left behind.
5. a comparison says what shoppers did about a version's pages.
6. learning leaves so many versions as the settings say.
7. what is measured is generated the same way from the same seed.
8. waiting for the language model is a step of its own, told only where there is something to wait for.
9. a shop of goods alone, which says that it needs no events, learns, serves and answers.
"""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.errors import UnlearnableShop
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.check import Checked, check
from shopkeeper.flow.compare import compare
from shopkeeper.flow.judge import judged
from shopkeeper.flow.learn import learn
from shopkeeper.flow.observe import observe
from shopkeeper.flow.queries import known_items
from shopkeeper.flow.shop import Shop
from shopkeeper.flow.trial import Contest
from shopkeeper.flow.windows import training_windows, up_to, window
from shopkeeper.rank.labels import labels_between
from shopkeeper.settings import FUSED, parse
from shopkeeper.store.folder import ShopFolder, create, open_folder
from shopkeeper.store.snapshot import interactions_table, snapshot
from shopkeeper.testing import worlds
from shopkeeper.testing.shops import SETTINGS, products
from shopkeeper.types import Catalog, Event


def test_a_version_holds_its_scores_with_intervals(learnt_shop: Path) -> None:
    with open_folder(learnt_shop, writable=False) as folder:
        version = folder.versions.current()
    assert version is not None
    scores = version.manifest["scores"]
    assert set(scores) == {"next_basket.R@10", "next_basket.N@10", "search_for_a_product_bought.MRR@10"}
    basket = scores["next_basket.R@10"]
    assert isinstance(basket, dict)
    assert set(basket["baselines"]) == {"popularity", "personal frequency"}
    assert basket["ours"]["low"] <= basket["ours"]["mean"] <= basket["ours"]["high"]


def contest(ours: float, theirs: float) -> Contest:
    noise = np.linspace(-0.01, 0.01, 50)
    return Contest("next basket", "R@10", ours + noise, {"popularity": theirs + noise[::-1]})


def test_a_version_that_loses_beyond_doubt_is_refused(shop_folder: Path) -> None:
    with open_folder(shop_folder, writable=False) as folder:
        serving = folder.versions.current()
        assert serving is not None
        lost = judged(folder, serving, [contest(0.1, 0.3)])
        assert not lost.promoted
        assert lost.refused[0].startswith("next basket: popularity is better, R@10 differs by -0.2")
        assert judged(folder, serving, [contest(0.3, 0.1)]).promoted


def test_a_version_worse_than_the_serving_one_is_refused(shop_folder: Path) -> None:
    with open_folder(shop_folder, writable=False) as folder:
        serving = folder.versions.current()
        assert serving is not None
        with np.load(serving.path / "trial.npz") as trial:
            before = trial["next_basket.R@10"]
        worse = Contest("next basket", "R@10", before - 0.2, {"popularity": before - 0.5})
        assert "version 0001 is better" in judged(folder, serving, [worse]).refused[0]


def test_a_repair_changes_what_is_learnt_from_never_the_data(shop_folder: Path) -> None:
    settings = shop_folder / "settings.toml"
    settings.write_text(settings.read_text() + '\n[quality]\nrepairs = ["drop_future"]\n', encoding="utf-8")
    with open_folder(shop_folder, writable=True) as folder:
        before = len(folder.events)
        ahead = Event(event_id="x", timestamp=time.time() + 9e6, action="purchase", user_id="u1", product_id="DA0A")
        folder.events.append([ahead])
        checked = check(folder)
        whole = snapshot(folder, events=checked.events)
        assert len(whole.log.rows) == before
        assert len(snapshot(folder).log.rows) == len(folder.events) == before + 1
        assert checked.report.repairs[0].events_removed == 1


def test_a_shop_that_cannot_be_learnt_from_is_refused(tmp_path: Path) -> None:
    from shopkeeper.flow.learn import learn

    create(tmp_path / "empty", SETTINGS)
    with pytest.raises(UnlearnableShop, match=r"Small Shop cannot be learnt from: 0 products, at least 10 are needed"):
        learn(tmp_path / "empty")
    assert [path.name for path in (tmp_path / "empty" / "versions").glob("*") if path.is_dir()] == []


@pytest.mark.parametrize(("ready", "told"), [(False, True), (True, False)])
def test_waiting_for_the_language_model_is_a_step_of_its_own(
    shop_folder: Path, monkeypatch: pytest.MonkeyPatch, ready: bool, told: bool
) -> None:
    steps: list[str] = []
    open_it = threading.Event()

    def opening(folder: ShopFolder, catalog: Catalog) -> None:
        assert open_it.wait(60)

    def checking(folder: ShopFolder) -> Checked:
        found = check(folder)
        if ready:
            open_it.set()
        return found

    def tell(step: str, done: int, total: int) -> None:
        steps.append(step)
        if step.startswith("preparing"):
            open_it.set()

    monkeypatch.setattr("shopkeeper.flow.learn.encoder_of", opening)
    monkeypatch.setattr("shopkeeper.flow.learn.check", checking)
    monkeypatch.setattr("shopkeeper.flow.learn.OPENING_S", 30.0 if ready else 0.0)
    learn(shop_folder, tell)
    assert steps[0] == "checking the data"
    assert ("preparing the language model (once)" in steps) == told


def test_old_versions_go_after_learning(shop_folder: Path) -> None:
    from shopkeeper.flow.learn import learn

    settings = shop_folder / "settings.toml"
    settings.write_text(settings.read_text().replace("[learn]", "[learn]\nkeep_versions = 2"), encoding="utf-8")
    assert [learn(shop_folder).version.number for _ in range(2)] == [2, 3]
    with open_folder(shop_folder, writable=False) as folder:
        assert [version.number for version in folder.versions.list()] == [2, 3]
        assert folder.versions.rollback().number == 2


VISITS = [(user, row, 10.0 * user + row, "purchase") for user in range(3) for row in range(8)]


def test_a_window_knows_nothing_of_what_it_asks_for() -> None:
    past = worlds.snapshot(worlds.catalog(["a"] * 8), VISITS, day=40.0)
    asked = window(past, start=20.0, days=7.0)
    assert asked.snapshot.log.days.max() < 20.0 <= asked.snapshot.day
    assert asked.snapshot.interactions.day.max().to_pyarrow().as_py() < 20.0
    assert asked.labels.users.tolist() == [2]


def test_training_windows_end_where_the_snapshot_does() -> None:
    past = worlds.snapshot(worlds.catalog(["a"] * 8), VISITS, day=28.0)
    days = [own.snapshot.day for own in training_windows(past, parse("[rank]\nwindows = 3\n"))]
    assert days == [7.0, 14.0, 21.0]


def test_generated_queries_are_words_of_titles_and_the_same_for_a_seed() -> None:
    shelf = worlds.catalog(["Crushed ice, 22 lb", "Whole milk", "99", "Whole milk"])
    bought = worlds.interactions([(0, row, 1.0, "purchase") for row in range(4)])
    labels = labels_between(interactions_table(bought), 0.0, 2.0)
    items = known_items(shelf, labels, n=10, seed=3)
    assert items == known_items(shelf, labels, n=10, seed=3)
    assert sorted(item.title_code for item in items) == [0, 1]  # one query a title, none for a title of digits
    assert all("22" not in item.query for item in items)


def test_a_comparison_says_what_followed_the_pages_of_a_version(shop: Shop) -> None:
    pages = [answer(ask(shop, scene="home", user_id=f"u{user}"), shop) for user in range(4)]
    shown = shop.catalog.product_ids[pages[0].items[0].row]
    bought = Event(
        event_id="b", timestamp=time.time(), action="purchase", product_id=shown, request_id=pages[0].request_id
    )
    elsewhere = Event(event_id="c", timestamp=time.time(), action="click", product_id=shown, request_id="another")
    observe([bought, elsewhere], shop)
    shop.folder.exposures.flush()
    live = compare(shop.folder).live["0001"]
    assert (live.pages, live.clicked.mean, live.bought.mean) == (4, 1 / 4, 1 / 4)


def test_a_version_that_was_hardly_tried_unseats_nobody(shop_folder: Path) -> None:
    few = Contest("next basket", "R@10", np.full(3, 0.9), {"popularity": np.zeros(3)})
    with open_folder(shop_folder, writable=False) as folder:
        serving = folder.versions.current()
        assert serving is not None
        refused = judged(folder, serving, [few]).refused
    assert refused[0] == "tried on 3 shoppers or queries of the held-out days; replacing a version takes 10"


def test_one_event_dated_ahead_does_not_move_the_present() -> None:
    past = worlds.snapshot(worlds.catalog(["a"] * 8), [*VISITS, (0, 1, 9000.0, "purchase")], day=9001.0)
    assert up_to(past, 40.0).day == 40.0
    assert len(up_to(past, 40.0).log.rows) == len(VISITS)
    assert up_to(past, 9500.0) is past


def test_a_shop_of_goods_alone_learns_and_answers(tmp_path: Path) -> None:
    create(tmp_path / "new", SETTINGS.replace("min_events = 10", "min_events = 0"))
    with open_folder(tmp_path / "new", writable=True) as folder:
        folder.products.upsert(products())
    assert learn(tmp_path / "new").promoted
    with open_shop(tmp_path / "new") as shop:
        page = answer(ask(shop, scene="search", query="rye bread"), shop)
        assert page.items and shop.catalog.titles[page.items[0].row].endswith("rye bread")
        assert answer(ask(shop, scene="home"), shop).ranker == FUSED
