"""The OpenAPI document, with an example for every route that works in the shop that is being served."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shopkeeper.flow.shop import Shop

ABOUT = """Search and recommendation for a shop, from one pipeline.

Ask (`search`, `recommend`), show the page, and send what the shopper then did (`events`) with the page's `request_id`:
the next page already knows. Every failure has the shape `{"error": {"code", "message", "where", "request_id"}}`."""

SAMPLE_ID = "sample-product"
"""Examples that change the shop touch this product and this shopper, never a real one."""
SAMPLE_USER = "sample-shopper"


def document(app: FastAPI, shops: Mapping[str, Shop]) -> dict[str, Any]:
    """The document, made once an app; example words and ids come from the first shop's shelf."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
        shop, product_id, title = _sample(shops)
        bodies, values = _bodies(product_id, title), {"shop": shop, "product_id": product_id, "q": title[:3]}
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                _fill(operation, bodies.get((method, path), {}), values | _special(method, path))
        app.openapi_schema = schema
    return app.openapi_schema


def _sample(shops: Mapping[str, Shop]) -> tuple[str, str, str]:
    """Name of the first shop, and id and title of the first product that stands on its shelf."""
    for name, shop in shops.items():
        shelf = shop.catalog
        on_shelf = (~shelf.deleted & shelf.available).nonzero()[0]
        if len(on_shelf):
            row = int(on_shelf[0])
            return name, shelf.product_ids[row], shelf.titles[row]
    return next(iter(shops), "shop"), SAMPLE_ID, "Sample"


def _bodies(product_id: str, title: str) -> dict[tuple[str, str], dict[str, Any]]:
    words = " ".join(title.partition(",")[0].split()[:2])
    view = {"event_id": "sample-1", "action": "view", "user_id": SAMPLE_USER, "product_id": product_id}
    bought = {**view, "event_id": "sample-2", "action": "purchase", "quantity": 2, "value": 7.98}
    pin = f"pin = [{{ product = {json.dumps(product_id)}, place = 1 }}]"
    pinned = f'[[rules]]\nname = "sample"\nwhen = {{ words = [{json.dumps(words)}] }}\n{pin}\n'
    wrong = {"event_id": "sample-3", "action": "view", "session_id": "sample-session"}
    chosen = {"first": [product_id], "second": [product_id], "choice": "both"}
    return {
        ("post", "/v1/{shop}/search"): {
            "words": {"query": words, "user_id": SAMPLE_USER, "k": 5},
            "narrowed": {"query": words, "filters": {"price_max": 20}, "sort": "price_asc", "explain": True},
            "best_selling": {"query": words, "sort": "best_selling"},
            "best_rated": {"query": words, "sort": "rating"},
        },
        ("post", "/v1/{shop}/recommend"): {
            "home": {"scene": "home", "user_id": SAMPLE_USER},
            "similar": {"scene": "similar", "product_ids": [product_id]},
            "together": {"scene": "together", "product_ids": [product_id]},
            "cart": {"scene": "cart", "user_id": SAMPLE_USER, "product_ids": [product_id]},
            "trending": {"scene": "trending", "k": 24},
        },
        ("post", "/v1/{shop}/events"): {"one": view, "many": [view, bought], "partly_wrong": [bought, wrong]},
        ("post", "/v1/{shop}/interview"): {
            "begin": {"session_id": "sample-session"},
            "answer": {"session_id": "sample-session", "answer": chosen},
        },
        ("post", "/v1/{shop}/users/{user_id}/portrait"): {"take_out": {"trait": "category", "name": "Tea"}},
        ("put", "/v1/{shop}/users/{user_id}/demographics"): {
            "told": {"demographics": {"age": "35-44", "household": "2"}}
        },
        ("put", "/v1/{shop}/rules"): {"dictionary": {"text": f"dictionary = [{json.dumps(words)}]\n"}},
        ("post", "/v1/{shop}/rules/preview"): {
            "as_they_serve": {"query": words, "k": 5},
            "a_draft": {"query": words, "at": "2026-12-24T18:00:00Z", "text": pinned},
        },
        ("put", "/v1/{shop}/products"): {
            "one": [
                {"product_id": SAMPLE_ID, "title": "Green tea, 20 bags", "category": ["Drinks", "Tea"], "price": 3.99}
            ]
        },
    }


def _special(method: str, path: str) -> dict[str, str]:
    values = {"user_id": SAMPLE_USER, "request_id": "0f8c5d2ab1c94e7f"}
    return values | ({"product_id": SAMPLE_ID} if method == "delete" else {})


def _fill(operation: dict[str, Any], bodies: Mapping[str, Any], values: Mapping[str, str]) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["name"] in values:
            parameter["example"] = values[parameter["name"]]
    if bodies:
        content = operation["requestBody"]["content"]["application/json"]
        content["examples"] = {name: {"value": body} for name, body in bodies.items()}
