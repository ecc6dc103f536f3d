"""What is being typed, completed for the one who types: by what they searched and bought first, where allowed."""

from collections.abc import Iterator

import numpy as np

from shopkeeper.flow.shop import Shop, today
from shopkeeper.types import NEW_USER, PURCHASE
from shopkeeper.understood import Completion

LINES = 200
"""Of so many latest lines of a shopper what was bought is looked at."""
PRODUCTS = 40


def complete(shop: Shop, prefix: str, k: int = 8, user_id: str = "", session_id: str = "") -> list[Completion]:
    """Completions of what is being typed, best first; this shopper's own before all."""
    personal = shop.settings.understand.personal_suggestions and (user_id or session_id)
    return shop.trained.suggester.complete(prefix, k, _own(shop, user_id, session_id) if personal else ())


def _own(shop: Shop, user_id: str, session_id: str) -> Iterator[Completion]:
    """What the shopper searched, then what they bought, the latest of each first."""
    for query in shop.searches.of(user_id, session_id):
        yield Completion(query, "query")
    row = shop.folder.users.row(user_id) if user_id else NEW_USER
    if row == NEW_USER:
        return
    portrait = shop.profiles.portrait(row, session_id, today())
    lines = portrait.rows[-LINES:][portrait.actions[-LINES:] == PURCHASE]
    catalog = shop.catalog
    for product in list(dict.fromkeys(np.flip(lines).tolist()))[:PRODUCTS]:
        if not catalog.deleted[product] and catalog.available[product]:
            yield Completion(catalog.titles[product], "product")
