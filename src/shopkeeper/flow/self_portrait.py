"""What the shop thinks a shopper likes: read, and corrected by the shopper."""

from shopkeeper.flow.interview import tell
from shopkeeper.flow.said import corrected
from shopkeeper.flow.shop import Shop, today
from shopkeeper.portrait import Refused
from shopkeeper.profile.traits import Traits, traits


def self_portrait(shop: Shop, user_id: str, session_id: str = "") -> Traits:
    """What is known of a shopper's taste now, and where from."""
    row = shop.folder.users.row(user_id) if user_id else -1
    return traits(shop.profiles.portrait(row, session_id), shop.catalog, today(), shop.vectors)


def correct(shop: Shop, user_id: str, session_id: str, refused: Refused, *, again: bool) -> None:
    """Takes a trait out, or back where `again`; durable on return, and the next page goes by it."""
    tell(shop, user_id, session_id, corrected(refused, again=again))
