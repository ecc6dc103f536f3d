"""Where an order leans to: a search towards who asks, every page towards what the shop earns by, if it is told to."""

from shopkeeper.flow.shop import Shop
from shopkeeper.objectives import Objectives, margins
from shopkeeper.portrait import Portrait
from shopkeeper.ports import Ranker
from shopkeeper.rank.personal import Personal, liking
from shopkeeper.types import Catalog, Intent, Request

MARGIN = "margin"
"""What its part of an explanation is called."""


def earning(
    named: tuple[str, Ranker], request: Request, catalog: Catalog, objectives: Objectives
) -> tuple[str, Ranker]:
    """The ranker with its name; one that leans towards margin where the shop weighs it and its products say it."""
    if not objectives.margin or request.sort != "relevance":
        return named
    worth = margins(catalog, objectives.margin_from)
    if worth is None:
        return named
    name, ranker = named
    return name, Personal(ranker, lambda rows: worth[rows], objectives.margin, MARGIN)


def leaning(
    named: tuple[str, Ranker], request: Request, intent: Intent, portrait: Portrait, shop: Shop
) -> tuple[str, Ranker]:
    """The ranker with its name; one that leans where something is known of who asks, and where the shop weighs margin.

    Codes and sorts lean towards nobody.
    """
    named = earning(named, request, shop.catalog, shop.settings.rank.objectives)
    strength = shop.settings.rank.personal
    by_words = request.scene == "search" and bool(request.query) and not intent.is_code
    known = len(portrait.rows) > 0 or len(portrait.session_rows) > 0
    if not strength or not request.personal or not by_words or request.sort != "relevance" or not known:
        return named
    name, ranker = named
    return name, Personal(ranker, liking(portrait, request.day, shop.catalog), strength)
