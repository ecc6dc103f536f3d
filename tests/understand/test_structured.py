"""Claims:

1. Brand, category, attributes, numbers with units and prices are found by the shop's own names, in English and Chinese;
   filters leave the words that are searched, and their words stay as hints.
2. One thing alone stays words; so do a code and what is negated, and what the request wants as words.
3. A word of several attributes is of the one that most of the products left have; a name beside it decides.
4. A value whose word is said by many more products than have it is a boost, and stays among the words; so are names
   without a number, a price or an attribute's name beside them, unless they say everything that was asked.
5. A category is a filter only as the head of the query.
6. New products' brands, categories and attributes are known at once; deleted ones' count no more.
7. As typed stands before a correction where more of it is understood.
8. A catalogue read anew, which numbers the same values otherwise, changes nothing.
"""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.attributes import Attributes
from shopkeeper.testing import worlds
from shopkeeper.text import normalise, tokens
from shopkeeper.types import Catalog, Intent
from shopkeeper.understand.lexicon import Lexicon, catalog_texts
from shopkeeper.understand.structured import Structured

LAPTOPS = [
    {"memory": "16 GB", "storage": "512 GB", "colour": "Black", "case colour": "Red"},
    {"memory": "8 GB", "storage": "16 GB", "colour": "Red", "case colour": "Black"},
    {"memory": "16 GB", "storage": "1 TB", "colour": "Red", "processor": "Core 2 Duo"},
    {"memory": "32 GB", "storage": "1 TB", "colour": "Sky blue", "processor": "Core 2 Duo"},
]
TEA = [{"leaf": "Black", "weight": "0.5 kg"}, {"leaf": "Green", "weight": "1 kg"}]
DRESSES = [{"颜色": "红色", "长度": "90 厘米"}, {"颜色": "蓝色", "长度": "110 厘米"}]
CATEGORIES = [("Computers", "Laptop"), ("Food", "Tea"), ("服装", "连衣裙")]


def shelf() -> Catalog:
    """Four laptops, two teas, two dresses, and ten bare products that only say `fresh`, of which one is Fresh."""
    said = [*LAPTOPS, *TEA, *DRESSES, {"state": "Fresh"}, *[{} for _ in range(9)]]
    titles = ["Acme one", "Best two", "Acme three", "Acme four", "Leaf five", "Leaf six", "夏季七", "夏季八"]
    kinds = [0] * 4 + [1] * 2 + [2] * 2 + [3] * 10
    return worlds.catalog(
        [*titles, *[f"Fresh thing {at}" for at in range(10)]],
        brands=["Acme", "Best", "Acme", "Acme", "Leaf & Co", "Leaf & Co", "花朵", "花朵", *[""] * 10],
        categories=np.array(kinds, np.int32),
        category_paths=[*CATEGORIES, ()],
        attributes=Attributes.of(said),
    )


SHELF = shelf()
READER = Structured(SHELF, Lexicon.of(catalog_texts(SHELF)).counts)


def asked(query: str) -> Intent:
    return Intent(query=normalise(query), tokens=tuple(tokens(query)))


def stated(query: str, *as_words: str, reader: Structured = READER) -> dict[str, str]:
    return {own.field: own.value for own in reader.read(asked(query), as_words).stated if own.role == "filter"}


@pytest.mark.parametrize(
    ("query", "filters", "rest"),
    [
        ("acme laptop 16 gb under 800", {"brand": "Acme", "category": "Laptop", "ranges.memory": "16 GB",
                                         "price": "..800"}, ()),
        ("red laptops between 20 and 30", {"attributes.colour": "Red", "category": "Laptop", "price": "20..30"}, ()),
        ("fast laptop with at least 8gb memory", {"category": "Laptop", "ranges.memory": "8.. GB"}, ("fast",)),
        ("acme laptops", {"brand": "Acme", "category": "Laptop"}, ()),
        ("laptop sky blue core 2 duo", {"category": "Laptop", "attributes.colour": "Sky blue",
                                        "attributes.processor": "Core 2 Duo"}, ()),
        ("leaf & co tea 0.5 kg", {"brand": "Leaf & Co", "category": "Tea", "ranges.weight": "0.5 kg"}, ()),
        ("cheap thing over 50 dollars", {"price": "50.."}, ("cheap", "thing")),
        ("tea weight under 1", {"category": "Tea", "ranges.weight": "..1"}, ()),
        ("两百以内的红色连衣裙", {"price": "..200", "attributes.颜色": "红色", "category": "连衣裙"}, ()),
        ("花朵连衣裙长度100厘米以上", {"brand": "花朵", "category": "连衣裙", "ranges.长度": "100.. cm"}, ()),
    ],
)  # fmt: skip
def test_what_words_state_becomes_filters(query: str, filters: dict[str, str], rest: tuple[str, ...]) -> None:
    assert stated(query) == filters
    assert READER.read(asked(query)).tokens == rest


def test_the_words_of_filters_stay_as_hints() -> None:
    intent = READER.read(asked("red acme laptop 16 gb under 800"))
    assert intent.hints == ("red", "acme", "laptop")
    assert [own.words for own in intent.stated] == ["red", "acme", "laptop", "16 gb", "under 800"]


