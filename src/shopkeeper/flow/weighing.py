"""What another weight of margin would do to pages: a sample of shoppers, each page before and after."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

import numpy as np

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.shop import Shop
from shopkeeper.objectives import Objectives, margins, said_by
from shopkeeper.types import Item

SHOPPERS = 20
PLACES = 8


@dataclass(frozen=True, slots=True)
class Beside:
    """One shopper's home page by the weights that serve, and by those that are tried."""

    user_id: str
    before: tuple[Item, ...]
    after: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """The pages of the sample; `changed` of their places hold another product, whose margin stands at `before` and
    `after` on average, from 0 to 1. `said` products name a margin: with none all of this is still."""

    said: int
    pages: tuple[Beside, ...]
    changed: float = 0.0
    before: float = 0.0
    after: float = 0.0


def weighed(shop: Shop, tried: Objectives, n: int = SHOPPERS) -> Weighed:
    """What these weights do to the home pages of shoppers spread over the user table. Nothing is logged.

    Raises NoVersion.
    """
    said = said_by(shop.catalog, tried.margin_from)
    pages = tuple(_pages(shop, tried, n))
    worth = margins(shop.catalog, tried.margin_from)
    if worth is None or not pages:
        return Weighed(said, pages)
    rows = [[[item.row for item in each] for each in (own.before, own.after)] for own in pages]
    changed = [len(set(after) - set(before)) / max(len(after), 1) for before, after in rows]
    means = [float(worth[np.concatenate([own[at] for own in rows]).astype(np.int64)].mean()) for at in (0, 1)]
    return Weighed(said, pages, float(np.mean(changed)), *means)


def _pages(shop: Shop, tried: Objectives, n: int) -> Iterator[Beside]:
    other = copy(shop)  # the same shop with other weights: nothing of it is changed by answering
    table = dict(shop.settings.tables.get("rank", {}))
    other.settings = shop.settings.with_table("rank", {**table, "objectives": tried.model_dump()})
    known = [user_id for user_id in shop.folder.users.ids().to_pylist() if user_id]
    for at in np.unique(np.linspace(0, len(known) - 1, min(n, len(known))).astype(np.int64)).tolist():
        request = ask(shop, scene="home", user_id=known[at], k=PLACES)
        before, after = (answer(request, each, logged=False) for each in (shop, other))
        yield Beside(known[at], before.items, after.items)
