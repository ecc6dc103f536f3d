"""Claims, of searches that nobody should ask, over HTTP:

1. each is answered with a page whose intent says what was read of the query: its words find what they find.
2. a query of no words, or of small words alone, is answered too, and never fails.
3. an overlong query is refused by name, with what is allowed.
"""

import pytest
from starlette.testclient import TestClient

from shopkeeper.serve.schemas import PageOut

SEARCH = "/v1/grocer/search"


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
        "'; DROP TABLE products; --",
        '" OR 1=1 --',
        "<script>alert(1)</script>",
        "title:tea AND (milk OR *) [a TO z]",
        "حليب חלב",
        "e" + "\u0301" * 390,
        "9" * 400,
        "牛乃" * 200,
        "mlik " * 80,
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


def asked(client: TestClient, query: str) -> PageOut:
    reply = client.post(SEARCH, json={"query": query, "k": 5})
    assert reply.status_code == 200, reply.text
    return PageOut.model_validate_json(reply.content)
