"""What shoppers say of themselves, as events of the log and back: answers of the interview, traits taken out."""

import uuid
from collections.abc import Mapping, Sequence
from typing import get_args

import orjson

from shopkeeper.portrait import Refused, Said, Trait
from shopkeeper.profile.sayings import Told
from shopkeeper.tastes import CHOICES, SKIPPED, Answer
from shopkeeper.types import Catalog, Event

INTERVIEW, PORTRAIT = "interview", "portrait"
"""What an `answer` is about, as its context says."""
SKIP = "skip"


def said_in(event: Event, catalog: Catalog, user: int) -> Said | None:
    """What an event says; None where it says nothing of a shopper, or of products that are all gone."""
    context = event.context
    if event.action != "answer":
        return None
    if context.get("about") == PORTRAIT and context.get("trait") in get_args(Trait) and context.get("name"):
        refused = Refused("category" if context["trait"] == "category" else "brand", context["name"])
        return Said(user, event.session_id, refused=refused, again=context.get("again") == "yes")
    choice = context.get("choice", "")
    if context.get("about") != INTERVIEW or choice not in (*CHOICES, SKIP):
        return None
    first, second = (_rows(context.get(card, ""), catalog) for card in ("first", "second"))
    place = SKIPPED if choice == SKIP else CHOICES.index(choice)
    return Said(user, event.session_id, answer=Answer(first, second, place)) if first and second else None


def answered(answer: Answer, catalog: Catalog) -> Mapping[str, str]:
    """The context of the event that gives this answer."""
    ids = (orjson.dumps([catalog.product_ids[row] for row in card]).decode() for card in (answer.first, answer.second))
    choice = SKIP if answer.choice == SKIPPED else CHOICES[answer.choice]
    return {"about": INTERVIEW, "first": next(ids), "second": next(ids), "choice": choice}


def corrected(refused: Refused, *, again: bool) -> Mapping[str, str]:
    """The context of the event that takes a trait out, or back."""
    return {"about": PORTRAIT, "trait": refused.trait, "name": refused.name, "again": "yes" if again else "no"}


def said_again(told: Told, event: Event, catalog: Catalog) -> Sequence[Event]:
    """What a guest said, as events of the shopper whom `event` names. Their ids say so: told twice they are once."""
    contexts = [answered(answer, catalog) for answer in told.answers]
    contexts += [corrected(refused, again=False) for refused in sorted(told.refused)]
    return [
        Event(
            event_id=uuid.uuid5(uuid.NAMESPACE_URL, f"{event.user_id}|{event.session_id}|{sorted(own.items())}").hex,
            timestamp=event.timestamp,
            action="answer",
            user_id=event.user_id,
            session_id=event.session_id,
            context=own,
        )
        for own in contexts
    ]


def _rows(ids: str, catalog: Catalog) -> tuple[int, ...]:
    try:
        named = orjson.loads(ids)
    except orjson.JSONDecodeError:
        return ()
    if not isinstance(named, list):
        return ()
    rows = (catalog.row_of.get(product_id) for product_id in named if isinstance(product_id, str))
    return tuple(row for row in rows if row is not None)
