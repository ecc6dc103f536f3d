"""Claims, 2 and 3 on the real weights:

1. nothing is made where no source asks for it, and where it cannot be learnt the log says why.
2. a shop that asks for it has it in its version, every file in the manifest, and finds by it, filters and all.
3. a product put since is found by its own words; a deleted one is not found.
"""

import logging
from pathlib import Path

import orjson
import pytest

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.expanding import expansions
from shopkeeper.flow.learn import learn
from shopkeeper.store.folder import create, open_folder
from shopkeeper.types import Filters, Product
from tests.encode.test_adapt import COLOURS, KINDS, THINGS
from tests.flow.test_adapt import shelved

SETTINGS = """\
[shop]
name = "pieces"

[recall]  # a busy machine is no reason for an empty page here: what a late source does is tested elsewhere
budget_ms = 30000
deadline_ms = 30000

[encode]
minutes = 0
max_tokens = 24

[learn]
min_events = 0

[recall.lexical]
enabled = false

[recall.semantic]
enabled = false

[recall.sparse]
enabled = true
steps = 2
"""


def test_nothing_is_made_where_nobody_asks_or_it_cannot_be(shop_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_folder(shop_folder, writable=False) as folder, caplog.at_level(logging.WARNING):
        assert expansions(folder, shelved(folder), lambda *_: None) is None
        assert not caplog.text
        folder.settings = folder.settings.with_table("recall", {"sparse": {"enabled": True}})
        folder.settings = folder.settings.with_table("encode", {"weights": "/gone/for/good"})
        assert expansions(folder, shelved(folder), lambda *_: None) is None
    assert "source=sparse learnt=nothing reason=" in caplog.text


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shops") / "pieces"
    create(path, SETTINGS)
    named = [f"{colour} {kind} {thing}" for thing in THINGS for kind in KINDS for colour in COLOURS]
    goods = [Product(product_id=f"p{at}", title=title, price=float(at + 1)) for at, title in enumerate(named)]
    with open_folder(path, writable=True) as folder:
        folder.products.upsert(goods)
        folder.products.delete(["p0"])
    learn(path)
    return path


def found(path: Path, query: str, *changes: Product, most: float | None = None) -> list[str]:
    with open_shop(path, patient=True) as shop:
        shop.put(changes)
        page = answer(ask(shop, scene="search", query=query, k=5, filters=Filters(price_max=most)), shop)
        return [shop.catalog.titles[item.row] for item in page.items]


@pytest.mark.weights
def test_a_version_holds_what_finds_by_pieces(pieces: Path) -> None:
    manifest = orjson.loads((pieces / "versions" / "0001" / "manifest.json").read_bytes())
    assert {"sources/sparse/weights.npy", "sources/sparse/tokenizer.json"} <= set(manifest["files"])
    assert found(pieces, "violet picnic drum")[0] == "violet picnic drum"
    cheap = found(pieces, "red kettle", most=30.0)  # the garden's is deleted, others than kettles are dearer
    assert cheap[0] in {f"red {kind} kettle" for kind in ("kitchen", "travel", "winter", "office")}
    assert all(title.endswith("kettle") for title in cheap)


@pytest.mark.weights
def test_what_came_since_is_found_by_its_own_words(pieces: Path) -> None:
    new = Product(product_id="new", title="turquoise picnic umbrella", price=3.0)
    assert found(pieces, "turquoise umbrella", new)[0] == "turquoise picnic umbrella"
    with open_shop(pieces) as shop:
        shop.delete(["new"])
    assert "turquoise picnic umbrella" not in found(pieces, "turquoise umbrella")
