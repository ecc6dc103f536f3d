"""Claims:

1. above the rate a visitor reads a page in their language that says when to come again; a program reads JSON.
2. a body too large, a method a page does not take, and a failure of our own are pages too, without a word of the
   inside.
3. a page that could not be shown carries the strict policy of every page.
4. the root of the interface for programs is no shop's page: it answers in JSON.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from shopkeeper.errors import StorageFull
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from shopkeeper.understand.suggest import Suggester

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def careless(shop: Shop) -> Iterator[TestClient]:
    """A visitor of a server whose failures are answered, as they are over a connection."""
    app = create_app({shop.name: shop}, keys=Keys())
    with TestClient(app, base_url="http://testserver", raise_server_exceptions=False) as asking:
        yield asking


def limit_of(client: TestClient) -> Any:
    """The rate limit of the application behind the client."""
    app = client.app
    assert isinstance(app, FastAPI)
    return app.state.front.limit


def exhaust(client: TestClient, shop: Shop) -> None:
    rate, limit = shop.settings.serve.requests_per_minute, limit_of(client)
    for _ in range(rate):
        limit.retry_after(shop.name, "address testclient", rate)


@pytest.mark.parametrize(
    ("language", "title", "help_text"),
    [("en", "A little slower, please", "Try again in {} s."), ("zh-CN,zh;q=0.9", "请稍慢一点", "请在 {} 秒后再试。")],
)
def test_above_the_rate_a_visitor_reads_a_page(
    careless: TestClient, shop: Shop, language: str, title: str, help_text: str
) -> None:
    exhaust(careless, shop)
    found = careless.get("/grocer/", headers={**BROWSER, "Accept-Language": language})
    wait = found.headers["retry-after"]
    assert (found.status_code, 1 <= int(wait) <= 60) == (429, True)
    assert found.headers["content-type"].startswith("text/html") and found.headers["x-request-id"]
    assert title in found.text and help_text.format(wait) in found.text
    assert "default-src 'none'" in found.headers["content-security-policy"]


def test_above_the_rate_a_program_reads_json(careless: TestClient, shop: Shop) -> None:
    exhaust(careless, shop)
    found = careless.post("/v1/grocer/search", json={"query": "tea"}, headers=BROWSER)
    assert (found.status_code, found.json()["error"]["code"]) == (429, "too_many_requests")


def test_a_part_of_a_page_is_refused_as_a_page(careless: TestClient, shop: Shop) -> None:
    exhaust(careless, shop)
    found = careless.get("/grocer/suggest?q=te", headers={"HX-Request": "true"})
    assert (found.status_code, found.headers["content-type"]) == (429, "text/html; charset=utf-8")


def test_a_form_that_is_too_large_is_a_page(careless: TestClient) -> None:
    found = careless.post("/grocer/cart", data={"product_id": "x" * 2_000_000}, headers=BROWSER)
    assert (found.status_code, found.headers["connection"]) == (413, "close")
    assert "larger than the shop takes" in found.text


def test_a_method_that_a_page_does_not_take_is_a_page(careless: TestClient) -> None:
    found = careless.put("/grocer/cart", headers=BROWSER)
    assert (found.status_code, "There is no such page" in found.text) == (405, True)


def test_a_failure_of_our_own_is_a_page_that_tells_nothing_of_the_inside(
    careless: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> list[str]:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr(Suggester, "complete", fail)
    found = careless.get("/grocer/suggest?q=te", headers={**BROWSER, "X-Request-ID": "order-4711"})
    assert (found.status_code, "secret" in found.text) == (500, False)
    assert "Something broke on our side" in found.text and "order-4711" in found.text


def test_a_full_disk_is_a_page(careless: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> list[str]:
        raise StorageFull("events: no room to write")

    monkeypatch.setattr(Suggester, "complete", full)
    found = careless.get("/grocer/suggest?q=te", headers=BROWSER)
    assert (found.status_code, "Something broke on our side" in found.text) == (507, True)


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/search"])
def test_the_root_of_the_programs_answers_in_json(careless: TestClient, path: str) -> None:
    found = careless.get(path, headers=BROWSER)
    assert (found.status_code, found.json()["error"]["code"]) == (404, "not_found")
    assert "see /openapi.json" in found.json()["error"]["message"]
