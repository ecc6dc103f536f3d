"""Claims:

1. complaints and praise are told, in English and Chinese; what is denied counts for the other side.
2. searches for products feel nothing, nor do words that the shop's products say side by side.
3. a complaint asks the service: about what it names, else, of what somebody has, about returns.
4. it has a switch of its own, and codes and each field that words may state have theirs.
"""

import numpy as np
import pytest

from shopkeeper.settings import Understand
from shopkeeper.testing import worlds
from shopkeeper.types import Catalog
from shopkeeper.understand.lexicon import catalog_texts
from shopkeeper.understand.sentiment import sentiment_of
from shopkeeper.understand.structured import Structured
from shopkeeper.understand.understanding import Understanding
from shopkeeper.understood import Says

SHELF: Catalog = worlds.catalog(
    ["Acme kettle", "Bad service T-shirt", "WD-40 spray", "Blue mug"], brands=["Acme", "", "", ""]
)
TEXTS = catalog_texts(SHELF)


@pytest.mark.parametrize(
    "query",
    [
        "my kettle broke, terrible",
        "this does not work",
        "Worst shop ever",
        "never arrived",
        "退货 太差了",
        "质量太差",
        "買的水壺壞了",
    ],
)
def test_complaints(query: str) -> None:
    assert sentiment_of(query) == "negative"


@pytest.mark.parametrize("query", ["thank you, works great", "很好用，下次还来", "not terrible", "非常满意"])
def test_praise_and_what_is_denied(query: str) -> None:
    assert sentiment_of(query) == "positive"


@pytest.mark.parametrize(
    "query", ["kettle", "bad boy shampoo", "止痒膏", "旧房翻新漆", "return policy", "怎么退货", "wd-40", ""]
)
def test_searches_feel_nothing(query: str) -> None:
    assert sentiment_of(query) is None


def test_what_products_say_side_by_side_is_no_complaint() -> None:
    made = Understanding(None, TEXTS)
    assert made.understand("bad service").sentiment is None
    assert made.understand("bad service here").sentiment == "negative"


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ("my kettle broke, terrible", "returns"),
        ("退货 太差了", "returns"),
        ("快递太慢了，差评", "delivery"),
        ("买的水壶坏了", "returns"),
        ("terrible delivery", "delivery"),
        ("terrible kettle", None),
        ("太差", None),
    ],
)
def test_who_complains_asks_the_service(query: str, about: str | None) -> None:
    intent = Understanding(None, TEXTS).understand(query)
    assert (intent.about, intent.sentiment) == (about, "negative")
    assert (intent.kind == "service") == (about is not None)


def test_sentiment_has_its_switch() -> None:
    off = Understanding(None, TEXTS, Understand(sentiment=False)).understand("my kettle broke, terrible")
    assert (off.sentiment, off.kind) == (None, "product")
    no_service = Understanding(None, TEXTS, Understand(service=False)).understand("my kettle broke, terrible")
    assert (no_service.sentiment, no_service.kind) == ("negative", "product")


def test_codes_have_their_switch() -> None:
    on, off = (Understanding(None, TEXTS, Understand(codes=said)).understand("wd-40") for said in (True, False))
    assert ((on.is_code, on.kind), (off.is_code, off.kind)) == ((True, "code"), (False, "product"))


@pytest.mark.parametrize(
    ("field", "left"),
    [("brand", {"price", "category"}), ("price", {"brand", "category"}), ("category", {"brand", "price"})],
)
def test_each_field_that_words_state_has_its_switch(field: Says, left: set[str]) -> None:
    shelf = worlds.catalog(
        ["Acme kettle", "Other kettle", "Acme mug"],
        brands=["Acme", "Other", "Acme"],
        categories=np.array([0, 0, 1], np.int32),
        category_paths=[("Kettles",), ("Mugs",)],
    )
    intent = Understanding(None, catalog_texts(shelf)).understand("acme kettles under 50")
    counts = {"acme": 2, "kettle": 2, "kettles": 2}
    everything = {own.field for own in Structured(shelf, counts).read(intent).stated}
    assert everything == {"brand", "price", "category"}
    kept: list[Says] = [name for name in ("brand", "category", "price", "attributes", "ranges") if name != field]
    assert {own.field for own in Structured(shelf, counts, kept).read(intent).stated} == left
