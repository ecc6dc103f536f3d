"""What the shop thinks a shopper likes, and was told of the shopper: read, and corrected by the shopper."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from shopkeeper.errors import RequestError
from shopkeeper.flow.interview import tell
from shopkeeper.flow.said import corrected
from shopkeeper.flow.shop import Shop, today
from shopkeeper.portrait import Refused
from shopkeeper.profile.traits import Traits, traits
from shopkeeper.types import NEW_USER

MOST_REFUSED = 200
"""So many traits a shopper may take out: each page looks at all of them."""


def self_portrait(shop: Shop, user_id: str, session_id: str = "") -> Traits:
    """What is known of a shopper's taste now, and where from."""
    row = shop.folder.users.row(user_id) if user_id else NEW_USER
    found = traits(shop.profiles.portrait(row, session_id), shop.catalog, today(), shop.vectors)
    return found if row == NEW_USER else replace(found, demographics=shop.folder.users.demographics(user_id))


def describe(shop: Shop, user_id: str, demographics: Mapping[str, str]) -> None:
    """What the shop is told of a shopper, in place of what it was told before; durable on return."""
    with shop.gate.passing():
        shop.folder.users.describe({user_id: demographics})


def take_out(shop: Shop, user_id: str, name: str) -> None:
    """Forgets one thing that the shop was told of a shopper."""
    told = shop.folder.users.demographics(user_id)
    if told.pop(name, None) is not None:
        describe(shop, user_id, told)


def correct(shop: Shop, user_id: str, session_id: str, refused: Refused, *, again: bool) -> None:
    """Takes a trait out, or back where `again`; durable on return, and the next page goes by it.

    Raises RequestError where no product has the trait, or too many are taken out already.
    """
    if not again:
        _refuse(shop, user_id, session_id, refused)
    tell(shop, user_id, session_id, corrected(refused, again=again))


def _refuse(shop: Shop, user_id: str, session_id: str, refused: Refused) -> None:
    if not shop.catalog.of_any({refused}, np.arange(len(shop.catalog), dtype=np.int32)).any():
        raise RequestError(f"name: no product of this shop has the {refused.trait} '{refused.name}'.")
    row = shop.folder.users.row(user_id) if user_id else NEW_USER
    taken_out = shop.profiles.portrait(row, session_id).refused
    if len(taken_out) >= MOST_REFUSED and refused not in taken_out:
        raise RequestError(f"name: at most {MOST_REFUSED} traits can be taken out. Put one back first.")
