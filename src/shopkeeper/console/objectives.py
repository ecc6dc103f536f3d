"""What pages are ordered for: the weights that serve, and what another weight of margin would change."""

from dataclasses import dataclass

from pydantic import BaseModel, Field

from shopkeeper.console.guest import Guest
from shopkeeper.console.sections import Card, card
from shopkeeper.errors import NoVersion
from shopkeeper.flow.weighing import Weighed, weighed
from shopkeeper.objectives import Objectives

SHOWN = 3
"""So many shoppers' pages stand side by side; the figures are of the whole sample."""


class Tried(BaseModel):
    """The weight that the merchant tries."""

    margin: float = Field(0.3, ge=0, le=1, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Column:
    """One shopper's page before and after; whether each product of the second is new there."""

    user_id: str
    before: tuple[Card, ...]
    after: tuple[tuple[Card, bool], ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """What the page shows. `weighed` is None where the shop has not learnt yet."""

    serving: Objectives
    tried: float
    n_products: int
    weighed: Weighed | None
    columns: tuple[Column, ...]


def objectives(guest: Guest, tried: Tried) -> Weights:
    """The weights that serve, and the pages of a sample by the one that is tried."""
    shop = guest.shop
    serving, n = shop.settings.rank.objectives, int((~shop.catalog.deleted).sum())
    try:
        found = weighed(shop, serving.model_copy(update={"margin": tried.margin}))
    except NoVersion:
        return Weights(serving, tried.margin, n, None, ())
    columns = []
    for own in found.pages[:SHOWN]:
        there = {item.row for item in own.before}
        after = tuple((card(guest, item.row), item.row not in there) for item in own.after)
        columns.append(Column(own.user_id, tuple(card(guest, item.row) for item in own.before), after))
    return Weights(serving, tried.margin, n, found, tuple(columns))
