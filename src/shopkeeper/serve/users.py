"""Shoppers: erased on request."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Request, Response
from pydantic import BaseModel, Field, StrictBool, StringConstraints

from shopkeeper.flow.self_portrait import correct, describe, self_portrait
from shopkeeper.flow.shop import Shop
from shopkeeper.portrait import LONGEST_NAME, LONGEST_VALUE, MOST_DEMOGRAPHICS, Refused, Trait
from shopkeeper.profile.traits import From, Level
from shopkeeper.serve.access import SecretShop
from shopkeeper.serve.asked import Model, Name
from shopkeeper.serve.quick import shop_router
from shopkeeper.serve.reply import reply
from shopkeeper.serve.schemas import Receipt
from shopkeeper.types import LONGEST_ID

router = shop_router("users")
UserId = Annotated[str, Path(min_length=1, max_length=LONGEST_ID)]
Told = dict[
    Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)],
    Annotated[str, StringConstraints(max_length=LONGEST_VALUE)],
]


class TasteOut(BaseModel):
    """A category or brand with its share; most of it comes from `source`, so many `times`."""

    name: str
    share: float
    source: From
    times: int


class RhythmOut(BaseModel):
    """Days on which something was bought, the usual days between two (0: too few), and the days since the last."""

    visits: int
    days_between: float
    days_since: float


class RefusedOut(BaseModel):
    """What the shopper took out."""

    trait: Trait
    name: str


class PortraitOut(BaseModel):
    """What the shop thinks a shopper likes. `price_level` is among products of the same categories; `now`: lately;
    `demographics`: what the shop was told."""

    categories: list[TasteOut]
    brands: list[TasteOut]
    price_level: Level | None
    rhythm: RhythmOut | None
    now: list[str]
    answers: int
    refused: list[RefusedOut]
    demographics: dict[str, str]


class DemographicsIn(Model):
    """What the shop is told of a shopper: age, household, whatever it knows, by names of its own."""

    demographics: Annotated[Told, Field(max_length=MOST_DEMOGRAPHICS)]


class CorrectionIn(Model):
    """A trait that is not the shopper's; `again` puts it back."""

    trait: Trait
    name: Name
    again: StrictBool = False


@router.get("/users/{user_id:id}/portrait", response_model=PortraitOut)
def portrait(shop: SecretShop, user_id: UserId) -> Response:
    """What the shop thinks a shopper likes, for the shopper to read; what was done fades by half in 60 days."""
    return reply(_told(shop, user_id))


@router.post("/users/{user_id:id}/portrait", response_model=PortraitOut)
def portrait_corrected(shop: SecretShop, user_id: UserId, given: CorrectionIn) -> Response:
    """Takes a trait out of a shopper's portrait, or back; the next page goes by it, a search still finds all."""
    correct(shop, user_id, "", Refused(given.trait, given.name), again=given.again)
    return reply(_told(shop, user_id))


@router.put("/users/{user_id:id}/demographics", response_model=PortraitOut)
def described(shop: SecretShop, user_id: UserId, given: DemographicsIn) -> Response:
    """What the shop is told of a shopper, in place of what it was told before; the shopper may take it out."""
    describe(shop, user_id, given.demographics)
    return reply(_told(shop, user_id))


def _told(shop: Shop, user_id: str) -> dict[str, object]:
    found = self_portrait(shop, user_id)
    return {
        "categories": [asdict(taste) for taste in found.categories],
        "brands": [asdict(taste) for taste in found.brands],
        "price_level": found.level,
        "rhythm": asdict(found.rhythm) if found.rhythm else None,
        "now": list(found.now),
        "answers": found.answers,
        "refused": [own._asdict() for own in found.refused],
        "demographics": dict(found.demographics),
    }


@router.delete("/users/{user_id:id}", response_model=Receipt)
def erase(
    shop: SecretShop, request: Request, user_id: Annotated[str, Path(min_length=1, max_length=LONGEST_ID)]
) -> Response:
    """Erases a shopper: rows, states and caches. The receipt counts what was found in each place."""
    erased = dict(shop.erase(user_id))
    console = getattr(request.app.state, "console", None)
    if console is not None:  # the storefront remembers for a while what it showed
        erased["pages"] = console.visits.forget(shop.name, user_id)
    return reply({"user_id": user_id, "erased": erased, "erased_at": datetime.now(UTC).isoformat()})
