"""The interview as the storefront asks it, and what the shop thinks a visitor likes."""

from dataclasses import dataclass

from markupsafe import Markup

from shopkeeper.console.guest import Guest
from shopkeeper.console.sections import picture
from shopkeeper.flow.interview import Card, give, interview, tastes_of
from shopkeeper.flow.self_portrait import self_portrait
from shopkeeper.profile.traits import Traits
from shopkeeper.tastes import CHOICES, Choice

SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Side:
    """One card: its category, what it stands for, and their ids, which name the question."""

    name: str
    titles: tuple[str, ...]
    pictures: tuple[Markup, ...]
    product_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sitting:
    """How far the interview is; no sides where nothing is left to ask."""

    number: int
    of: int
    sides: tuple[Side, ...]


def sitting(guest: Guest) -> Sitting:
    """The question that stands now; none in a shop that has not learnt."""
    if guest.shop.version is None:
        return Sitting(1, 0, ())
    asked = interview(guest.shop, guest.user_id, guest.session)
    return Sitting(asked.number, asked.of, tuple(_side(guest, card) for card in asked.cards or ()))


def invited(guest: Guest) -> bool:
    """Whether to offer the interview: to a guest of whom nothing is known, who did not wave it away."""
    away = guest.request.cookies.get("interview") == "off" or guest.user_id or guest.known
    return not away and guest.shop.version is not None and len(tastes_of(guest.shop).pairs) > 0 and not told(guest)


def told(guest: Guest) -> int:
    """How many questions the visitor answered."""
    answers = guest.shop.profiles.told(guest.row, guest.session).answers
    return sum(answer.choice >= 0 for answer in answers)


def take(guest: Guest, first: list[str], second: list[str], choice: str) -> None:
    """Takes an answer in; one that names no products, or no choice, is let pass."""
    row_of = guest.shop.catalog.row_of
    cards = [[row_of[each] for each in card if each in row_of] for card in (first, second)]
    if all(cards) and choice in (*CHOICES, SKIP):
        chosen: Choice | None = next((each for each in CHOICES if each == choice), None)
        give(guest.shop, guest.user_id, guest.session, cards, chosen)


def liked(guest: Guest) -> Traits:
    """What the shop thinks this visitor likes."""
    return self_portrait(guest.shop, guest.user_id, guest.session)


def learnt_tastes(guest: Guest, most: int = 12) -> tuple[tuple[float, tuple[str, ...]], ...]:
    """The largest tastes that were learnt: each one's share of the shoppers, and what it wants above all others."""
    if guest.shop.version is None or not len((tastes := tastes_of(guest.shop)).prior):
        return ()
    titles, found = guest.shop.catalog.titles, []
    for at in (-tastes.prior).argsort()[:most].tolist():
        lift = tastes.shares[at] - tastes.usual
        leading = tastes.rows[(-lift).argsort()[:3]].tolist()
        found.append((float(tastes.prior[at]), tuple(titles[row] for row in leading)))
    return tuple(found)


def _side(guest: Guest, card: Card) -> Side:
    catalog = guest.shop.catalog
    return Side(
        card.name,
        tuple(catalog.titles[row] for row in card.rows),
        tuple(picture(guest, row) for row in card.rows),
        tuple(catalog.product_ids[row] for row in card.rows),
    )
