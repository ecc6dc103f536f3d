"""A request becomes a page."""

import time
from dataclasses import replace
from functools import partial

import numpy as np

from shopkeeper.arrange.arrange import arrange
from shopkeeper.explain.sentence import facts, placed, sentence
from shopkeeper.explain.tree import folded, trees, unheard_of
from shopkeeper.feedback.exposures import Evidence, exposure_of
from shopkeeper.flow.hand import Serving
from shopkeeper.flow.narrow import gathered, narrowed
from shopkeeper.flow.personal import leaning
from shopkeeper.flow.relax import relaxed
from shopkeeper.flow.rereading import ReadAgain, reread
from shopkeeper.flow.shop import Shop, Trained
from shopkeeper.flow.trace import Trace
from shopkeeper.merchandise.placing import page_rules
from shopkeeper.portrait import Portrait
from shopkeeper.profile.traits import heeded
from shopkeeper.rank.assemble import assemble, read_by
from shopkeeper.rank.order import order
from shopkeeper.recall.gather import WORDS, Found
from shopkeeper.types import (
    NEW_USER,
    Batch,
    Candidates,
    Catalog,
    Filters,
    FloatArray,
    IntArray,
    Item,
    Page,
    Ranked,
    Request,
)

OFTEN = 0.5
"""On a scale of logarithms to the most bought product of all: as often as the root of its purchases."""


def answer(request: Request, shop: Shop, hand: Serving | None = None, *, logged: bool = True) -> Page:
    """The page for this request. It is logged as an exposure, with what decided it; `hand`: other rules than serve."""
    trace, trained, catalog = Trace(), shop.trained, shop.catalog  # one version answers, whatever is promoted meanwhile
    hand = shop.hand.now() if hand is None else hand
    plain = trace.timed("understand", lambda: trained.understanding.understand(request.query, hand.book.kept))
    portrait = trace.timed("profile", lambda: _known(request, shop, catalog))
    steering, request, plain = trace.timed("hand", lambda: hand.steering(request, plain, portrait, catalog))
    tries = narrowed(trained.structured, trained.opened(request, plain), plain, catalog)
    batch, found = trace.timed("recall", lambda: gathered(trained.sources, shop.plan, tries, portrait))
    found = replace(found, candidates=steering.among(found.candidates, request))
    request, intent = batch.requests[0], batch.intents[0]
    name, ranker = leaning(trained, request, intent, portrait, shop)
    read = read_by(ranker, trained.features)
    table = trace.timed("features", lambda: assemble(read, batch, found.candidates))
    ranked = trace.timed("rank", lambda: order(ranker, name, found.candidates, table))
    ranked, read_again = trace.timed("rerank", lambda: _read_again(shop, trained, batch, ranked, trace.started))
    arranged, fired = trace.timed(
        "arrange",
        lambda: arrange(page_rules(trained.rules, steering), ranked, request, portrait, catalog, trained.vectors),
    )
    places = arranged.index[_shown(request)]
    shown, rows = found.candidates.take(places), table.take(places)
    reachable = len(request.shown) + len(arranged.rows)
    n_found = reachable - len(steering.added & steering.shown)  # a pin alone is nothing found
    parts = read_again.beside(ranker.parts(shown, rows), places)
    items = trace.timed("explain", lambda: _items(batch, arranged, parts, catalog, found))
    own = [item.row for item in items if item.row not in steering.added]
    page = Page(
        request_id=request.request_id,
        scene=request.scene,
        items=steering.told(items, placed(request.language)),
        total=max(int(found.totals[0]), reachable if n_found else 0),
        reachable=reachable,
        intent=intent,
        facets=found.facets[0],
        rules=(*fired, *steering.lines()),
        redirect=steering.redirect,
        late=(*found.late, *read_again.late),
        version=trained.version.name,
        ranker=name,
        spans_ms={**trace.spans_ms, **found.spans_ms},
        relaxed=relaxed(request, intent, found, own, catalog),
    )
    user_id = shop.folder.users.id(request.user) if request.user != NEW_USER else ""
    # for later learning: what the ranker read, or what one might have read
    names, values = (rows.names, lambda: rows.values) if read else (trained.later.names, trained.later.of(batch, shown))
    if logged and (user_id or request.user == NEW_USER):  # of a shopper erased meanwhile nothing is kept
        shop.remember(exposure_of(page, request, user_id, catalog, Evidence(names, values), time.time()))
    return page


def _known(request: Request, shop: Shop, catalog: Catalog) -> Portrait:
    """What is known of who asks, without what they took out themselves."""
    return heeded(shop.profiles.portrait(request.user, request.session, request.day), catalog)


def _read_again(shop: Shop, trained: Trained, batch: Batch, ranked: Ranked, started: float) -> tuple[Ranked, ReadAgain]:
    """The order after the cross-encoder, which has what is left of the request's time; a patient shop waits for it."""
    request = batch.requests[0]
    until = started + shop.plan.deadline_for(request) / 1000.0 if shop.plan.crew is not None else np.inf
    return reread(trained.rerank, (request, batch.intents[0]), ranked, shop.catalog, until)


def _items(
    batch: Batch, arranged: Ranked, parts: tuple[tuple[str, ...], FloatArray], catalog: Catalog, found: Found
) -> tuple[Item, ...]:
    """The products of the page, each with its reasons."""
    request, portrait = batch.requests[0], batch.portraits[0]
    shown = _shown(request)
    unheard = unheard_of(portrait)
    rows, why = arranged.rows[shown], [folded(tree, unheard) for tree in trees(*parts)]
    seed = catalog.titles[request.seeds[0]] if len(request.seeds) == 1 else ""
    wordless = request.scene == "search" and not request.query
    shows_wanted = _bought_often if wordless else partial(_offered_by, "popular")
    wanted = shows_wanted(found.candidates, arranged.index[shown])
    narrowed = replace(request.filters, in_stock=True) != Filters()
    in_part = (np.isin(rows, found.partly[0]) | found.in_part[0]).tolist()
    told = zip(facts(portrait, rows, request.day, seed, catalog.created[rows]), wanted, in_part, strict=True)
    # without chance the order is a function of the request: each product was certain to stand where it stands
    chances = np.ones(len(rows)) if arranged.propensities is None else arranged.propensities[shown]
    known = [
        each._replace(wanted=own, in_part=partly, wordless=wordless, narrowed=narrowed) for each, own, partly in told
    ]
    return tuple(
        Item(row, request.offset + at, score, chance, why[at], sentence(why[at], known[at], request.language))
        for at, (row, score, chance) in enumerate(
            zip(rows.tolist(), arranged.scores[shown].tolist(), chances.tolist(), strict=True)
        )
    )


def _shown(request: Request) -> slice:
    """The places of the page in an order that no longer holds what earlier pages showed."""
    start = max(0, request.offset - len(request.shown))
    return slice(start, start + request.k)


def _bought_often(candidates: Candidates, index: IntArray) -> list[bool]:
    """Whether each candidate at `index` is much bought: that is what stands for a match where no words were asked."""
    if WORDS not in candidates.sources:
        return [False] * len(index)
    often: list[bool] = (candidates.scores[index, candidates.sources.index(WORDS)] >= OFTEN).tolist()
    return often


def _offered_by(source: str, candidates: Candidates, index: IntArray) -> list[bool]:
    """Whether this source offered each of the candidates at `index`."""
    if source not in candidates.sources:
        return [False] * len(index)
    offered: list[bool] = (candidates.ranks[index, candidates.sources.index(source)] > 0).tolist()
    return offered
