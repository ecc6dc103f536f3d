"""Claims:

1. A product that is put can be read, found and deleted at once.
2. A call is taken whole or not at all; what is wrong is named with its place.
3. An unknown product is named.
4. A slash in an id is part of it, and so is whatever else: a line break, a dot.
5. Half a character is refused, and what is repeated of it can be read.
"""

from urllib.parse import quote

import orjson
import pytest
from starlette.testclient import TestClient

from shopkeeper.serve.schemas import ProductOut
from shopkeeper.types import LONGEST_ID

PRODUCTS, SEARCH = "/v1/grocer/products", "/v1/grocer/search"
MATCHA = {
    "product_id": "m1",
    "title": "Matcha powder, 30 g",
    "category": ["Drinks", "Tea"],
    "price": 9.99,
    "attributes": {"origin": "Uji"},
    "created_at": "2026-01-02T03:04:05+01:00",
}
SENCHA = MATCHA | {"product_id": "m2", "title": "Sencha, 100 g"}


def found(client: TestClient, query: str) -> list[str]:
    return [item["product_id"] for item in client.post(SEARCH, json={"query": query}).json()["items"]]


def test_a_product_can_be_read_found_and_deleted_at_once(client: TestClient) -> None:
    assert client.put(PRODUCTS, json=[MATCHA]).json() == {"count": 1}
    kept = ProductOut.model_validate_json(client.get(f"{PRODUCTS}/m1").content)
    assert (kept.title, kept.category, kept.attributes) == (MATCHA["title"], ["Drinks", "Tea"], {"origin": "Uji"})
    assert kept.created_at is not None
    assert kept.created_at.startswith("2026-01-02T02:04:05")
    assert found(client, "matcha")[0] == "m1"
    assert client.delete(f"{PRODUCTS}/m1").json() == {"count": 1}
    assert "m1" not in found(client, "matcha")


def test_a_product_that_is_put_again_is_replaced(client: TestClient) -> None:
    client.put(PRODUCTS, json=[MATCHA])
    client.put(PRODUCTS, json=[{**MATCHA, "title": "Hojicha, 50 g"}])
    assert client.get(f"{PRODUCTS}/m1").json()["title"] == "Hojicha, 50 g"
    assert found(client, "hojicha")[0] == "m1"


@pytest.mark.parametrize(
    ("rows", "where", "message"),
    [
        ([MATCHA, SENCHA | {"price": -1}], "body.1.price", "must be greater than or equal to 0, got -1"),
        ([MATCHA, SENCHA | {"title": "  "}], "body.1.title", "string should have at least 1 character, got '  '"),
        ([MATCHA, MATCHA], "body", "product_id 'm1' stands 2 times in this call; send each product once"),
        ([MATCHA | {"currency": "euro"}], "body.0.currency", "string should match pattern '^([A-Z]{3})?$', got 'euro'"),
        ([MATCHA | {"created_at": "0001-01-01T00:00:00+14:00"}], "body.0.created_at", "must not be before 1970"),
        ([MATCHA | {"created_at": "9999-12-31T23:59:59-14:00"}], "body.0.created_at", "must be before the year 9999"),
        ([], "body", "list should have at least 1 item after validation, not 0"),
    ],
)  # fmt: skip
def test_a_call_is_taken_whole_or_not_at_all(client: TestClient, rows: list[object], where: str, message: str) -> None:
    response = client.put(PRODUCTS, json=rows)
    error = response.json()["error"]
    assert (response.status_code, error["where"], error["message"]) == (422, where, message)
    assert client.get(f"{PRODUCTS}/m1").status_code == 404


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_product_is_named(client: TestClient, method: str) -> None:
    response = client.request(method, f"{PRODUCTS}/p99")
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (404, "unknown_product")
    assert error["message"].startswith("no product 'p99' in shop 'grocer'.")


@pytest.mark.parametrize("path", ["tea/green/1", "tea%2Fgreen%2F1"])
def test_a_slash_in_an_id_is_part_of_it(client: TestClient, path: str) -> None:
    client.put(PRODUCTS, json=[MATCHA | {"product_id": "tea/green/1"}])
    assert client.get(f"{PRODUCTS}/{path}").json()["product_id"] == "tea/green/1"
    page = client.post(SEARCH, json={"query": "matcha"}).json()["request_id"]
    assert client.get(f"/v1/grocer/explain/{page}/{path}").json()["product_id"] == "tea/green/1"
    assert client.delete(f"{PRODUCTS}/{path}").json() == {"count": 1}
    assert client.get(f"{PRODUCTS}/{path}").status_code == 404


@pytest.mark.parametrize("product_id", ["a\nb", "a\n", "..", "x?y=1", "100%", "\u200b", "长" * LONGEST_ID])
def test_whatever_an_id_holds_it_can_be_read_and_deleted(client: TestClient, product_id: str) -> None:
    client.put(PRODUCTS, json=[MATCHA | {"product_id": product_id}])
    path = "%2E%2E" if product_id == ".." else quote(product_id, safe="")
    assert client.get(f"{PRODUCTS}/{path}").json()["product_id"] == product_id
    assert client.delete(f"{PRODUCTS}/{path}").json() == {"count": 1}
    assert client.get(f"{PRODUCTS}/{path}").status_code == 404


@pytest.mark.parametrize("field", ["product_id", "title", "HALF"])
def test_half_a_character_is_refused_legibly(client: TestClient, field: str) -> None:
    body = orjson.dumps([MATCHA | {field: "HALF"}]).replace(b"HALF", rb"\ud800")
    response = client.put(PRODUCTS, content=body, headers={"Content-Type": "application/json"})
    where = response.json()["error"]["where"]
    assert (response.status_code, where) == (422, f"body.0.{field}" if field != "HALF" else "body.0")
