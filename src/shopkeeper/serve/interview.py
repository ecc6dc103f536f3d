"""The interview of a new shopper: a question, an answer, the next question."""

from typing import Annotated, Literal, Self

from fastapi import Response
from pydantic import BaseModel, Field, model_validator

from shopkeeper.flow.interview import Asked, Card, give, interview
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.access import PublicShop
from shopkeeper.serve.asked import Id, MaybeId, Model
from shopkeeper.serve.quick import shop_router
from shopkeeper.serve.reply import reply

router = shop_router("interview")
Shown = Annotated[tuple[Id, ...], Field(min_length=1, max_length=12)]


class AnswerIn(Model):
    """An answer to the question whose cards showed these products; `skip` says nothing."""

    first: Shown
    second: Shown
    choice: Literal["first", "second", "both", "neither", "skip"]


class InterviewIn(Model):
    """Who is asked, and what was answered; without an answer the question that stands now."""

    user_id: MaybeId = Field("", description="The shopper; empty for a guest, whom the session names.")
    session_id: MaybeId = ""
    answer: AnswerIn | None = Field(None, description="The answer to the question before.")

    @model_validator(mode="after")
    def _whose(self) -> Self:
        if not (self.user_id or self.session_id):
            raise ValueError("user_id: one of user_id and session_id is required")
        return self


class CardOut(BaseModel):
    """One side of a question. `name` is its category, empty where it has none; `products` are what it stands for."""

    name: str
    product_ids: list[str]
    titles: list[str]


class QuestionOut(BaseModel):
    """Two cards to choose from; both, neither, and to skip are answers too."""

    first: CardOut
    second: CardOut


class InterviewOut(BaseModel):
    """How far the interview is. Where `question` is null nothing is left to ask; pages know each answer at once."""

    number: int = Field(description="The number of the question, from 1.")
    of: int
    question: QuestionOut | None


@router.post("/interview", response_model=InterviewOut)
def post(shop: PublicShop, asked: InterviewIn) -> Response:
    """Takes an answer in and asks the next question; each is chosen for what it is expected to tell of a taste."""
    given = asked.answer
    if given is not None:
        cards = [[shop.row(product_id) for product_id in card] for card in (given.first, given.second)]
        give(shop, asked.user_id, asked.session_id, cards, None if given.choice == "skip" else given.choice)
    return reply(_told(shop, interview(shop, asked.user_id, asked.session_id)))


def _told(shop: Shop, found: Asked) -> dict[str, object]:
    if found.cards is None:
        return {"number": found.number, "of": found.of, "question": None}
    first, second = (_card(shop, card) for card in found.cards)
    return {"number": found.number, "of": found.of, "question": {"first": first, "second": second}}


def _card(shop: Shop, card: Card) -> dict[str, object]:
    catalog = shop.catalog
    ids, titles = ([column[row] for row in card.rows] for column in (catalog.product_ids, catalog.titles))
    return {"name": card.name, "product_ids": ids, "titles": titles}
