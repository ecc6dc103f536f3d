"""Claims:

1. With keys, every route needs the scope it was made for: none is 401, a public key on a secret route 403.
2. A key of one shop does not open another; metrics need a key for all shops.
3. Without keys an open shop answers everybody, and a closed one does not start.
4. Above the rate the answer is 429 and says when to come again; a known key and an address are counted apart.
5. Pages of the origins in the environment may call from the browser, others may not.
6. An unknown shop is named, with those that are served.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from benchmarks.small_shop import make
from shopkeeper.errors import SettingError
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys

PUBLIC, SECRET, OTHER = "public-key-0123456789", "secret-key-0123456789", "other-key-0123456789"
KEYS = Keys.read({"SHOPKEEPER_PUBLIC_KEYS": PUBLIC, "SHOPKEEPER_SECRET_KEYS": f"{SECRET},baker:{OTHER}"})
ROUTES = [
    ("POST", "/v1/grocer/search", "public"),
    ("POST", "/v1/grocer/recommend", "public"),
    ("POST", "/v1/grocer/events", "public"),
    ("GET", "/v1/grocer/suggest?q=te", "public"),
    ("GET", "/v1/grocer/explain/some-page/p00", "secret"),
    ("PUT", "/v1/grocer/products", "secret"),
    ("GET", "/v1/grocer/products/p00", "secret"),
    ("DELETE", "/v1/grocer/products/p00", "secret"),
    ("DELETE", "/v1/grocer/users/u1", "secret"),
    ("GET", "/v1/grocer/users/u1/portrait", "secret"),
    ("POST", "/v1/grocer/users/u1/portrait", "secret"),
    ("PUT", "/v1/grocer/users/u1/demographics", "secret"),
    ("POST", "/v1/grocer/interview", "public"),
    ("GET", "/v1/grocer/rules", "secret"),
    ("PUT", "/v1/grocer/rules", "secret"),
    ("POST", "/v1/grocer/rules/preview", "secret"),
    ("GET", "/metrics", "secret"),
]


@pytest.fixture
def guarded(shop: Shop) -> Iterator[TestClient]:
    with TestClient(create_app({shop.name: shop}, keys=KEYS)) as asking:
        yield asking


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[TestClient]:
    """A shop that answers three requests in a minute."""
    make(tmp_path / "slow", requests_per_minute=3)
    opened = open_shop(tmp_path / "slow")
    with TestClient(create_app({"grocer": opened}, keys=KEYS)) as asking:
        yield asking
    opened.close()


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_a_route_needs_the_scope_it_was_made_for(guarded: TestClient, method: str, path: str, scope: str) -> None:
    nobody = guarded.request(method, path)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert nobody.json()["error"]["message"] == f"this needs a {scope} key; none was given"
    wrong = guarded.request(method, path, headers={"X-API-Key": "wrong-key-0123456789"})
    assert (wrong.status_code, wrong.json()["error"]["message"]) == (401, "no server knows this key for this shop")
    public = guarded.request(method, path, headers={"X-API-Key": PUBLIC})
    assert (public.status_code == 403) == (scope == "secret")
    if scope == "secret":
        assert public.json()["error"]["message"] == "this needs a secret key; a public one was given"
    secret = guarded.request(method, path, headers={"Authorization": f"Bearer {SECRET}"})
    assert secret.status_code not in (401, 403)


def test_every_route_of_a_shop_is_in_the_table_above(guarded: TestClient) -> None:
    paths = guarded.get("/openapi.json").json()["paths"]
    described = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    open_to_all = {("GET", "/health")}
    assert len(described - open_to_all) == len(ROUTES)


def test_a_key_of_one_shop_does_not_open_another(guarded: TestClient) -> None:
    for path in ("/v1/grocer/products/p00", "/metrics"):
        assert guarded.get(path, headers={"X-API-Key": OTHER}).status_code == 401


def test_health_needs_no_key(guarded: TestClient) -> None:
    grocer = {"version": "0001", "products": 20, "rules": "none"}
    assert guarded.get("/health").json() == {"status": "ok", "shops": {"grocer": grocer}}


def test_an_open_shop_without_keys_answers_everybody(client: TestClient) -> None:
    assert client.get("/v1/grocer/products/p00").status_code == 200
    assert client.get("/metrics").status_code == 200


def test_a_closed_shop_without_keys_does_not_start(tmp_path: Path) -> None:
    make(tmp_path / "closed", is_open=False)
    opened = open_shop(tmp_path / "closed")
    with pytest.raises(SettingError) as error:
        create_app({"grocer": opened}, keys=Keys())
    opened.close()
    assert str(error.value) == (
        "serve.open is false for shop 'grocer' and there are no keys. Set SHOPKEEPER_PUBLIC_KEYS and "
        "SHOPKEEPER_SECRET_KEYS in the environment, or serve.open = true."
    )


def test_above_the_rate_the_answer_says_when_to_come_again(slow: TestClient) -> None:
    statuses = [slow.get("/v1/grocer/products/p00", headers={"X-API-Key": SECRET}).status_code for _ in range(3)]
    assert statuses == [200] * 3
    refused = slow.get("/v1/grocer/products/p00", headers={"X-API-Key": SECRET})
    wait = int(refused.headers["retry-after"])
    assert (refused.status_code, 1 <= wait <= 60) == (429, True)
    error = refused.json()["error"]
    assert (error["code"], error["message"]) == (
        "too_many_requests",
        f"more than 3 requests in a minute; try again in {wait} s",
    )


def test_guessed_keys_are_counted_by_address_and_a_known_key_goes_on(slow: TestClient) -> None:
    guesses = [slow.get("/v1/grocer/products/p00", headers={"X-API-Key": f"guess-{n}"}).status_code for n in range(5)]
    assert guesses == [401, 401, 401, 429, 429]
    assert slow.get("/v1/grocer/products/p00", headers={"X-API-Key": SECRET}).status_code == 200


def test_only_pages_of_the_named_origins_may_call_from_the_browser(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPKEEPER_ORIGINS", "https://shop.example")
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "X-API-Key,Content-Type"}
    with TestClient(create_app({shop.name: shop}, keys=KEYS)) as asking:
        own = asking.options("/v1/grocer/search", headers={"Origin": "https://shop.example", **asked})
        other = asking.options("/v1/grocer/search", headers={"Origin": "https://else.example", **asked})
        answer = asking.post("/v1/grocer/search", json={"query": "tea"}, headers={"Origin": "https://shop.example"})
    assert (own.status_code, own.headers["access-control-allow-origin"]) == (200, "https://shop.example")
    assert (other.status_code, "access-control-allow-origin" in other.headers) == (400, False)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "https://shop.example")


def test_an_unknown_shop_is_named_with_those_that_are_served(client: TestClient) -> None:
    response = client.post("/v1/groser/search", json={"query": "tea"})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["message"]) == (
        404,
        "unknown_shop",
        "no shop 'groser' is served here. Served: grocer. Did you mean 'grocer'?",
    )
