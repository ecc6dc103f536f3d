"""Claims, of the words of a search over HTTP:

1. a product is found in any spelling of its measures, accents and characters, and the page says what was read as what.
2. synonyms from the settings find what they say, and the page says so; contradictions keep the shop closed, by name.
3. what is switched off is not corrected, nor is a word that only a description says.
"""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from shopkeeper.errors import SettingError
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from shopkeeper.serve.schemas import PageOut
from shopkeeper.types import Product


def asked(client: TestClient, query: str) -> PageOut:
    reply = client.post("/v1/grocer/search", json={"query": query, "k": 3})
    assert reply.status_code == 200, reply.text
    return PageOut.model_validate_json(reply.content)


def of(folder: Path, settings: str, query: str) -> PageOut:
    """The page of a grocer with these settings besides."""
    with (folder / "settings.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{settings}\n")
    with open_shop(folder) as shop, TestClient(create_app({shop.name: shop}, keys=Keys())) as client:
        return asked(client, query)


@pytest.mark.parametrize(
    ("query", "changes"),
    [
        ("creme brulee 500 g", [("units", "500 g", "500g")]),
        (
            "Crème brûlée 0,5 kg",
            [("accents", "crème", "creme"), ("accents", "brûlée", "brulee"), ("units", "0,5 kg", "500g")],
        ),
    ],
)
def test_every_spelling_finds_the_product(
    client: TestClient, shop: Shop, query: str, changes: list[tuple[str, str, str]]
) -> None:
    shop.put([Product(product_id="odd", title="Crème brûlée, 0.5 kg", category=("Sweets",), price=3.0)])
    page = asked(client, query)
    assert [item.product_id for item in page.items][:1] == ["odd"]
    assert [(one.by, one.said, one.meant) for one in page.intent.changes] == changes
    assert page.intent.correction is None


def test_synonyms_find_what_they_say(folder: Path) -> None:
    page = of(folder, '[understand.synonyms]\nsame = [["tea", "brew"]]', "green brew")
    assert page.items[0].title == "Green tea, 20 bags"
    assert [one.model_dump() for one in page.intent.changes] == [{"by": "synonyms", "said": "brew", "meant": "tea"}]


def test_synonyms_that_contradict_keep_the_shop_closed(folder: Path) -> None:
    with pytest.raises(SettingError, match="goes round: tea -> brew -> tea"):
        of(folder, '[understand.synonyms]\nalso = { tea = ["brew"], brew = ["tea"] }', "tea")


def test_what_is_switched_off_is_not_corrected(folder: Path) -> None:
    assert of(folder, "[understand]\nspelling = false", "gren tea").intent.correction is None


def test_a_word_of_a_description_is_not_corrected(client: TestClient, shop: Shop) -> None:
    described = "A blend with gren leaves"
    shop.put([Product(product_id="odd", title="Herbs", description=described, category=("Drinks",), price=3.0)])
    page = asked(client, "gren")
    assert page.intent.correction is None
    assert [item.product_id for item in page.items][:1] == ["odd"]
