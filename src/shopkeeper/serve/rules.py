"""The merchant's rules: read, written, and tried on a page before anybody sees it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import BaseModel, Field, StringConstraints

from shopkeeper.flow.ask import ask
from shopkeeper.flow.hand import Serving
from shopkeeper.flow.preview import moment
from shopkeeper.flow.preview import preview as previewed
from shopkeeper.flow.preview import told as each_rule
from shopkeeper.flow.shop import Shop, today
from shopkeeper.serve.access import SecretShop
from shopkeeper.serve.asked import MAX_K, Context, Id, MaybeId, Model, Words
from shopkeeper.serve.failures import Refused
from shopkeeper.serve.quick import shop_router
from shopkeeper.serve.reply import page_told, reply
from shopkeeper.serve.schemas import PageOut
from shopkeeper.types import SEEDED, Language, Scene

router = shop_router("rules")
Toml = Annotated[str, StringConstraints(max_length=1_000_000)]


class RulesIn(Model):
    """The whole file of rules, in TOML."""

    text: Toml
    replaces: str | None = Field(
        None, max_length=64, description="The sha256 of the text that this one replaces; refused where it is another."
    )


class PreviewIn(Model):
    """A page to try rules on: those that serve, or those in `text`."""

    query: Words = ""
    scene: Scene = "search"
    product_ids: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    user_id: MaybeId = Field("", description="Who asks; empty asks as a guest.")
    language: Language = "en"
    context: Context = Field({})
    at: datetime | None = Field(None, description="When the page is asked for; now when left out.")
    k: int = Field(12, ge=1, le=MAX_K)
    text: Toml | None = None


class RuleOut(BaseModel):
    """A rule as it stands. `remarks`: what it names that the catalogue does not hold today."""

    name: str
    state: Literal["on", "scheduled", "over", "off"]
    does: list[str]
    remarks: list[str]


class RulesOut(BaseModel):
    """The file as it stands, and the rules that serve: where it was `refused`, the last valid ones."""

    status: Literal["none", "ok", "refused"]
    message: str
    text: str
    sha256: str
    rules: list[RuleOut]


class MovedOut(BaseModel):
    """A product's place with the rules and without, from 0; and the rules that concern it."""

    product_id: str
    place: int
    before: int | None
    rules: list[str]


class PreviewOut(BaseModel):
    """The page with the rules, the page without, and what moved. `gone` shows only without them. Nothing is logged."""

    ruled: PageOut
    plain: PageOut
    moved: list[MovedOut]
    gone: list[str]


@router.get("/rules", response_model=RulesOut)
def get(shop: SecretShop) -> Response:
    """The merchant's rules, each with its state."""
    return reply(_told(shop))


@router.put("/rules", response_model=RulesOut)
def put(shop: SecretShop, given: RulesIn) -> Response:
    """The merchant's rules as a whole; the next page goes by them. Rules that contradict one another are refused."""
    shop.hand.put(given.text, given.replaces)
    return reply(_told(shop))


@router.post("/rules/preview", response_model=PreviewOut)
def preview(shop: SecretShop, asked: PreviewIn) -> Response:
    """A page as it would be by these rules, at that time, for that shopper, beside the page without any."""
    if asked.scene in SEEDED and not asked.product_ids:
        raise Refused(422, "invalid_request", f"is required for scene '{asked.scene}'", where="body.product_ids")
    serving = shop.hand.now() if asked.text is None else shop.hand.checked(asked.text)
    request = ask(
        shop,
        scene=asked.scene,
        query=asked.query,
        product_ids=asked.product_ids,
        user_id=asked.user_id,
        language=asked.language,
        context=asked.context,
        k=asked.k,
    )
    found = previewed(shop, request, serving, _day(asked, serving))
    ids = shop.catalog.product_ids
    moved = [{"product_id": ids[row], "place": at, "before": was, "rules": by} for row, at, was, by in found.moved]
    pages = {"ruled": page_told(found.ruled, shop.catalog, True), "plain": page_told(found.plain, shop.catalog, True)}
    return reply({**pages, "moved": moved, "gone": [ids[row] for row in found.gone]})


def _day(asked: PreviewIn, serving: Serving) -> float | None:
    return None if asked.at is None else moment(asked.at.isoformat(), serving.book.said.timezone)


def _told(shop: Shop) -> dict[str, Any]:
    hand = shop.hand
    status, serving = hand.status, hand.now()
    rules = [rule._asdict() for rule in each_rule(serving, shop.catalog, today())]
    found = {"status": status.state, "message": status.message, "text": hand.text(), "sha256": hand.sha256()}
    return {**found, "rules": rules}
