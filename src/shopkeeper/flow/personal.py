"""Whether a search's order leans towards who asks: where the shop, the request and the words allow it."""

from shopkeeper.flow.shop import Shop
from shopkeeper.ports import Ranker
from shopkeeper.rank.personal import Personal, liking
from shopkeeper.types import Intent, Portrait, Request


def leaning(
    named: tuple[str, Ranker], request: Request, intent: Intent, portrait: Portrait, shop: Shop
) -> tuple[str, Ranker]:
    """The ranker with its name; one that leans where something is known of who asks. Codes and sorts lean nowhere."""
    strength = shop.settings.rank.personal
    by_words = request.scene == "search" and bool(request.query) and not intent.is_code
    known = len(portrait.rows) > 0 or len(portrait.session_rows) > 0
    if not strength or not request.personal or not by_words or request.sort != "relevance" or not known:
        return named
    name, ranker = named
    return name, Personal(ranker, liking(portrait, request.day, shop.catalog), strength)
