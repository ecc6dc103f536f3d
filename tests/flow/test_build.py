"""Opening a shop.

1. Nothing is collected while a shop opens, and the garbage collector is afterwards as it was, also where opening fails.
2. A version of which a file was changed is not opened, whatever is read beside its hashing.
3. Shoppers are known the same from the log's days and from the gathered file, which erasing one deletes.
4. Searches that nobody judged are ordered by scores where there is a meaning to blend in and the shop is not vast, else
   by ranks; what the settings name counts before that.
5. Without a language model words tell what is similar to a product, unless the settings say otherwise.
"""

import gc
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shopkeeper.errors import CorruptVersion
from shopkeeper.flow import build
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import load_trained, open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.shop import Trained
from shopkeeper.settings import Settings
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.gathered import FILE
from shopkeeper.store.versions import VersionInfo
from shopkeeper.testing.shops import SETTINGS, small_shop
from shopkeeper.types import Catalog


def test_nothing_is_collected_while_a_shop_opens(shop_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    during: list[bool] = []

    def load(folder: ShopFolder, catalog: Catalog, ahead: Future[VersionInfo] | None = None) -> Trained | None:
        during.append(gc.isenabled())
        assert ahead is not None  # its files are hashed while the shop reads its catalogue and log
        return load_trained(folder, catalog, ahead)

    monkeypatch.setattr(build, "load_trained", load)
    with open_shop(shop_folder):
        assert gc.isenabled()
    assert during == [False]


def test_the_collector_stays_off_where_it_was_off(shop_folder: Path) -> None:
    gc.disable()
    try:
        with open_shop(shop_folder):
            assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_changed_version_is_not_opened(shop_folder: Path) -> None:
    popularity = shop_folder / "versions" / "0001" / "popularity.npy"
    content = popularity.read_bytes()
    popularity.chmod(0o644)
    popularity.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CorruptVersion, match=r"version 0001: popularity\.npy is not what its manifest says"):
        open_shop(shop_folder)
    assert gc.isenabled()


def test_shoppers_are_known_the_same_from_the_gathered_days(shop_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shopkeeper.store.gathered.FEW", 0)
    gathered = shop_folder / "cache" / FILE
    with open_shop(shop_folder) as shop:
        assert shop.folder.events.compact(time.time()) > 0
    with open_shop(shop_folder, writable=False) as shop:
        users = range(len(shop.folder.users))
        plain = shop.profiles.portraits(users)
    assert not gathered.exists()
    open_shop(shop_folder).close()
    assert gathered.is_file()
    with open_shop(shop_folder) as shop:
        for one, other in zip(plain, shop.profiles.portraits(users), strict=True):
            for name in one.__dataclass_fields__:
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        shop.erase(shop.folder.users.id(0))
    assert not gathered.exists()


@pytest.mark.parametrize(
    ("settings", "n_products", "by_meaning", "name"),
    [
        ({}, 10, True, "blend"),
        ({}, 10, False, "fused"),
        ({}, build.BLENDED, True, "blend"),
        ({}, build.BLENDED + 1, True, "fused"),
        ({"rank": {"blend": {"enabled": False}}}, 10, True, "fused"),
        ({"rank": {"match": {"enabled": False}}}, 10, True, "fused"),
    ],
)
def test_searches_that_nobody_judged_are_ordered_by_scores_where_there_are_any(
    settings: dict[str, dict[str, Any]], n_products: int, by_meaning: bool, name: str
) -> None:
    assert build.unjudged(Settings(settings), n_products, by_meaning=by_meaning) == name


@pytest.mark.parametrize(
    ("settings", "by_words"),
    [
        ({}, False),
        ({"encode": {"weights": "none"}}, True),
        ({"encode": {"weights": "none"}, "recall": {"lexical": {"similar": False}}}, False),
        ({"recall": {"lexical": {"similar": True}}}, True),
    ],
)
def test_without_a_language_model_words_tell_what_is_similar(
    settings: dict[str, dict[str, Any]], by_words: bool
) -> None:
    assert ("similar" in build.stages(Settings(settings)).sources["lexical"].scenes) == by_words


@pytest.mark.weights
@pytest.mark.parametrize(("named", "name"), [("", "blend"), ("fused", "fused")])
def test_a_shop_with_a_language_model_serves_searches_so(tmp_path: Path, named: str, name: str) -> None:
    more = f'rankers = {{home = "lambdarank", search = "{named}"}}\n' if named else ""
    path = small_shop(
        tmp_path / "shop", settings=SETTINGS.replace('"none"', '"auto"\nminutes = 0') + more, learnt=False
    )
    assert learn(path).order is None
    with open_shop(path, writable=False, patient=True) as shop:
        page = answer(ask(shop, scene="search", query="whole milk"), shop)
        assert page.items and page.ranker == name
        assert "search_for_a_product_bought.MRR@10" in shop.trained.version.manifest["scores"]
