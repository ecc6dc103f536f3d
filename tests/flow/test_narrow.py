"""Claims:

1. What words state narrows the page, and what the request chose in the same field goes before it.
2. Where the filters of the words leave nothing, numbers are widened, else one is dropped, at last all; the page is not
   empty and says which. The words of a name that is dropped are searched, those of a number are not.
3. Whatever the words are, there is an answer.
4. The setting and the request can leave the words as words.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper.amounts import Between
from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.shop import Shop
from shopkeeper.testing import shops
from shopkeeper.types import Filters, Page, Product

PEN_COLOURS = ("Red", "Red", "Blue", "Blue", "Green", "Green")


def pens() -> list[Product]:
    return [
        Product(
            product_id=f"pen{at}",
            title=f"Writer no. {at}" if at else "Writer no. 0 favourite",
            brand="Quill" if at % 2 else "Nib",
            category=("Office", "Fountain pen"),
            price=10.0 * (at + 1),
            currency="EUR",
            attributes={"ink colour": colour, "length": f"{10 + at} cm"},
        )
        for at, colour in enumerate(PEN_COLOURS)
    ]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = shops.small_shop(tmp_path_factory.mktemp("narrow") / "shop")
    learn(path)
    return path


@pytest.fixture(scope="module")
def shop(path: Path) -> Shop:
    opened = open_shop(path, patient=True)
    opened.put(pens())
    return opened


def page_of(shop: Shop, query: str, filters: Filters | None = None, as_words: tuple[str, ...] = ()) -> Page:
    request = ask(shop, scene="search", query=query, filters=filters or Filters(), as_words=as_words, k=20)
    return answer(request, shop)


def ids(shop: Shop, page: Page) -> set[str]:
    return {shop.catalog.product_ids[item.row] for item in page.items}


def roles(page: Page) -> list[tuple[str, str, str]]:
    return [(own.field, own.value, own.role) for own in page.intent.stated]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("quill fountain pen under 50", {"pen1", "pen3"}),
        ("red nib fountain pen", {"pen0"}),
        ("blue fountain pen at least 13 cm", {"pen3"}),
    ],
)
def test_what_words_state_narrows_the_page(shop: Shop, query: str, found: set[str]) -> None:
    assert ids(shop, page_of(shop, query)) == found


def test_facets_are_counted_inside_what_words_state(shop: Shop) -> None:
    page = page_of(shop, "fountain pen under 50")
    assert page.facets["category"] == {"Fountain pen": 5, "Office > Fountain pen": 5}
    page = page_of(shop, "quill fountain pen under 50", Filters(brands=("Nib",)))
    assert page.facets["brand"] == {"Nib": 3, "Quill": 2}


def test_what_was_chosen_goes_before_what_words_state(shop: Shop) -> None:
    page = page_of(shop, "quill fountain pen under 50", Filters(brands=("Nib",)))
    assert ids(shop, page) == {"pen0", "pen2", "pen4"}
    page = page_of(shop, "red fountain pen under 70", Filters(attributes=(("Ink Colour", ("blue",)),)))
    assert ids(shop, page) == {"pen2", "pen3"}
    page = page_of(shop, "fountain pen under 30", Filters(price_min=55.0))
    assert ids(shop, page) == {"pen5"}


@pytest.mark.parametrize(
    ("query", "found", "said"),
    [
        ("fountain pen under 9", {"pen0"},
         [("category", "Fountain pen", "filter"), ("price", "..11.25", "widened")]),
        ("red fountain pen under 2", {"pen0", "pen1"},
         [("attributes.ink colour", "Red", "filter"), ("category", "Fountain pen", "filter"),
          ("price", "..2", "dropped")]),
        ("nib favourite fountain pen 12 cm", {"pen0"},
         [("brand", "Nib", "filter"), ("category", "Fountain pen", "filter"),
          ("ranges.length", "9..15 cm", "widened")]),
    ],
)  # fmt: skip
def test_a_filter_that_leaves_nothing_gives_way(
    shop: Shop, query: str, found: set[str], said: list[tuple[str, str, str]]
) -> None:
    page = page_of(shop, query)
    assert roles(page) == said
    assert ids(shop, page) >= found


def test_the_words_of_a_name_that_gives_way_are_searched(shop: Shop) -> None:
    page = page_of(shop, "crusty butter croissant under 20")
    assert roles(page) == [("price", "..20", "filter"), ("category", "Butter croissant", "dropped")]
    titles = [shop.catalog.titles[item.row] for item in page.items]
    assert all("croissant" in title for title in titles[:3]), titles


def test_where_no_filter_can_stay_the_words_are_searched_as_words(shop: Shop) -> None:
    page = page_of(shop, "writer under 1")
    assert roles(page) == [("price", "..1", "dropped")]
    assert ids(shop, page) == {f"pen{at}" for at in range(6)}


def test_the_request_can_leave_words_as_words(shop: Shop) -> None:
    page = page_of(shop, "quill writer under 50", as_words=("*",))
    assert page.intent.stated == ()
    page = page_of(shop, "quill fountain pen under 50", as_words=("price",))
    assert {own.field for own in page.intent.stated} == {"brand", "category"}


def test_the_setting_leaves_every_word_a_word(path: Path) -> None:
    settings = path / "settings.toml"
    before = settings.read_text()
    settings.write_text(f"{before}\n[understand]\nfilters = false\n")
    try:
        with open_shop(path, writable=False, patient=True) as opened:
            assert opened.trained.structured is None
            assert page_of(opened, "milk under 3").intent.stated == ()
    finally:
        settings.write_text(before)


PARTS = """
red Quill nib fountain pen pens writer ink colour length 12 cm 13cm 1.5 l under over between and to - 50 0 1e9
99999999999999 $ € 元 以下 两百 三百五 九亿亿亿 左右 at least or less not of with 红色 , .. % ' " ( \\ 16gb -5 +
"""


def test_whatever_the_words_are_there_is_an_answer(shop: Shop) -> None:
    rng, parts = np.random.default_rng(0), PARTS.split()
    for _ in range(300):
        gap = " " if rng.random() < 0.8 else ""
        query = gap.join(rng.choice(parts, rng.integers(1, 9)).tolist())
        page = page_of(shop, query)
        for own in page.intent.stated:
            assert own.words in page.intent.query or own.words in (page.intent.correction or "")
            assert own.field in ("brand", "category") or "." in own.field or own.field == "price"
            if own.field == "price" or own.field.startswith("ranges."):
                assert Between.of(own.value) is not None


def test_a_word_that_names_two_fields_is_searched_once_neither_holds(shop: Shop) -> None:
    others = [
        Product(
            product_id=f"o{at}",
            title=f"Aerial {at}",
            brand="Otherco",
            category=("Innerly",),
            attributes={"antenna": "Innerly"},
        )
        for at in range(3)
    ]
    meant = Product(product_id="s1", title="Samuno innerly battery", brand="Samuno")
    plain = Product(product_id="s2", title="Samuno lamp", brand="Samuno")
    shop.put([*others, meant, plain])
    page = page_of(shop, "samuno innerly")
    assert page.intent.tokens == ("samuno", "innerly")
    assert shop.catalog.product_ids[page.items[0].row] == "s1" and "DA0A" not in ids(shop, page)
    assert {role for _, _, role in roles(page)} == {"dropped"}
