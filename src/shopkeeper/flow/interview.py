"""The interview of a new shopper: the next question, and an answer that the next page knows."""

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shopkeeper.flow.observe import observe
from shopkeeper.flow.said import answered
from shopkeeper.flow.shop import Shop
from shopkeeper.ports import Groups
from shopkeeper.profile.interview import MOST_QUESTIONS, next_question
from shopkeeper.tastes import CHOICES, SKIPPED, Answer, Choice, Tastes
from shopkeeper.types import Catalog, Event


@dataclass(frozen=True, slots=True)
class Card:
    """One side of a question: the category that all of it is of, empty where there is none, and some products."""

    name: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """How far the interview is: `cards` to choose from, None where nothing is left to ask. Questions count from 1."""

    number: int
    of: int
    cards: tuple[Card, Card] | None


def tastes_of(shop: Shop) -> Tastes:
    """What the version that answers learnt of tastes; none where no source groups shoppers."""
    learnt = (source.tastes for source in shop.trained.sources.values() if isinstance(source, Groups))
    return next(learnt, Tastes.none())


def interview(shop: Shop, user_id: str, session_id: str) -> Asked:
    """The question that tells most of this shopper now. Raises NoVersion."""
    tastes, row = tastes_of(shop), shop.folder.users.row(user_id) if user_id else -1
    told = shop.profiles.told(row, session_id).answers
    given = [answer for answer in told if answer.choice != SKIPPED]
    skipped = [(answer.first, answer.second) for answer in told if answer.choice == SKIPPED]
    left = [_left(shop, tastes.shown(card)) for card in range(len(tastes.cards))]
    question = next_question(tastes, given, skipped, [card for card, rows in enumerate(left) if not rows])
    number = min(len(told) + 1, MOST_QUESTIONS)
    if question is None:
        return Asked(number, MOST_QUESTIONS, None)
    sides = question.first, question.second
    cards = _called(shop.catalog, [tastes.names[at] for at in sides], [left[at] for at in sides])
    return Asked(number, MOST_QUESTIONS, cards)


def give(shop: Shop, user_id: str, session_id: str, cards: Sequence[Sequence[int]], choice: Choice | None) -> None:
    """Takes an answer in, None for a question that was skipped; it is durable on return, the next page knows it."""
    place = SKIPPED if choice is None else CHOICES.index(choice)
    first, second = (tuple(card) for card in cards)
    tell(shop, user_id, session_id, answered(Answer(first, second, place), shop.catalog))


def tell(shop: Shop, user_id: str, session_id: str, context: Mapping[str, str]) -> None:
    """Puts what a shopper said of themselves into the log."""
    event = Event(
        event_id=uuid.uuid4().hex,
        timestamp=time.time(),
        action="answer",
        user_id=user_id,
        session_id=session_id,
        context=context,
    )
    observe([event], shop)


def _called(catalog: Catalog, names: Sequence[str], shown: Sequence[tuple[int, ...]]) -> tuple[Card, Card]:
    """The cards, each called what it is mostly of where all that it shows is of that, else by the category of all that
    it shows. A name that is as true of the other card tells nothing, and is left out.
    """
    first, second = ([_path(catalog, row) for row in rows] for rows in shown)
    calls = _name(names[0], first), _name(names[1], second)
    told = (
        "" if all(name in path for path in other) else name for name, other in zip(calls, (second, first), strict=True)
    )
    one, two = (Card(name, rows) for name, rows in zip(told, shown, strict=True))
    return one, two


def _name(mostly: str, paths: Sequence[tuple[str, ...]]) -> str:
    """The category that all of these paths are of: the given one, or the deepest; empty where there is none."""
    if all(mostly in path for path in paths):
        return mostly
    return next((names[0] for names in reversed([*zip(*paths, strict=False)]) if len(set(names)) == 1), "")


def _path(catalog: Catalog, row: int) -> tuple[str, ...]:
    at = int(catalog.categories[row])
    return catalog.category_paths[at] if at >= 0 else ()


def _left(shop: Shop, rows: tuple[int, ...]) -> tuple[int, ...]:
    """What a card can show: what is for sale; where all is sold out, what will be again."""
    there = tuple(row for row in rows if row < len(shop.catalog) and not shop.catalog.deleted[row])
    return tuple(row for row in there if shop.catalog.available[row]) or there
