"""Where an order leans to: a search towards who asks, every page towards what the shop earns by, if it is told to."""

from collections.abc import Mapping
from functools import partial

from shopkeeper.flow.shop import Shop, Trained
from shopkeeper.objectives import Objectives, margins
from shopkeeper.portrait import Portrait
from shopkeeper.ports import Feature, Leans, Ranker
from shopkeeper.rank.personal import Personal, liking
from shopkeeper.types import NEW_USER, Catalog, Intent, Request, Scene

MARGIN = "margin"
"""What its part of an explanation is called."""
CONTEXT = "context"
"""The feature that knows what is bought at such a moment, and what its part of an explanation is called."""
WORDLESS: frozenset[Scene] = frozenset({"home", "trending", "cart"})
"""Pages that lean by the moment."""


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


def timely(named: tuple[str, Ranker], request: Request, features: Mapping[str, Feature]) -> tuple[str, Ranker]:
    """The ranker with its name; one that leans by the moment on pages without words."""
    context = features.get(CONTEXT)
    if not isinstance(context, Leans) or not context.strength:
        return named
    if request.scene not in WORDLESS or request.query or request.sort != "relevance":
        return named
    name, ranker = named
    lifts = partial(context.lifts, day=request.day, context=request.context)
    return name, Personal(ranker, lifts, context.strength, CONTEXT)


def leaning(trained: Trained, request: Request, intent: Intent, portrait: Portrait, shop: Shop) -> tuple[str, Ranker]:
    """The request's ranker with its name; one that leans by the moment, towards margin, and towards who is known.

    Codes and sorts lean towards nobody.
    """
    has_history = request.user != NEW_USER and len(portrait.rows) > 0
    named = timely(trained.ranker_for(request, has_history=has_history), request, trained.features)
    named = earning(named, request, shop.catalog, shop.settings.rank.objectives)
    strength = shop.settings.rank.personal
    by_words = request.scene == "search" and bool(request.query) and not intent.is_code
    known = len(portrait.rows) > 0 or len(portrait.session_rows) > 0
    if not strength or not request.personal or not by_words or request.sort != "relevance" or not known:
        return named
    name, ranker = named
    return name, Personal(ranker, liking(portrait, request.day, shop.catalog), strength)
