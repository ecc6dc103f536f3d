"""An event becomes part of what the shop knows, at once and for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shopkeeper.flow.shop import Shop
from shopkeeper.types import Event

NEEDS_NO_PRODUCT = {"search", "answer"}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one event; `reason` says why it was refused."""

    event_id: str
    status: Literal["accepted", "duplicate", "refused"]
    reason: str = ""


def observe(events: Sequence[Event], shop: Shop) -> list[Receipt]:
    """A receipt for each event, in order. Accepted events are durable and known to the next page."""
    reasons = [_refusal(event, shop) for event in events]
    good = [event for event, reason in zip(events, reasons, strict=True) if not reason]
    with shop.gate.passing():
        outcomes = shop.folder.events.append(good)
        for event, outcome in zip(good, outcomes, strict=True):
            if outcome == "accepted":
                shop.take(event)
    left = iter(outcomes)
    return [
        Receipt(event.event_id, "refused", reason) if reason else Receipt(event.event_id, next(left))
        for event, reason in zip(events, reasons, strict=True)
    ]


def _refusal(event: Event, shop: Shop) -> str:
    """Why the event cannot be taken, empty where it can."""
    if not event.product_id:
        return "" if event.action in NEEDS_NO_PRODUCT else f"product_id: required for action '{event.action}'"
    if event.product_id not in shop.catalog.row_of:
        return f"product_id: unknown product '{event.product_id}'"
    return ""
