"""Claims:

1. where the server has keys, the shopper's pages need none, and count towards the rate.
2. the merchant's pages, the list of shoppers among them, need a secret key; a form takes it and a cookie keeps it.
3. the cookie is out of reach of scripts and other sites; a wrong or a public key opens nothing.
4. nobody becomes a shopper by writing a cookie.
"""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys

PUBLIC, SECRET = "public-key-0123456789", "secret-key-0123456789"
KEYS = Keys.read({"SHOPKEEPER_PUBLIC_KEYS": PUBLIC, "SHOPKEEPER_SECRET_KEYS": SECRET})
CLOSED = ["console", "console/quality", "console/rules", "shoppers"]


@pytest.fixture
def guarded(shop: Shop) -> Iterator[TestClient]:
    with TestClient(create_app({shop.name: shop}, keys=KEYS)) as asking:
        yield asking


@pytest.mark.parametrize("path", ["", "search?q=tea", "suggest?q=te", "product/p00", "cart", "thanks"])
def test_a_shoppers_page_needs_no_key(guarded: TestClient, path: str) -> None:
    assert guarded.get(f"/grocer/{path}").status_code == 200


def test_a_shopper_can_buy_without_a_key(guarded: TestClient) -> None:
    guarded.post("/grocer/cart", data={"product_id": "p00"})
    assert "Thank you" in guarded.post("/grocer/checkout").text


def test_pages_count_towards_the_rate(guarded: TestClient, shop: Shop) -> None:
    rate = shop.settings.serve.requests_per_minute
    app = guarded.app
    assert isinstance(app, FastAPI)
    limit = app.state.front.limit
    for _ in range(rate):
        limit.retry_after("grocer", "address testclient", rate)
    assert guarded.get("/grocer/").status_code == 429


@pytest.mark.parametrize("path", CLOSED)
def test_a_merchants_page_asks_for_the_key_and_keeps_it(guarded: TestClient, path: str) -> None:
    asked = guarded.get(f"/grocer/{path}")
    assert asked.status_code == 401 and 'type="password"' in asked.text
    assert "This page is the merchant's: it needs a secret key." in asked.text.replace("&#39;", "'")
    opened = guarded.post("/grocer/console", data={"key": SECRET, "to": f"/grocer/{path}"}, follow_redirects=False)
    assert (opened.status_code, opened.headers["location"]) == (303, f"/grocer/{path}")
    (cookie,) = [each for each in opened.headers.get_list("set-cookie") if each.startswith("key=")]
    assert {"HttpOnly", "SameSite=strict", "Path=/grocer"} <= {part.strip() for part in cookie.split(";")}
    assert guarded.get(f"/grocer/{path}").status_code == 200


@pytest.mark.parametrize("key", ["wrong-key-0123456789", PUBLIC, "", "\u00e9"])
def test_another_key_opens_nothing(guarded: TestClient, key: str) -> None:
    refused = guarded.post("/grocer/console", data={"key": key})
    assert refused.status_code in {400, 401} and "set-cookie" not in refused.headers
    if key:
        assert "This is no secret key of this shop." in refused.text
    assert guarded.get("/grocer/console", headers={"X-API-Key": PUBLIC}).status_code == 401


def test_the_header_opens_the_merchants_pages_as_well(guarded: TestClient) -> None:
    assert guarded.get("/grocer/console", headers={"X-API-Key": SECRET}).status_code == 200


def test_nobody_becomes_a_shopper_by_writing_a_cookie(guarded: TestClient) -> None:
    assert guarded.post("/grocer/shopper", data={"user_id": "u1"}).status_code == 401
    assert "Welcome" in guarded.get("/grocer/", headers={"Cookie": "shopper=u1"}).text
    assert "Good to see you" in guarded.get("/grocer/", headers={"Cookie": f"shopper=u1; key={SECRET}"}).text
