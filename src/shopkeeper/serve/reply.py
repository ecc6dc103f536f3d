"""Rows become ids here, once: a page as what people and programs read."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson
from fastapi import Response

from shopkeeper.types import Catalog, Explanation, Item, Page


def reply(told: Mapping[str, Any], **headers: str) -> Response:
    """A JSON response; NaN is written as null."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(orjson.dumps(told, option=orjson.OPT_SERIALIZE_NUMPY), 200, named, "application/json")


def page_reply(page: Page, catalog: Catalog, explain: bool) -> Response:
    """The page as PageOut, with the stages' milliseconds in the header Server-Timing."""
    timing = ", ".join(f"{stage};dur={span_ms:.2f}" for stage, span_ms in page.spans_ms.items())
    return reply(page_told(page, catalog, explain), server_timing=timing)


def page_told(page: Page, catalog: Catalog, explain: bool) -> dict[str, Any]:
    """The page as PageOut."""
    intent = page.intent
    return {
        "request_id": page.request_id,
        "scene": page.scene,
        "items": [_item(item, catalog, explain) for item in page.items],
        "total": page.total,
        "reachable": page.reachable,
        "facets": page.facets,
        "intent": {
            "query": intent.query,
            "language": intent.language,
            "tokens": intent.tokens,
            "kind": intent.kind,
            "about": intent.about,
            "sentiment": intent.sentiment,
            "correction": intent.correction,
            "stated": [asdict(own) for own in intent.stated],
            "maybe": intent.maybe,
            "changes": [change._asdict() for change in intent.changes],
        },
        "relaxed": None if page.relaxed is None else asdict(page.relaxed),
        "instead": None if page.instead is None else _instead(page.instead, catalog, explain),
        "rules": page.rules,
        "redirect": page.redirect._asdict() if page.redirect else None,
        "late": page.late,
        "version": page.version,
        "ranker": page.ranker,
    }


def _instead(page: Page, catalog: Catalog, explain: bool) -> dict[str, Any]:
    return {"request_id": page.request_id, "items": [_item(item, catalog, explain) for item in page.items]}


def _item(item: Item, catalog: Catalog, explain: bool) -> dict[str, Any]:
    row = item.row
    price = float(catalog.prices[row])
    told = {
        "product_id": catalog.product_ids[row],
        "position": item.position,
        "score": item.score,
        "propensity": item.propensity,
        "title": catalog.titles[row],
        "brand": catalog.brands[row],
        "category": catalog.category_paths[catalog.categories[row]],
        "department": catalog.department_names[catalog.departments[row]],
        "price": None if math.isnan(price) else round(price, 4),
        "currency": catalog.currency,
        "available": bool(catalog.available[row]),
        "why": item.sentence,
    }
    if explain:
        told["explanation"] = _part(item.explanation)
    return told


def _part(part: Explanation) -> dict[str, Any]:
    return {
        "name": part.name,
        "value": part.value,
        "note": part.note,
        "children": [_part(child) for child in part.children],
    }
