"""Events in: one or many, each row judged by itself, the good ones on disk before the reply."""

import time
from collections import Counter
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Body, Request, Response
from pydantic import SkipValidation, ValidationError

from shopkeeper.flow.observe import observe
from shopkeeper.moments import with_device
from shopkeeper.serve.access import PublicShop, TheFront
from shopkeeper.serve.failures import NEEDS_JSON, Refused, failure, legible, reason, telling
from shopkeeper.serve.quick import shop_router
from shopkeeper.serve.reply import reply
from shopkeeper.serve.schemas import MAX_ROWS, EventIn, EventsOut, RefusedRow
from shopkeeper.types import LONGEST_ID, Event

router = shop_router("observe")

Rows = Annotated[SkipValidation[EventIn | list[EventIn]], Body(description="One event or a list of up to 1,000.")]


@router.post("/events", response_model=EventsOut)
def events(shop: PublicShop, front: TheFront, request: Request, rows: Rows) -> Response:
    """What shoppers did, one event or many. Rows are judged one by one; those taken are on disk before the reply."""
    if isinstance(rows, bytes):
        raise Refused(415, "not_json", NEEDS_JSON, where="header Content-Type")
    given: list[Any] = rows if isinstance(rows, list) else [rows]
    if not 1 <= len(given) <= MAX_ROWS:
        raise Refused(422, "invalid_request", f"1 to {MAX_ROWS} events a call, got {len(given)}", where="body")
    taken, refused = _sorted_out(given, request.headers.get("user-agent", ""))
    places = list(taken)
    receipts = observe([taken[place] for place in places], shop) if taken else []
    for place, receipt in zip(places, receipts, strict=True):
        if receipt.status == "refused":
            refused.append(_row(place, "", receipt.reason, receipt.event_id))
    counts = Counter(receipt.status for receipt in receipts)
    counts["refused"] = len(refused)
    for status, count in counts.items():
        front.meters.took(shop.name, status, count)
    refused.sort(key=lambda row: row.index)
    told = [row.model_dump() for row in refused]
    if len(refused) == len(given):
        first = refused[0]
        message = (
            first.reason if len(given) == 1 else f"none of {len(given)} rows could be taken; row 0: {first.reason}"
        )
        return failure(Refused(422, "events_refused", message, where=first.field), request.state.request_id, told)
    return reply({"accepted": counts["accepted"], "duplicate": counts["duplicate"], "refused": told})


def _sorted_out(given: list[Any], user_agent: str) -> tuple[dict[int, Event], list[RefusedRow]]:
    """Events by their place in the list, and the rows that have not the shape of one."""
    now = time.time()
    taken: dict[int, Event] = {}
    refused: list[RefusedRow] = []
    for place, row in enumerate(given):
        try:
            event = EventIn.model_validate(row).event(now)
            taken[place] = replace(event, context=with_device(event.context, user_agent))
        except ValidationError as error:
            first = telling(error.errors())
            field = ".".join(str(part) for part in first["loc"])
            event_id = row.get("event_id", "") if isinstance(row, dict) else ""
            refused.append(_row(place, field, reason(first, EventIn), str(event_id)[:LONGEST_ID]))
    return taken, refused


def _row(place: int, field: str, why: str, event_id: str) -> RefusedRow:
    """A refusal; a reason that begins with a field's name says which field where nothing else did."""
    first, colon, rest = why.partition(": ")
    if not field and colon and first in EventIn.model_fields:
        field, why = first, rest
    return RefusedRow(index=place, field=legible(field), reason=legible(why), event_id=legible(event_id))
