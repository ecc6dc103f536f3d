"""Claims:

1. What goes the quick way is answered as FastAPI would have answered it, and so is what is odd.
2. Well-formed requests go the quick way, odd ones FastAPI's; each is counted once against the rate.
3. Who may not come in is told so before the body is read.
4. Whatever a plug-in raises is answered.
"""

from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from benchmarks.small_shop import make
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.keys import Keys
from shopkeeper.serve.quick import QuickRoute

V1 = "/v1/grocer"
JSON = {"Content-Type": "application/json"}
PLAIN: list[tuple[str, str, bytes, dict[str, str]]] = [
    ("POST", "/search", b'{"query": "tea", "k": 3, "filters": {"price_max": 20}, "explain": true}', JSON),
    ("POST", "/search", b'{"query": "tea", "k": 3, "k": 4.0}', {"Content-Type": "Application/JSON; charset=utf-8"}),
    ("POST", "/recommend", b'{"scene": "similar", "product_ids": ["p00"]}', JSON),
    ("POST", "/events", b'{"event_id": "e", "action": "view", "user_id": "u"}', JSON),
    ("POST", "/events", b'[{"event_id": "e", "action": "view", "user_id": "u", "product_id": "p99"}, NaN]', JSON),
    ("PUT", "/products", b'[{"product_id": "p", "title": " a ", "price": "2.5", "created_at": 1700000000}]', JSON),
    (
        "PUT",
        "/products",
        b'[{"product_id": "p", "title": "a", "price": null, "created_at": "2024-01-02"}]',
        JSON,
    ),
    ("GET", "/suggest?q=te", b"", {}),
    ("GET", "/suggest?q=te&q=gr&k=3", b"", {}),
    ("GET", "/products/p00", b"", {}),
    ("GET", "/products/no/such/one", b"", {}),
    ("GET", "/explain/no-page/p00", b"", {}),
]
ODD: list[tuple[str, str, bytes, dict[str, str]]] = [
    ("POST", "/search", b'{"query": "tea"', JSON),
    ("POST", "/search", b'{"query": "\\ud800"}', JSON),
    ("POST", "/search", "\ufeff{}".encode(), JSON),
    ("POST", "/search", '{"query": "tea", "k": 2}'.encode("utf-16"), JSON),
    ("POST", "/search", b'{"query": "tea", "sort": "best"}', JSON),
    ("POST", "/search", b'{"query": "tea", "qurey": "tea"}', JSON),
    ("POST", "/search", b'{"query": "tea", "k": 2}', {"Content-Type": "application/vnd.shop+json"}),
    ("POST", "/search", b'{"query": "tea"}', {"Content-Type": "text/plain"}),
    ("POST", "/search", b'{"query": "tea"}', {}),
    ("POST", "/search", b"", JSON),
    ("POST", "/search", b"[" * 5000 + b"]" * 5000, JSON),
    ("POST", "/recommend", b'{"scene": "similar"}', JSON),
    ("POST", "/recommend", b"null", JSON),
    ("POST", "/events", b"", JSON),
    ("POST", "/events", b'{"event_id": "\\udc00"', JSON),
    ("PUT", "/products", b"[]", JSON),
    ("PUT", "/products", b'[{"product_id": "p", "title": " "}]', JSON),
    ("GET", "/suggest", b"", {}),
    ("GET", "/suggest?q=te&k=many", b"", {}),
    ("GET", "/products/" + "x" * 600, b"", {}),
    ("GET", "/search", b"", {}),
]


def answered(client: TestClient, case: tuple[str, str, bytes, dict[str, str]]) -> tuple[int, Any]:
    method, path, content, headers = case
    response = client.request(
        method, V1 + path, content=content or None, headers={"X-Request-ID": "order-4711"} | headers
    )
    told = response.json()
    told.pop("request_id", None)  # a page has an id of its own
    return response.status_code, told


@pytest.mark.parametrize("case", PLAIN + ODD, ids=lambda case: f"{case[0]}{case[1][:20]} {case[2][:40]!r} {case[3]}")
def test_the_quick_way_answers_as_fastapi_would(
    client: TestClient, case: tuple[str, str, bytes, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = answered(client, case)
    monkeypatch.setattr(QuickRoute, "handle", APIRoute.handle)
    assert answered(client, case) == quick


@pytest.fixture
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of requests that went FastAPI's own way."""
    paths: list[str] = []
    handle = APIRoute.handle

    async def noted(self: APIRoute, scope: Any, receive: Any, send: Any) -> None:
        paths.append(scope["path"])
        await handle(self, scope, receive, send)

    monkeypatch.setattr(APIRoute, "handle", noted)
    return paths


def test_well_formed_requests_go_the_quick_way_and_odd_ones_do_not(client: TestClient, resolved: list[str]) -> None:
    for case in PLAIN:
        answered(client, case)
    assert resolved == []
    for case in ODD:
        answered(client, case)
    assert len(resolved) == len(ODD)


def test_a_request_is_counted_once_whichever_way_it_goes(tmp_path: Path) -> None:
    make(tmp_path / "slow", requests_per_minute=3)
    shop = open_shop(tmp_path / "slow")
    with TestClient(create_app({"grocer": shop}, keys=Keys())) as client:
        asked = [answered(client, case)[0] for case in (ODD[0], ODD[4], PLAIN[7], PLAIN[7])]
    shop.close()
    assert asked == [400, 422, 409, 429]  # the shop has not learnt


def test_a_plugin_that_stops_an_iteration_is_a_failure_and_not_a_silence(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: Any) -> None:
        raise StopIteration

    monkeypatch.setattr(next(iter(shop.trained.rules.values())), "apply", stops)
    app = create_app({shop.name: shop}, keys=Keys())
    with TestClient(app, raise_server_exceptions=False) as client:
        assert answered(client, PLAIN[0])[0] == 500


def test_who_may_not_come_in_is_told_so_before_the_body_is_read(shop: Shop) -> None:
    keys = Keys.read({"SHOPKEEPER_PUBLIC_KEYS": "public-key-0123456789"})
    with TestClient(create_app({shop.name: shop}, keys=keys)) as client:
        status, told = answered(client, ODD[0])
    assert (status, told["error"]["code"]) == (401, "key_needed")
