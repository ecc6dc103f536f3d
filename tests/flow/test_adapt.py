"""Claims, 3 to 5 on the real weights:

1. no minutes, or weights that are gone, leave the encoder as it is and write no card.
2. a search for a product counts as found before products that are equal to it.
3. learning keeps an adapted model only beyond doubt; its version then reads queries with it, products as before.
4. learning again from the same goods takes the model over and trains nothing.
5. the card of the serving version is written to the reports; a version without one says why there is none.
6. what is learnt from has each product's own category and attributes.
"""

import logging
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.errors import NoVersion
from shopkeeper.flow.adapt import Searches, Shelved, adapted, written_card
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.vectors import Shelf
from shopkeeper.store.folder import ShopFolder, create, open_folder
from shopkeeper.testing.shops import SETTINGS, events
from shopkeeper.types import Event, Product
from tests.encode.test_adapt import COLOURS, KINDS, THINGS
from tests.encode.tiny import LetterEncoder

NOW = 1_780_000_000.0
ADAPTED = """\
[shop]
name = "odd"

[encode]
minutes = 0.5
max_tokens = 24

[encode.matching]
queries = 900
batch = 24

[learn]
min_events = 10
margin = 1.0
"""


def shelved(folder: ShopFolder) -> Shelved:
    catalog = folder.products.catalog()
    shelf = Shelf.of(folder, len(catalog))
    vectors = LetterEncoder().encode(shelf.texts, "passage")
    return Shelved(catalog, shelf, vectors, NOW / 86_400)


@pytest.mark.parametrize("encode", [{"minutes": 0, "weights": "auto"}, {"weights": "/gone/for/good"}])
def test_without_minutes_or_weights_the_encoder_stays(
    shop_folder: Path, tmp_path: Path, encode: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    encoder, draft = LetterEncoder(), tmp_path / "draft"
    draft.mkdir()
    with open_folder(shop_folder, writable=False) as folder, caplog.at_level(logging.WARNING):
        folder.settings = folder.settings.with_table("encode", encode)
        assert adapted(folder, draft, shelved(folder), encoder, lambda *_: None) is encoder
    assert not list(draft.iterdir())
    assert ("adapting=skipped" in caplog.text) == ("minutes" not in encode)


def test_the_model_learns_categories_and_attributes(shop_folder: Path) -> None:
    with open_folder(shop_folder, writable=False) as folder:
        goods = shelved(folder)
        own = [folder.products.get_row(int(row)) for row in goods.shelf.rows]
    assert goods.corpus.categories == [product.category for product in own]
    assert goods.corpus.attributes == [product.attributes for product in own]
    assert any(goods.corpus.categories)


def test_equal_products_do_not_stand_before_the_one_that_is_meant(shop_folder: Path) -> None:
    with open_folder(shop_folder, writable=False) as folder:
        goods = shelved(folder)
    searches = Searches(["x", "y"], np.array([0, 1]), {})
    queries = np.eye(2, goods.vectors.shape[1], dtype=np.float32)
    vectors = np.zeros_like(goods.vectors)
    vectors[goods.shelf.rows[[0, 3, 4]], 0] = (0.5, 0.5, 0.9)
    ranks = searches.ranks(Shelved(goods.catalog, goods.shelf, vectors, goods.day), queries)
    assert ranks.tolist() == [2.0, 1.0]


def test_a_version_whose_model_was_not_to_learn_has_no_card(learnt_shop: Path, tmp_path: Path) -> None:
    with (
        open_folder(learnt_shop, writable=False) as folder,
        pytest.raises(NoVersion, match=r"version 0001 has no model card.*encode.minutes is 0.*shopkeeper learn"),
    ):
        written_card(folder)
    create(tmp_path / "new", SETTINGS)
    with open_folder(tmp_path / "new", writable=False) as folder, pytest.raises(NoVersion, match="has not learnt yet"):
        written_card(folder)


@pytest.fixture(scope="module")
def odd_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of invented names, which no pretrained model has read of, after learning."""
    path = tmp_path_factory.mktemp("shops") / "odd"
    create(path, ADAPTED)
    named = [f"{colour} {kind} {thing}" for thing in THINGS for kind in KINDS for colour in COLOURS]
    products = [
        Product(product_id=f"p{place}", title=f"Zorv{place % 9}k {title}", category=(title.split()[1],), price=3.0)
        for place, title in enumerate(named)
    ]
    with open_folder(path, writable=True) as folder:
        folder.products.upsert(products)
        folder.events.append([_here(event, len(products)) for event in events(NOW)])
    learn(path)
    return path


def _here(event: Event, n_products: int) -> Event:
    place = sum(map(ord, event.product_id)) * 31 % n_products
    return Event(
        event_id=event.event_id,
        timestamp=event.timestamp,
        action=event.action,
        user_id=event.user_id,
        session_id=event.session_id,
        product_id=f"p{place}",
    )


@pytest.mark.weights
def test_an_adapted_model_reads_the_queries_of_its_version_and_is_kept_beyond_doubt(odd_shop: Path) -> None:
    with open_folder(odd_shop, writable=False) as folder:
        card = written_card(folder)
        version = folder.versions.current()
        assert (odd_shop / "reports" / "card.zh.html").is_file()
    assert version is not None and card.n_held_out > 0 and card.points
    assert card.adapted == (version.path / "encoder").is_dir()
    assert card.adapted == bool(card.gains and card.gains[0].low > 0), card.reason
    with open_shop(odd_shop, writable=False) as shop:
        assert shop.vectors is not None and shop.trained.understanding.encoder is not None
        encoder = shop.trained.understanding.encoder
        (own,) = encoder.encode([Shelf.of(shop.folder, 1).texts[0]], "passage")
        assert float(own @ shop.vectors[0]) > 0.97


@pytest.mark.weights
def test_learning_again_from_the_same_goods_takes_the_model_over(odd_shop: Path) -> None:
    told: list[str] = []
    again = learn(odd_shop, lambda step, done, total: told.append(step))
    assert again.card is not None and again.version.number > 1
    with open_folder(odd_shop, writable=False) as folder:
        first = folder.versions.get(1)
        assert again.card == written_card(folder)
    assert "adapting the language model" not in told
    assert (first.path / "card.json").read_bytes() == (again.version.path / "card.json").read_bytes()
