"""Claims:

1. One event or a list is taken; what is accepted is in the log when the answer comes.
2. An event sent twice counts once.
3. Rows are judged one by one: good ones are taken, each bad one is named with its place, field and reason.
4. Where no row could be taken the answer is a failure that lists them.
5. More than 1,000 rows, none, or a body that is not JSON is refused whole.
6. Half a character in a row costs that row alone, and what is repeated of it can be read.
7. A moment may be given as text, as seconds, or left out.
"""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from shopkeeper.flow.shop import Shop
from shopkeeper.store.folder import open_folder

EVENTS = "/v1/grocer/events"
VIEW = {"event_id": "e1", "action": "view", "user_id": "u1", "session_id": "s1", "product_id": "p00"}


def logged(shop: Shop) -> dict[str, Mapping[str, Any]]:
    """New events by id, read by somebody else: what another process would find."""
    with open_folder(shop.folder.path, writable=False) as folder:
        rows = folder.events.table().to_pyarrow().to_pylist()
    return {row["event_id"]: row for row in rows if not row["event_id"].startswith("u")}


def test_what_is_accepted_is_in_the_log_when_the_answer_comes(client: TestClient, shop: Shop) -> None:
    assert client.post(EVENTS, json=VIEW).json() == {"accepted": 1, "duplicate": 0, "refused": []}
    many = [{**VIEW, "event_id": f"e{n}"} for n in range(2, 1002)]
    assert client.post(EVENTS, json=many).json()["accepted"] == 1000
    assert set(logged(shop)) == {f"e{n}" for n in range(1, 1002)}


def test_an_event_sent_twice_counts_once(client: TestClient, shop: Shop) -> None:
    assert client.post(EVENTS, json=[VIEW, VIEW]).json() == {"accepted": 1, "duplicate": 1, "refused": []}
    assert client.post(EVENTS, json=VIEW).json() == {"accepted": 0, "duplicate": 1, "refused": []}
    assert len(logged(shop)) == 1


BAD: list[tuple[Any, str, str]] = [
    (3, "", "must be a JSON object"),
    ({**VIEW, "event_id": ""}, "event_id", "string should have at least 1 character, got ''"),
    ({**VIEW, "action": "vew"}, "action", "must be 'view', 'click', 'add_to_cart', 'remove_from_cart', 'purchase', "
     "'refund', 'search', 'rate', 'dismiss' or 'answer', got 'vew'"),
    ({**VIEW, "product_id": ""}, "product_id", "is required for action 'view'"),
    ({**VIEW, "product_id": "p99"}, "product_id", "unknown product 'p99'"),
    ({**VIEW, "user_id": "", "session_id": ""}, "user_id", "one of user_id and session_id is required"),
    ({**VIEW, "action": "search", "product_id": ""}, "query", "is required for action 'search'"),
    ({**VIEW, "quantity": -1}, "quantity", "must be greater than or equal to 0, got -1"),
    ({**VIEW, "timestamp": "yesterday"}, "timestamp",
     "must be a valid datetime or date, input is too short, got 'yesterday'"),
    ({**VIEW, "timestamp": "2999-01-01T00:00:00Z"}, "timestamp", "is more than 1 day ahead of the server's clock"),
    ({**VIEW, "timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp", "must not be before 1970"),
    ({**VIEW, "timestamp": "1969-12-31T23:59:59"}, "timestamp", "must not be before 1970"),
    ({**VIEW, "timestamp": "9999-12-31T23:59:59-14:00"}, "timestamp", "must be before the year 9999"),
    ({**VIEW, "produkt_id": "p00"}, "produkt_id", "no such field. Allowed: action, context, event_id, position, "
     "product_id, quantity, query, request_id, session_id, timestamp, user_id, value. Did you mean 'product_id'?"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "field", "reason"), BAD, ids=[f"{field}-{at}" for at, (_, field, _) in enumerate(BAD)])
def test_a_bad_row_is_named_and_the_good_ones_are_taken(
    client: TestClient, shop: Shop, row: Any, field: str, reason: str
) -> None:
    told = client.post(EVENTS, json=[{**VIEW, "event_id": "e8"}, row, {**VIEW, "event_id": "e9"}]).json()
    assert told["accepted"] == 2
    (refused,) = told["refused"]
    assert (refused["index"], refused["field"], refused["reason"]) == (1, field, reason)
    assert set(logged(shop)) == {"e8", "e9"}


@pytest.mark.parametrize("field", ["event_id", "user_id", "product_id", "action", "HALF"])
def test_half_a_character_costs_its_row_alone(client: TestClient, shop: Shop, field: str) -> None:
    good = orjson.dumps({**VIEW, "event_id": "e8"})
    bad = orjson.dumps({**VIEW, field: "HALF"}).replace(b"HALF", rb"\ud800")  # as JSON writes half of a character
    mixed, alone = (
        client.post(EVENTS, content=body, headers={"Content-Type": "application/json"})
        for body in (b"[%b,%b]" % (good, bad), bad)
    )
    told = mixed.json()
    assert (mixed.status_code, told["accepted"], [row["index"] for row in told["refused"]]) == (200, 1, [1])
    assert set(logged(shop)) == {"e8"}
    assert (alone.status_code, alone.json()["error"]["code"]) == (422, "events_refused")
    assert field != "event_id" or told["refused"][0]["event_id"] == "?"


def test_where_no_row_could_be_taken_the_answer_is_a_failure_that_lists_them(client: TestClient, shop: Shop) -> None:
    response = client.post(EVENTS, json=[{**VIEW, "product_id": "p99"}, {**VIEW, "event_id": "e2", "quantity": -1}])
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["where"]) == (422, "events_refused", "product_id")
    assert error["message"] == "none of 2 rows could be taken; row 0: unknown product 'p99'"
    assert [(row["index"], row["event_id"]) for row in error["rows"]] == [(0, "e1"), (1, "e2")]
    assert client.post(EVENTS, json={**VIEW, "product_id": "p99"}).json()["error"]["message"] == "unknown product 'p99'"
    assert logged(shop) == {}


@pytest.mark.parametrize("count", [0, 1001])
def test_too_many_rows_or_none_are_refused_whole(client: TestClient, shop: Shop, count: int) -> None:
    error = client.post(EVENTS, json=[{**VIEW, "event_id": f"e{n}"} for n in range(count)]).json()["error"]
    assert error["message"] == f"1 to 1000 events a call, got {count}"
    assert logged(shop) == {}


def test_a_body_that_is_not_declared_as_json_is_refused(client: TestClient) -> None:
    response = client.post(EVENTS, content=b"[]", headers={"Content-Type": "text/plain"})
    error = response.json()["error"]
    assert (response.status_code, error["where"]) == (415, "header Content-Type")
    assert error["message"] == "the body was not read as JSON: send the header Content-Type: application/json"


@pytest.mark.parametrize(
    "moment", ["2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05", 1767323045]
)
def test_a_moment_may_be_text_or_seconds(client: TestClient, shop: Shop, moment: str | int) -> None:
    client.post(EVENTS, json={**VIEW, "timestamp": moment})
    assert logged(shop)["e1"]["timestamp"].timestamp() == 1767323045