@pytest.mark.parametrize("query", ["acme", "laptop", "red", "leaf tin", "", "16", "nothing of it"])
def test_one_thing_alone_stays_words(query: str) -> None:
    intent = asked(query)
    assert stated(query) == {}
    assert READER.read(intent).tokens == intent.tokens


def test_a_code_and_what_is_negated_stay_words() -> None:
    code = replace(asked("16 gb"), is_code=True)
    assert READER.read(code) is code
    assert stated("acme laptop 16 gb not red") == {"brand": "Acme", "category": "Laptop", "ranges.memory": "16 GB"}


def test_what_the_request_wants_as_words_stays_words() -> None:
    query = "red acme laptop under 800"
    assert stated(query, "brand", "price") == {"attributes.colour": "Red", "category": "Laptop"}
    assert READER.read(asked(query), ("brand", "price")).tokens == ("acme", "under", "800")
    assert READER.read(asked(query), ("*",)) == asked(query)
    assert "attributes.case colour" in stated(query, "attributes.colour")


def test_a_word_of_several_attributes_is_of_the_one_that_most_have() -> None:
    assert stated("black tea 500 g")["attributes.leaf"] == "Black"
    assert stated("red laptop 16 gb") == {"attributes.colour": "Red", "category": "Laptop", "ranges.memory": "16 GB"}
    assert stated("laptop case colour black storage 16 gb") == {
        "category": "Laptop", "attributes.case colour": "Black", "ranges.storage": "16 GB"
    }  # fmt: skip


def test_a_word_that_titles_say_for_other_reasons_is_a_boost() -> None:
    intent = READER.read(asked("fresh thing under 20"))
    assert [(own.field, own.role) for own in intent.stated] == [("attributes.state", "boost"), ("price", "filter")]
    assert intent.tokens == ("fresh", "thing")
    assert 0 < intent.stated[0].confidence < 0.3


@pytest.mark.parametrize("query", ["red laptop", "acme laptop bag", "black tea tin"])
def test_names_that_do_not_say_everything_are_boosts(query: str) -> None:
    intent = READER.read(asked(query))
    assert intent.stated
    assert {own.role for own in intent.stated} == {"boost"}
    assert (intent.tokens, intent.hints) == (asked(query).tokens, ())


def test_a_category_is_a_filter_only_as_the_head() -> None:
    assert "category" not in stated("laptop bag under 20")
    assert "category" not in stated("bag for laptop under 20")
    assert stated("laptop for travel under 20")["category"] == "Laptop"


def test_new_products_are_known_at_once_and_deleted_ones_count_no_more() -> None:
    reader = Structured(SHELF, {})
    n = len(SHELF)
    row = np.array([n, 4], np.int32)
    said = [{"colour": "Teal", "length": "2 m"}, {}]
    grown = replace(
        SHELF,
        titles=[*SHELF.titles, "Scarf"],
        brands=[*SHELF.brands, "Nova"],
        product_ids=[*SHELF.product_ids, "new"],
        categories=np.append(SHELF.categories, np.int32(4)),
        category_paths=[*SHELF.category_paths, ("Clothes", "Scarf")],
        deleted=np.append(SHELF.deleted, False) | (np.arange(n + 1) == 5),
        attributes=SHELF.attributes.updated(row, said),
    )
    query = "teal nova scarf 2 m"
    assert stated(query, reader=reader) == {}
    reader.update(grown, row, None)
    assert stated(query, reader=reader) == {
        "attributes.colour": "Teal", "brand": "Nova", "category": "Scarf", "ranges.length": "2 m"
    }  # fmt: skip
    assert "attributes.leaf" not in stated("green tea under 20", reader=reader)


def test_as_typed_stands_where_more_of_it_is_understood() -> None:
    intent = READER.read(replace(asked("acme laptop sky blue"), correction="acme laptop say glue"))
    assert intent.correction is None
    assert len(intent.stated) == 3
    mended = READER.read(replace(asked("acne laptop sky blue"), correction="acme laptop sky blue"))
    assert mended.correction == "acme laptop sky blue"
    assert len(mended.stated) == 3


def test_a_catalogue_read_anew_changes_nothing() -> None:
    said = [*reversed(LAPTOPS), *TEA, *DRESSES, {"state": "Fresh"}, *[{} for _ in range(9)]]
    anew = replace(SHELF, titles=[*SHELF.titles[3::-1], *SHELF.titles[4:]], attributes=Attributes.of(said))
    at = anew.attributes.place("colour")
    assert at is not None and anew.attributes.texts[at] != SHELF.attributes.texts[at]
    reader = Structured(SHELF, Lexicon.of(catalog_texts(SHELF)).counts)
    reader.update(anew, np.array([0], np.int32), None)
    for query in ("red laptops under 30", "laptop sky blue core 2 duo", "black laptop 16 gb", "红色连衣裙 90 厘米"):
        assert stated(query, reader=reader) == stated(query) != {}
