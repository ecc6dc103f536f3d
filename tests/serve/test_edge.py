"""Claims:

1. Every answer carries a request id: the caller's where it is a plain word, else a new one; failures repeat it.
2. A body above the shop's limit is refused with 413, also where its length was not declared.
3. A failure of our own answers in the one shape, tells nothing of the inside, and is in the log with its id.
4. One line a request, with the route as a template: what was typed and who typed it never reach the log.
5. Metrics count requests by shop and route, stages, events and memory.
6. An unknown path and a wrong method answer in the one shape.
7. A request that a stopping server cuts off is told so; that is no failure of ours.
"""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.edge import Edge
from shopkeeper.serve.front import Front
from shopkeeper.serve.keys import Keys

SEARCH = "/v1/grocer/search"


def test_the_callers_request_id_is_kept_where_it_is_a_plain_word(client: TestClient) -> None:
    given = client.get("/health", headers={"X-Request-ID": "order-4711.a_b"})
    assert given.headers["x-request-id"] == "order-4711.a_b"


@pytest.mark.parametrize("bad", ["short", "x" * 65, "two words!", "a;b=c-12345"])
def test_other_request_ids_are_replaced(client: TestClient, bad: str) -> None:
    made = client.get("/health", headers={"X-Request-ID": bad}).headers["x-request-id"]
    assert made != bad
    assert len(made) == 32


def test_a_failure_repeats_the_request_id(client: TestClient) -> None:
    response = client.post(SEARCH, json={}, headers={"X-Request-ID": "order-4711"})
    assert response.json()["error"]["request_id"] == "order-4711" == response.headers["x-request-id"]


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_a_body_above_the_limit_is_refused(client: TestClient, chunked: bool) -> None:
    large = b'{"query": "' + b"x" * 1024 * 1024 + b'"}'
    content: Any = (large[at : at + 65536] for at in range(0, len(large), 65536)) if chunked else large
    response = client.post(SEARCH, content=content, headers={"Content-Type": "application/json"})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["where"]) == (413, "body_too_large", "body")
    assert error["message"].startswith("the body is larger than 1024 KiB; send fewer rows a call")


def broken(app: FastAPI) -> None:
    @app.get("/v1/grocer/broken")
    def fail() -> None:
        raise ZeroDivisionError("a secret of the inside")


@pytest.fixture
def breaking(shop: Shop) -> Iterator[TestClient]:
    app = create_app({shop.name: shop}, keys=Keys())
    broken(app)
    with TestClient(app) as asking:
        yield asking


def test_a_failure_of_our_own_tells_nothing_of_the_inside(
    breaking: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = breaking.get("/v1/grocer/broken", headers={"X-Request-ID": "order-4711"})
    assert (response.status_code, response.json()) == (
        500,
        {
            "error": {
                "code": "internal",
                "message": "something broke on our side; the log has it under this request_id",
                "where": "",
                "request_id": "order-4711",
            }
        },
    )
    (told,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (told.__dict__["request_id"], told.__dict__["route"]) == ("order-4711", "/v1/grocer/broken")
    assert told.exc_text is not None
    assert "a secret of the inside" in told.exc_text


def test_a_request_cut_off_by_a_stop_is_told_so_and_no_failure_is_logged(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[Message] = []

    async def cut_off() -> None:
        reached = asyncio.Event()

        async def endless(scope: Scope, receive: Receive, send: Send) -> None:
            reached.set()
            await asyncio.Event().wait()

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/v1/grocer/suggest", "headers": []}
        serving = asyncio.create_task(Edge(endless, Front({shop.name: shop}, Keys()))(scope, receive, send))
        await reached.wait()
        serving.cancel()
        await serving

    asyncio.run(cut_off())
    assert sent[0]["status"] == 503
    assert orjson.loads(sent[1]["body"])["error"]["message"] == "the server is stopping; send the request again"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_what_was_typed_and_who_typed_it_never_reach_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the test's own client writes its addresses
    who = {"user_id": "shopper-anna", "session_id": "session-anna"}
    client.post(SEARCH, json={"query": "zanzibar tea", **who})
    view = {"event_id": "event-anna", "action": "search", "query": "zanzibar", **who}
    client.post("/v1/grocer/events", json=[view, {**view, "event_id": "event-two", "product_id": "zanzibar"}])
    client.get("/v1/grocer/suggest?q=zanzibar")
    client.get("/v1/grocer/products/zanzibar")
    client.delete("/v1/grocer/users/shopper-anna")
    client.post(SEARCH, json={"query": "zanzibar", "k": 0})
    lines = [str(record.__dict__) for record in caplog.records]
    requests = [record.__dict__ for record in caplog.records if record.getMessage() == "request"]
    assert [line["route"] for line in requests] == [
        "/v1/{shop}/search",
        "/v1/{shop}/events",
        "/v1/{shop}/suggest",
        "/v1/{shop}/products/{product_id}",
        "/v1/{shop}/users/{user_id}",
        "/v1/{shop}/search",
    ]
    assert [line["status"] for line in requests] == [200, 200, 200, 404, 200, 422]
    assert not [line for line in lines if "zanzibar" in line or "anna" in line]


def test_metrics_count_requests_stages_events_and_memory(client: TestClient) -> None:
    client.post(SEARCH, json={"query": "tea"})
    client.post(SEARCH, json={"query": "tea", "k": 0})
    view = {"event_id": "e1", "action": "view", "user_id": "u1", "product_id": "p00"}
    client.post("/v1/grocer/events", json=[view, view, {**view, "event_id": "e2", "product_id": "p99"}])
    client.get("/v1/grocer/nowhere/shopper-anna")
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    lines = set(response.text.splitlines())
    assert {
        'shopkeeper_requests_total{route="/v1/{shop}/search",shop="grocer",status="200"} 1.0',
        'shopkeeper_requests_total{route="/v1/{shop}/search",shop="grocer",status="422"} 1.0',
        'shopkeeper_requests_total{route="other",shop="",status="404"} 1.0',
        'shopkeeper_request_seconds_count{route="/v1/{shop}/search",shop="grocer"} 2.0',
        'shopkeeper_stage_seconds_count{shop="grocer",stage="recall"} 1.0',
        'shopkeeper_events_total{shop="grocer",status="accepted"} 1.0',
        'shopkeeper_events_total{shop="grocer",status="duplicate"} 1.0',
        'shopkeeper_events_total{shop="grocer",status="refused"} 1.0',
        'shopkeeper_products{shop="grocer"} 20.0',
        'shopkeeper_version{shop="grocer"} 1.0',
        'shopkeeper_exposures_lost{shop="grocer"} 0.0',
    } <= lines
    memory = next(line for line in lines if line.startswith("process_resident_memory_bytes "))
    assert float(memory.split()[1]) > 1e7
    assert "anna" not in response.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/v1/grocer/nowhere", 404, "not_found"), ("GET", SEARCH, 405, "method_not_allowed")],
)
def test_an_unknown_path_and_a_wrong_method_answer_in_the_one_shape(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    response = client.request(method, path)
    error = response.json()["error"]
    assert (response.status_code, error["code"], set(error)) == (
        status,
        code,
        {"code", "message", "where", "request_id"},
    )
    assert error["message"].endswith(": see /openapi.json for what is here")
