"""Routes that ask: search, recommend, suggest, explain."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from shopkeeper.attributes import Attributes
from shopkeeper.errors import did_you_mean
from shopkeeper.flow.ask import ask
from shopkeeper.flow.click_chances import chances
from shopkeeper.flow.completing import complete
from shopkeeper.flow.instead import answer_or_instead
from shopkeeper.flow.shop import Shop
from shopkeeper.moments import with_device
from shopkeeper.serve.access import PublicShop, SecretShop, TheFront
from shopkeeper.serve.asked import Asked, RecommendIn, SearchIn
from shopkeeper.serve.failures import Refused
from shopkeeper.serve.front import Front
from shopkeeper.serve.quick import shop_router
from shopkeeper.serve.reply import page_reply, reply
from shopkeeper.serve.schemas import ExplainOut, PageOut, SuggestOut
from shopkeeper.types import LONGEST_ID, Filters, Scene

MOST_NAMED = 12
"""Attributes that an error names."""

router = shop_router("ask")


@router.post("/search", response_model=PageOut)
def search(shop: PublicShop, front: TheFront, caller: Request, asked: SearchIn) -> Response:
    """Products for words, best first, with facets."""
    words = {"query": asked.query, "sort": asked.sort, "as_words": asked.as_words, "personal": asked.personal}
    return _page(shop, front, "search", asked, context=_moment(asked, caller), **words)


@router.post("/recommend", response_model=PageOut)
def recommend(shop: PublicShop, front: TheFront, caller: Request, asked: RecommendIn) -> Response:
    """Products without words: home, similar, together, cart, trending."""
    return _page(shop, front, asked.scene, asked, context=_moment(asked, caller), product_ids=asked.product_ids)


def _moment(asked: Asked, caller: Request) -> Mapping[str, str]:
    return with_device(asked.context, caller.headers.get("user-agent", ""))


def _page(shop: Shop, front: Front, scene: Scene, asked: Asked, **more: Any) -> Response:
    filters = asked.filters.filters()
    _known(shop.catalog.attributes, filters)
    request = ask(
        shop,
        scene=scene,
        user_id=asked.user_id,
        session_id=asked.session_id,
        filters=filters,
        k=asked.k,
        offset=asked.offset,
        after=asked.after,
        language=asked.language,
        **more,
    )
    page = answer_or_instead(request, shop)
    front.meters.showed(shop.name, page)
    return page_reply(page, shop.catalog, asked.explain)


def _known(attributes: Attributes, filters: Filters) -> None:
    """Refuses an attribute that no product has, and a range of one whose values are no numbers of its unit."""
    for name, _ in filters.attributes:
        _place(attributes, name, f"body.filters.attributes.{name}")
    for name, bounds in filters.ranges:
        where = f"body.filters.ranges.{name}"
        measure = attributes.measure(_place(attributes, name, where))
        if measure is None:
            message = f"the values of '{name}' are no numbers of one kind. Filter by them: filters.attributes"
            raise Refused(422, "no_range", message, where=where)
        for between in bounds:
            if not measure.fits(between):
                message = f"'{between}' is in a unit of another kind: '{name}' is in {measure.unit.name or 'no unit'}"
                raise Refused(422, "no_range", message, where=where)


def _place(attributes: Attributes, name: str, where: str) -> int:
    at = attributes.place(name)
    if at is None:
        hint, most = did_you_mean(name, attributes.names), ", ".join(attributes.common(MOST_NAMED)) or "there is none"
        message = f"no product has an attribute '{name}'.{hint} The most common: {most}."
        raise Refused(422, "unknown_attribute", message, where=where)
    return at


@router.get("/suggest", response_model=SuggestOut)
def suggest(
    shop: PublicShop,
    q: Annotated[str, Query(max_length=100, description="The first letters.")],
    k: Annotated[int, Query(ge=1, le=20)] = 8,
    user_id: Annotated[str, Query(max_length=LONGEST_ID, description="The shopper, whose own words come first.")] = "",
    session_id: Annotated[str, Query(max_length=LONGEST_ID)] = "",
) -> Response:
    """Ways to finish the words."""
    found = complete(shop, q, k, user_id, session_id)
    return reply({"suggestions": [each.text for each in found], "completions": [each._asdict() for each in found]})


@router.get("/explain/{request_id}/{product_id:id}", response_model=ExplainOut)
def explain(
    shop: SecretShop,
    request_id: Annotated[str, Path(max_length=LONGEST_ID, description="The page, as its answer named it.")],
    product_id: Annotated[str, Path(max_length=LONGEST_ID)],
) -> Response:
    """Why a product stood on a page that was shown: the values that were logged with it."""
    shown = shop.folder.exposures.get(request_id)
    if shown is None:
        message = "no page with this request_id is in the log; exposures are kept for store.exposure_days"
        raise Refused(404, "unknown_page", message, where="path.request_id")
    if product_id not in shown.product_ids:
        message = f"the page did not show this product. It showed: {', '.join(shown.product_ids)}"
        raise Refused(404, "not_on_page", message, where="path.product_id")
    place = shown.product_ids.index(product_id)
    values = shown.features[place].tolist() if len(shown.features) else []
    likely = chances(shop.version.path, shown, shop.catalog) if shop.version else None
    told = {
        "request_id": request_id,
        "product_id": product_id,
        "scene": shown.scene,
        "position": shown.positions[place],
        "score": shown.scores[place],
        "propensity": shown.propensities[place],
        "version": shown.version,
        "variant": shown.variant,
        "features": dict(zip(shown.feature_names, values, strict=False)),
        "click_chance": likely[0][place] if likely else None,
        "click_chance_first": likely[1][place] if likely else None,
    }
    return reply(told)
