"""Claims:

1. a product whose text was changed, or that was put again, is found by its new meaning after a restart and after a swap
   of versions; only such products are encoded again.
2. a server may take, change and delete products at any step of learning: the version knows them once it is loaded.
3. a version of earlier days, which has no checksums, is opened, and shown the products that came since.
4. what is bought while a version is learnt counts once when it is loaded, with repairs as without.
"""

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from shopkeeper.flow import build
from shopkeeper.flow import learn as learning
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.check import Checked, check
from shopkeeper.flow.learn import learn
from shopkeeper.flow.shop import Shop, today
from shopkeeper.flow.state import TEXTS_FILE
from shopkeeper.flow.vectors import encoded
from shopkeeper.recall.shelf import VectorShelf
from shopkeeper.store.folder import ShopFolder, open_folder
from shopkeeper.testing import worlds
from shopkeeper.testing.shops import products, small_shop
from shopkeeper.types import Event, FloatArray, Product, Request
from tests.encode.tiny import LetterEncoder

NEW = Product(product_id="new", title="Cacao abracadabra", category=("Produce", "Jam"), price=4.0)
CHANGED = Product(product_id="DA0A", title="Cabbage cabbage", category=("Produce", "Cabbage"), price=1.0)

HALF = 3e-4
"""How far a vector in half precision may be off."""


@pytest.fixture(scope="module")
def letters() -> Iterator[LetterEncoder]:
    """The encoder that every shop of this file opens."""
    encoder = LetterEncoder()
    with pytest.MonkeyPatch.context() as patch:
        for module in (build, learning):
            patch.setattr(module, "encoder_of", lambda *_: encoder)
        yield encoder


@pytest.fixture(scope="module")
def learnt(letters: LetterEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that has learnt while DA1B was deleted; copy it before use."""
    folder = small_shop(tmp_path_factory.mktemp("meanwhile") / "small", learnt=False)
    with open_folder(folder, writable=True) as opened:
        opened.products.delete(["DA1B"])
    learn(folder)
    return folder


@pytest.fixture
def folder(learnt: Path, letters: LetterEncoder, tmp_path: Path) -> Path:
    """A shop of this test's own."""
    letters.asked.clear()
    return Path(shutil.copytree(learnt, tmp_path / "small"))


def shelf_of(shop: Shop) -> VectorShelf:
    """What the semantic source looks along."""
    found = vars(shop.trained.sources["semantic"])["_shelf"]
    assert isinstance(found, VectorShelf)
    return found


def kept(shop: Shop, product_id: str) -> FloatArray:
    """The vector by which the semantic source finds a product."""
    shelf = shelf_of(shop)
    return np.asarray(shelf.exact(np.array([shelf.group(shop.row(product_id))], np.int32))[0], np.float32)


def as_now(shop: Shop, product_id: str) -> FloatArray:
    """The vector of the product's text as it is."""
    vectors = encoded(shop.folder, LetterEncoder(), np.array([shop.row(product_id)], np.int32))
    assert vectors is not None
    return np.asarray(vectors[0], np.float32)


def test_a_changed_product_is_found_by_its_new_meaning_after_a_restart(folder: Path, letters: LetterEncoder) -> None:
    again = next(product for product in products() if product.product_id == "DA1B")
    with open_folder(folder, writable=True) as opened:
        opened.products.upsert([replace(CHANGED, title="Bread"), CHANGED, again])
        opened.products.upsert([replace(product, price=9.0) for product in products() if product.product_id == "HO3C"])
    with open_shop(folder) as shop:
        assert len(letters.asked) == 2
        for product_id in ("DA0A", "DA1B", "HO3C"):
            np.testing.assert_allclose(kept(shop, product_id), as_now(shop, product_id), atol=HALF)


def test_products_come_change_and_go_while_a_version_is_learnt(folder: Path) -> None:
    with open_shop(folder) as shop:

        def live(step: str, done: int, total: int | None) -> None:
            if step == "checking the data":
                shop.put([NEW])
                shop.delete(["HO3C"])
            if step == "learning everything":
                shop.put([replace(NEW, product_id="newer"), CHANGED])

        assert learn(folder, live).version.number == 2
        shop.folder.versions.promote(2)
        assert shop.reload()
        for product_id in ("new", "newer", "DA0A"):
            np.testing.assert_allclose(kept(shop, product_id), as_now(shop, product_id), atol=HALF)
        assert shelf_of(shop).group(shop.catalog.product_ids.index("HO3C")) == -1


def test_a_version_without_checksums_is_shown_what_came_since(folder: Path, letters: LetterEncoder) -> None:
    version = folder / "versions" / "0001"
    manifest = orjson.loads((version / "manifest.json").read_bytes())
    del manifest["files"][TEXTS_FILE]
    (version / TEXTS_FILE).unlink()
    (version / "manifest.json").write_bytes(orjson.dumps(manifest))
    with open_folder(folder, writable=True) as opened:
        opened.products.upsert([NEW])
    with open_shop(folder) as shop:
        assert len(letters.asked) == 1
        np.testing.assert_allclose(kept(shop, "new"), as_now(shop, "new"), atol=HALF)


@pytest.mark.parametrize("repairs", ["[]", '["clip_quantities"]'])
def test_what_is_bought_while_a_version_is_learnt_counts_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, repairs: str
) -> None:
    settings = folder / "settings.toml"
    settings.write_text(settings.read_text("utf-8") + f"\n[quality]\nrepairs = {repairs}\n", encoding="utf-8")
    now = time.time()
    bought = [
        Event(event_id=f"m{at}", timestamp=now, action="purchase", user_id=f"u{at}", product_id="HO3C")
        for at in range(30)
    ]
    with open_shop(folder) as shop:

        def checking(of: ShopFolder) -> Checked:
            found = check(of)
            shop.folder.events.append(bought)
            return found

        monkeypatch.setattr(learning, "check", checking)
        learn(folder)
        monkeypatch.undo()
    shares = []
    for again in (False, True):
        if again:
            learn(folder)
        with open_folder(folder, writable=False) as opened:
            opened.versions.promote(opened.versions.list()[-1].number)
        with open_shop(folder) as shop:
            [offer] = shop.trained.sources["popular"].recall(
                worlds.ask(Request(request_id="", scene="home", day=today())), 100
            )
            shares.append(dict(zip(offer.rows.tolist(), offer.scores.tolist(), strict=True))[shop.row("HO3C")])
    assert shares[0] == pytest.approx(shares[1], rel=1e-3)
