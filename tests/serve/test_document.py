"""Claims:

1. The page on HTTP names exactly the routes there are.
2. Its example of an event is one that is taken.
"""

import re
from pathlib import Path

import orjson
from starlette.testclient import TestClient

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")


def test_the_page_names_exactly_the_routes_there_are(client: TestClient) -> None:
    told = set(re.findall(r"^\| `(\w+) (\S+)` \|", PAGE, re.MULTILINE))
    paths = client.get("/openapi.json").json()["paths"]
    assert told == {(method.upper(), path) for path, operations in paths.items() for method in operations}


def test_the_bodies_of_its_examples_are_taken(client: TestClient) -> None:
    search, event = (orjson.loads(body) for body in re.findall(r"-d '(\{.*?\})'", PAGE, re.DOTALL))
    search["query"], event["product_id"] = "green tea", "p00"  # the page speaks of the demo shop's products
    assert client.post("/v1/grocer/search", json=search).json()["items"][0]["product_id"] == "p00"
    assert client.post("/v1/grocer/events", json=event).json() == {"accepted": 1, "duplicate": 0, "refused": []}
