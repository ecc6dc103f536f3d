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
NEWCOMER = "newcomer"
"""The features that know what is bought at such a moment, and what is new; and what their parts of an explanation are
called."""
WORDLESS: frozenset[Scene] = frozenset({"home", "trending", "cart"})
"""Pages that lean by them."""


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
    """The ranker with its name; one that leans by the moment, and towards what is new, on pages without words."""
    if request.scene not in WORDLESS or request.query or request.sort != "relevance":
        return named
    for part in (CONTEXT, NEWCOMER):
        feature = features.get(part)
        if isinstance(feature, Leans) and feature.strength:
            lifts = partial(feature.lifts, day=request.day, context=request.context)
            named = named[0], Personal(named[1], lifts, feature.strength, part)
    return named


def leaning(trained: Trained, request: Request, intent: Intent, portrait: Portrait, shop: Shop) -> tuple[str, Ranker]:
    """The request's ranker with its name; one that leans by the moment, to what is new, to margin and to who is known.

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
