"""Claims:

1. Every route of the document has an example, and every example answers 200 in the shop that is served.
2. Every answer fits the schema that the document gives for it.
3. Examples that change the shop touch no real product and no real shopper.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from shopkeeper.serve import interview, rules, schemas, users
from shopkeeper.serve.openapi import SAMPLE_ID, SAMPLE_USER

Example = tuple[str, str, Any, str]


def examples(client: TestClient) -> Iterator[Example]:
    """(method, path with its parameters filled in, body, name of the answer's schema), in the document's order."""
    page = client.post("/v1/grocer/recommend", json={"scene": "trending", "k": 20}).json()
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            values = {parameter["name"]: parameter.get("example") for parameter in operation.get("parameters", [])}
            if "request_id" in values:
                values["request_id"] = page["request_id"]  # a page that was shown; the document can only invent one
            query = "?q=" + values["q"] if "q" in values else ""
            bodies = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples")
            answer = operation["responses"]["200"]["content"].get("application/json", {}).get("schema", {})
            named = answer.get("$ref", "").rpartition("/")[2]
            for body in bodies.values() if bodies else [None]:
                yield method, path.format(**values) + query, body and body["value"], named


def test_every_example_answers_in_the_schema_that_the_document_gives(client: TestClient) -> None:
    called = list(examples(client))
    assert len(called) >= 16
    for method, path, body, named in called:
        response = client.request(method, path, json=body)
        assert response.status_code == 200, f"{method} {path} {body}: {response.text}"
        if named:
            told = json.loads(response.content)
            kind = next(getattr(place, named) for place in (schemas, rules, interview, users) if hasattr(place, named))
            model = TypeAdapter(kind).validate_python(told)
            assert set(told) <= set(type(model).model_fields), f"{method} {path}: fields the schema does not have"


def test_the_example_of_a_search_is_words_without_what_stands_between_them(client: TestClient) -> None:
    client.put("/v1/grocer/products", json=[{"product_id": "p00", "title": "Crushed ice, 22 lb", "price": 2.0}])
    search = client.get("/openapi.json").json()["paths"]["/v1/{shop}/search"]["post"]
    examples = search["requestBody"]["content"]["application/json"]["examples"].values()
    assert {example["value"]["query"] for example in examples} == {"Crushed ice"}


def test_every_body_and_every_parameter_has_an_example(client: TestClient) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", []):
                assert "example" in parameter or not parameter["required"], f"{method} {path}: {parameter['name']}"
            if "requestBody" in operation:
                assert operation["requestBody"]["content"]["application/json"]["examples"], f"{method} {path}"


@pytest.mark.parametrize(
    ("method", "path", "name", "value"),
    [
        ("delete", "/v1/{shop}/products/{product_id}", "product_id", SAMPLE_ID),
        ("delete", "/v1/{shop}/users/{user_id}", "user_id", SAMPLE_USER),
    ],
)
def test_examples_that_change_the_shop_touch_nothing_real(
    client: TestClient, method: str, path: str, name: str, value: str
) -> None:
    operation = client.get("/openapi.json").json()["paths"][path][method]
    assert {p["name"]: p["example"] for p in operation["parameters"]}[name] == value
