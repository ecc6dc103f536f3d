"""Claims, of searches that nobody should make, on the pages for people:

1. each gets a page that says what was searched for, and no part of the query becomes a part of the page.
2. a query that is too long, and a page that is no number, are refused in the reader's language, with the place.
3. filters that contradict, values and fields that there are not: a page that says so, with help; a page far out is the
   last one.
4. what is typed letter by letter is completed or not, and nothing of it becomes a part of the page either.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from shutil import copytree
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from shopkeeper.flow.build import open_shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from tests.console.conftest import HOSTILE

QUERIES = [
    "<script>alert(1)</script>",
    "</title><qqq zzz=1>tea</qqq>",
    '" zzz="1',
    "' zzz='1",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "'; DROP TABLE products; --",
    '" OR 1=1 --',
    "title:tea AND (milk OR *) ~2 ^3 [a TO z]",
    "🍵👨‍👩‍👧",
    "\u0000\u0007\u001b[31mtea",
    "\u202egreen tea\u202c",
    "\u200f\u200b\ufeff",
    "حليب חלב",
    "the of and",
    "的 了 吗",
    "?!...",
    "%00%3Cqqq%3E",
    "a" * 200,
]


class Parts(HTMLParser):
    """What a page is made of: its elements, its attributes, where its links lead, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: set[str] = set()
        self.links: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.update((tag, *(f"{tag} {name}" for name, _ in attrs)))
        self.links.update(value or "" for name, value in attrs if name in ("href", "src", "action"))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def client(grocer: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A visitor of a grocer of this module's own."""
    folder = copytree(grocer, tmp_path_factory.mktemp("bad") / "grocer")
    with open_shop(folder) as shop:
        shop.put([HOSTILE])
        with TestClient(create_app({shop.name: shop}, keys=Keys()), base_url="http://testserver") as asking:
            yield asking


@pytest.fixture(scope="module")
def plain(client: TestClient) -> set[str]:
    """What pages of search are made of: one with products, one without, one that is narrowed."""
    pages = ("q=tea", "q=zzzz", "q=gren+tea&department=Drinks", "q=%3F")
    return set().union(*(Parts(client.get(f"/grocer/search?{each}").text).parts for each in pages))


@pytest.mark.parametrize("query", QUERIES)
def test_no_part_of_a_query_becomes_a_part_of_the_page(client: TestClient, plain: set[str], query: str) -> None:
    for language in ("en", "zh"):
        reply = client.get("/grocer/search", params={"q": query}, headers={"Accept-Language": language})
        assert reply.status_code == 200
        page = Parts(reply.text)
        assert page.parts <= plain
        assert not any("javascript:" in unquote(link).split("?")[0] for link in page.links)
        said = " ".join(page.text.replace("\ufffd", "").split())
        assert " ".join(query.replace("\u0000", "").split()) in said


def test_a_query_that_is_too_long_is_refused_in_the_readers_language(client: TestClient) -> None:
    for query in ("milk " * 2_000, "牛奶" * 3_000):
        english = client.get("/grocer/search", params={"q": query})
        chinese = client.get("/grocer/search", params={"q": query}, headers={"Accept-Language": "zh"})
        assert english.status_code == chinese.status_code == 400
        assert "cannot be read: q" in english.text and "无法识别的内容：q" in chinese.text
        assert "milk milk" not in english.text


@pytest.mark.parametrize(
    "address",
    [
        "q=tea&department=Drinks&category=Bakery",
        "q=tea&department=Nowhere",
        "q=tea&brand=%3Cqqq+zzz%3D1%3E",
        "q=tea&attribute=qqq:%22%3E%3Cqqq%3E",
        "q=tea&range=zzz:8..4+qqq",
        "q=tea&price=9-1",
        "q=tea&price=%3Cqqq%3E",
        "q=tea&word=%3Cqqq%3E",
        "q=tea&sort=%3Cqqq%3E",
        "q=tea&zzz=1",
        "q=tea+over+5+under+2",
        "q=tea&page=0",
        "q=tea&page=-7",
        "q=tea&page=99999999999999999999",
    ],
)
def test_what_contradicts_or_is_not_there_gets_a_page(client: TestClient, plain: set[str], address: str) -> None:
    reply = client.get(f"/grocer/search?{address}")
    assert reply.status_code == 200
    page = Parts(reply.text)
    assert {part.split()[0] for part in page.parts} <= {part.split()[0] for part in plain}
    assert not any("zzz" in part for part in page.parts)
    assert 'class="card' in reply.text or 'class="empty"' in reply.text


def test_a_page_after_the_last_is_the_last(client: TestClient) -> None:
    page = Parts(client.get("/grocer/search?q=tea&page=9").text)
    assert "Green tea, 20 bags" in page.text and "Nothing on the shelf" not in page.text


@pytest.mark.parametrize("typed", [query for query in QUERIES if len(query) < 100])
def test_nothing_typed_becomes_a_part_of_the_list_of_suggestions(client: TestClient, typed: str) -> None:
    reply = client.get("/grocer/suggest", params={"q": typed}, headers={"HX-Request": "true"})
    assert reply.status_code == 200
    assert {part.split()[0] for part in Parts(reply.text).parts} <= {"li", "svg", "use", "span"}
