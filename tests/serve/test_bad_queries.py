"""Claims, of searches that nobody should ask, over HTTP:

1. each is answered with a page whose intent says what was read of the query: its words find what they find.
2. a query of no words, or of small words alone, is answered too, and never fails.
3. an overlong query, one of half a character and a field that there is not are refused by name, with what is allowed.
4. filters that contradict leave an empty page or are refused by name, and so does a page that is too deep.
5. a bad beginning is completed or not, and an overlong one refused.
"""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from starlette.testclient import TestClient

from benchmarks.small_shop import SHELF
from shopkeeper.flow.build import open_shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from shopkeeper.serve.schemas import PageOut

SEARCH = "/v1/grocer/search"


@pytest.fixture(scope="module")
def client(learnt: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An app in front of a grocer of this module's own."""
    folder = copytree(learnt, tmp_path_factory.mktemp("bad") / "grocer")
    with open_shop(folder) as shop, TestClient(create_app({shop.name: shop}, keys=Keys())) as asking:
        yield asking


@pytest.mark.parametrize(
    "query",
    [
        "🍵 green tea 👨‍👩‍👧",
        "green\u0000tea\u0007",
        "\u202egreen tea\u202c",
        "\ufeffgreen \u200btea",
        "ＧＲＥＥＮ　ｔéａ",
        "<green tea>",
        "'green'; tea --",
        "+green -tea ^3",
        "gren tae",
    ],
)
def test_the_words_of_a_bad_query_find_what_they_find(client: TestClient, query: str) -> None:
    page = asked(client, query)
    assert page.items[0].title == "Green tea, 20 bags"
    assert page.intent.query.isprintable()


@pytest.mark.parametrize(
    "query",
    [
        "?!...",
        "🍵👨‍👩‍👧",
        "\u0000\u0007",
        "\u202e\u200f",
        "the of and",
        "的",
        "的 了 吗",
        "'; DROP TABLE products; --",
        '" OR 1=1 --',
        "<script>alert(1)</script>",
        "title:tea AND (milk OR *) [a TO z]",
        "حليب חלב",
        "e" + "\u0301" * 390,
        "9" * 400,
        "牛乃" * 200,
        "mlik " * 80,
        "225.50.18",
        "under 1.500,50",
        "1,5 l " * 66,
    ],
)
def test_every_query_is_answered(client: TestClient, query: str) -> None:
    page = asked(client, query)
    assert page.total >= len(page.items) >= 0
    assert page.late == []
    assert len(page.intent.query) <= 256


def test_an_overlong_query_is_refused_by_name(client: TestClient) -> None:
    reply = client.post(SEARCH, json={"query": "milk " * 2_000})
    assert reply.status_code == 422
    assert "query" in reply.text and "at most 400 characters" in reply.text


@pytest.mark.parametrize(
    ("asked", "where", "says"),
    [
        (
            {"query": "tea", "flavour": "mint"},
            "body.flavour",
            "no such field. Allowed: after, as_words, context, explain",
        ),
        ({"query": "tea", "filter": {}}, "body.filter", "Did you mean 'filters'?"),
        ({"query": "tea", "filters": {"brand": ["x"]}}, "body.filters.brand", "Did you mean 'brands'?"),
        (
            {"query": "tea", "filters": {"attributes": {"bags": ["20"]}}},
            "attributes.bags",
            "no product has an attribute",
        ),
        (
            {"query": "tea", "filters": {"price_min": 9, "price_max": 1}},
            "body.filters",
            "price_min 9 is above price_max 1",
        ),
        ({"query": "tea", "offset": 10_001}, "body.offset", "must be less than or equal to 10000, got 10001"),
        ({"query": "tea", "offset": -1}, "body.offset", "must be greater than or equal to 0, got -1"),
        ({"query": "tea", "k": "5"}, "body.k", "must be a valid integer, got '5'"),
        ({"query": "tea", "explain": "yes"}, "body.explain", "must be a valid boolean, got 'yes'"),
        ({"query": ["tea"]}, "body.query", "must be a valid string"),
        ({}, "body.query", "is required"),
        (["tea"], "body", "must be a JSON object"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(client: TestClient, asked: object, where: str, says: str) -> None:
    reply = client.post(SEARCH, json=asked)
    assert reply.status_code == 422
    error = reply.json()["error"]
    assert where in error["where"] and says in error["message"]


def test_half_a_character_is_refused(client: TestClient) -> None:
    reply = client.post(SEARCH, content=b'{"query": "\\ud800 tea"}', headers={"Content-Type": "application/json"})
    assert reply.status_code in (400, 422) and reply.json()["error"]["where"].startswith("body")


@pytest.mark.parametrize(
    "filters",
    [
        {"departments": ["Drinks"], "categories": ["Bakery"]},
        {"departments": ["Nowhere"]},
        {"brands": ["'; DROP TABLE products; --"]},
        {"price_min": 1000},
    ],
)
def test_filters_that_contradict_leave_an_empty_page(client: TestClient, filters: dict[str, object]) -> None:
    page = asked(client, "tea", filters=filters)
    assert (page.items, page.total, page.reachable) == ([], 0, 0)


def test_a_deep_page_is_empty_and_says_how_far_there_is_to_go(client: TestClient) -> None:
    first, deep = asked(client, "tea"), asked(client, "tea", offset=10_000)
    assert (deep.items, deep.total, deep.reachable) == ([], first.total, first.reachable)
    assert first.items


@pytest.mark.parametrize(
    "typed", ["<script>", "'; DROP", "🍵", "\u202egre", "\u0000", "的", " ", "%", "e" + "\u0301" * 90]
)
def test_a_bad_beginning_is_completed_or_not(client: TestClient, typed: str) -> None:
    reply = client.get("/v1/grocer/suggest", params={"q": typed})
    assert reply.status_code == 200
    titles = [title for shelf in SHELF.values() for title in shelf]
    assert set(reply.json()["suggestions"]) <= {*titles, *SHELF}


def test_an_overlong_beginning_is_refused_by_name(client: TestClient) -> None:
    error = client.get("/v1/grocer/suggest", params={"q": "tea " * 2_500}).json()["error"]
    assert error["where"] == "query.q" and "at most 100 characters" in error["message"]


def asked(client: TestClient, query: str, **more: object) -> PageOut:
    reply = client.post(SEARCH, json={"query": query, "k": 5, **more})
    assert reply.status_code == 200, reply.text
    return PageOut.model_validate_json(reply.content)
