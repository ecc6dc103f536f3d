"""A request becomes a page."""

from shopkeeper.arrange.arrange import arrange
from shopkeeper.explain.sentence import facts, sentence
from shopkeeper.explain.tree import trees
from shopkeeper.feedback.exposures import exposure_of
from shopkeeper.flow.shop import Shop
from shopkeeper.flow.trace import Trace
from shopkeeper.rank.assemble import assemble
from shopkeeper.rank.order import order
from shopkeeper.recall.gather import gather
from shopkeeper.types import NEW_USER, Batch, Item, Page, Request


def answer(request: Request, shop: Shop) -> Page:
    """The page for this request. It is logged as an exposure, with what decided it."""
    trace, trained, catalog = Trace(), shop.trained, shop.catalog  # one version answers, whatever is promoted meanwhile
    intent = trace.timed("understand", lambda: trained.understanding.understand(request.query))
    portrait = trace.timed("profile", lambda: shop.profiles.portrait(request.user, request.session, request.day))
    batch = Batch((request,), (intent,), (portrait,))
    found = trace.timed("recall", lambda: gather(trained.sources, batch, shop.plan))
    table = trace.timed("features", lambda: assemble(trained.features, batch, found.candidates))
    ranker = trained.ranker_for(request.scene)
    ranked = trace.timed("rank", lambda: order(trained.rankers[ranker], ranker, found.candidates, table))
    arranged, fired = trace.timed(
        "arrange", lambda: arrange(shop.rules, ranked, request, portrait, catalog, trained.vectors)
    )
    shown = slice(request.offset, request.offset + request.k)
    rows, places = arranged.rows[shown], arranged.index[shown]
    why = trace.timed("explain", lambda: trees(*trained.rankers[ranker].parts(found.candidates, table, places)))
    seed = catalog.titles[request.seeds[0]] if len(request.seeds) == 1 else ""
    said = [
        sentence(tree, known, request.language)
        for tree, known in zip(why, facts(portrait, rows, request.day, seed), strict=True)
    ]
    items = tuple(
        # the order is a function of the request, so each product was certain to stand where it stands
        Item(row, request.offset + at, score, 1.0, why[at], said[at])
        for at, (row, score) in enumerate(zip(rows.tolist(), arranged.scores[shown].tolist(), strict=True))
    )
    page = Page(
        request_id=request.request_id,
        scene=request.scene,
        items=items,
        total=len(arranged.rows),
        intent=intent,
        facets=found.facets[0],
        rules=fired,
        late=found.late,
        version=trained.version.name,
        ranker=ranker,
        spans_ms={**trace.spans_ms, **found.spans_ms},
    )
    user_id = shop.folder.users.id(request.user) if request.user != NEW_USER else ""
    shop.remember(exposure_of(page, request, user_id, catalog, table, places))
    return page
