"""Where words lead before a page is made: what the merchant redirects is not a page that anybody saw."""

from shopkeeper.flow.shop import Shop
from shopkeeper.types import Request
from shopkeeper.understood import Redirect


def leading(shop: Shop, request: Request) -> Redirect | None:
    """The redirect that concerns this search, None where there is none. Nothing is logged."""
    hand = shop.hand.now()
    if not hand.book.redirects or not request.query or shop.version is None:
        return None
    plain = shop.trained.understanding.understand(request.query, hand.book.kept)
    portrait = shop.profiles.portrait(request.user, request.session, request.day)
    steering, _, _ = hand.steering(request, plain, portrait, shop.catalog)
    return steering.redirect
