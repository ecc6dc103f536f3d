"""Claims:

1. incremental learning gives the counts that learning everything gives, with the rankers of the version before.
2. it is measured on what came since that version alone, and promoted or refused as any other version.
3. before the first version, where nothing came, where recall or ranking was set otherwise: one line says what to do.
4. a product that came since is found without being shown to the version again, also by meaning.
5. what is learnt at length is carried on, and is shown the products that it has not learnt.
6. of a shopper who was erased since, nothing is counted.
"""

import time
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.errors import NoVersion, UnlearnableShop
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.increment import increment
from shopkeeper.flow.learn import learn
from shopkeeper.flow.state import state_of, strange_to
from shopkeeper.store.folder import open_folder
from shopkeeper.store.versions import VersionInfo
from shopkeeper.testing.shops import SETTINGS, products, small_shop
from shopkeeper.types import DayArray, Event, Product

LAMP = Product(product_id="LAMP", title="Brass reading lamp", brand="Alder", category=("Household", "Lamp"), price=30.0)


def one_more_day(shop: Path, n_users: int = 30) -> None:
    """Each of these shoppers buys paper towels, and something of their own."""
    bought = [
        Event(event_id=f"new-{user}-{product}", timestamp=time.time() - 60, action="purchase", user_id=f"u{user}",
              session_id=f"new-{user}", product_id=product)
        for user in range(n_users)
        for product in ("HO1A", products()[user].product_id)
    ]  # fmt: skip
    with open_folder(shop, writable=True) as folder:
        folder.events.append(bought)


def saved(version: VersionInfo, name: str) -> bytes:
    return (version.path / name).read_bytes()


def test_counts_are_those_of_learning_everything_and_rankers_those_of_before(shop_folder: Path) -> None:
    one_more_day(shop_folder)
    with open_folder(shop_folder, writable=False) as folder:
        first = folder.versions.current()
        assert first is not None
        part, whole = increment(shop_folder).version, learn(shop_folder).version
        counted = [
            "sources/covisit",
            "sources/popular",
            "features/repeat",
            "features/interval",
            "features/popularity",
            "rules",
        ]
        files = [str(path.relative_to(whole.path)) for own in counted for path in (whole.path / own).rglob("*.np[yz]")]
        assert named(part) == named(whole)
        assert len(files) > len(counted) and not any(saved(first, name) == saved(whole, name) for name in files[:3])
        for name in files:
            assert_same(part.path / name, whole.path / name)
        assert saved(part, "rankers/lambdarank/forest.npz") == saved(first, "rankers/lambdarank/forest.npz")
        assert state_of(part)["lessons"] == state_of(first)["lessons"] != {}
        assert state_of(part)["last_seq"] == state_of(whole)["last_seq"] == folder.events.last_seq()


def named(version: VersionInfo) -> set[str]:
    """The version's files, but for those of the index, which have names of their own."""
    return {name for name in version.manifest["files"] if "/index/" not in name}


def assert_same(one: Path, other: Path) -> None:
    """Two files of arrays hold the same, but for the moment at which each was counted."""
    loaded = [np.load(path, allow_pickle=False) for path in (one, other)]
    arrays = [dict(own) if hasattr(own, "files") else {"": own} for own in loaded]
    assert arrays[0].keys() == arrays[1].keys()
    for name in arrays[0]:
        np.testing.assert_allclose(arrays[0][name], arrays[1][name], rtol=1e-4)


def test_it_is_measured_on_what_came_since_and_then_serves(shop_folder: Path) -> None:
    one_more_day(shop_folder, n_users=25)
    with open_shop(shop_folder, writable=False, patient=True) as shop:
        learnt = increment(shop_folder)
        assert {len(contest.ours) for contest in learnt.contests if contest.title == "next basket"} == {25}
        assert learnt.promoted and shop.reload()
        page = answer(ask(shop, scene="home", user_id="u3"), shop)
        assert page.ranker == "lambdarank" and shop.version is not None and shop.version.number == 2


def test_a_handful_of_shoppers_unseat_nobody(shop_folder: Path) -> None:
    one_more_day(shop_folder, n_users=4)
    learnt = increment(shop_folder)
    assert not learnt.promoted and "tried on 4 shoppers or queries" in learnt.refused[-1]


def test_it_says_what_to_do_where_it_cannot_go_on(shop_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        NoVersion, match=r"has not learnt yet, so there is nothing to go on from\. Run: shopkeeper learn"
    ):
        increment(small_shop(tmp_path / "fresh", learnt=False))
    with pytest.raises(UnlearnableShop, match="no event came since version 0001 learnt"):
        increment(shop_folder)
    one_more_day(shop_folder)
    settings = shop_folder / "settings.toml"
    settings.write_text(settings.read_text() + "\n[recall.covisit]\nwindow = 3\n", encoding="utf-8")
    with pytest.raises(UnlearnableShop, match=r"\[recall\] of settings.toml has changed since version 0001 learnt"):
        increment(shop_folder)
    with open_folder(shop_folder, writable=False) as folder:
        assert [version.number for version in folder.versions.list()] == [1]


@pytest.mark.parametrize("weights", ["none", "auto"])
def test_a_product_that_came_since_is_part_of_the_version(tmp_path: Path, weights: str) -> None:
    path = small_shop(
        tmp_path / "shop", settings=SETTINGS.replace('weights = "none"', f'weights = "{weights}"\nminutes = 0')
    )
    with open_shop(path) as shop:
        shop.put([LAMP])
    one_more_day(path)
    version = increment(path).version
    assert state_of(version)["n_products"] == 61
    with open_shop(path, writable=False, patient=True) as shop:
        page = answer(ask(shop, scene="search", query="reading lamp"), shop)
        assert page.items[0].row == shop.row("LAMP")
        if weights == "auto":
            assert shop.vectors is not None and np.linalg.norm(shop.vectors[shop.row("LAMP")]) > 0.9
        assert not len(strange_to(shop.folder, version, 61, shop.catalog.deleted))


def test_what_is_learnt_at_length_is_carried_on(tmp_path: Path) -> None:
    path = small_shop(tmp_path / "shop", settings=SETTINGS + "\n[recall.sequence]\nenabled = true\nepochs = 2\n")
    with open_shop(path) as shop:
        shop.put([LAMP])
    one_more_day(path)
    with open_folder(path, writable=False) as folder:
        first = folder.versions.current()
    assert first is not None
    part = increment(path).version
    for file in (first.path / "sources" / "sequence").iterdir():
        assert_same(part.path / "sources" / "sequence" / file.name, file)
    with open_shop(path, writable=False, patient=True) as shop:
        assert answer(ask(shop, scene="search", query="reading lamp"), shop).items[0].row == shop.row("LAMP")


def test_nothing_is_counted_of_a_shopper_who_was_erased(shop_folder: Path) -> None:
    one_more_day(shop_folder)
    with open_shop(shop_folder) as shop:
        towels = shop.row("HO1A")
        for user in range(15):
            shop.erase(f"u{user}")
    after = popular(increment(shop_folder).version)[:, towels]
    fresh = popular(learn(shop_folder).version)[:, towels]
    np.testing.assert_allclose(after, fresh, rtol=1e-4)


def popular(version: VersionInfo) -> DayArray:
    with np.load(version.path / "sources" / "popular" / "counts.npz") as counts:
        return np.asarray(counts["weights"])
