"""A page as it is remembered: what it showed, how likely, and the feature values that decided it."""

from collections.abc import Callable
from dataclasses import dataclass

from shopkeeper.exposure import Exposure
from shopkeeper.types import Catalog, FloatArray, Page, Request


@dataclass(frozen=True, slots=True)
class Evidence:
    """What decided a page: the features' names and, when asked for, the row float32 (k, f) of each product shown."""

    names: tuple[str, ...]
    rows: Callable[[], FloatArray]


def exposure_of(
    page: Page, request: Request, user_id: str, catalog: Catalog, evidence: Evidence, timestamp: float
) -> Exposure:
    """The exposure of a page; `evidence` has the feature row of each item, in page order.

    Its time is the request's, so that a replay of the log joins what a shopper saw with what the shopper knew then.
    """
    return Exposure(
        request_id=page.request_id,
        timestamp=timestamp,
        scene=page.scene,
        user_id=user_id,
        session_id=request.session,
        query=request.query,
        version=page.version,
        variant="",
        product_ids=tuple(catalog.product_ids[item.row] for item in page.items),
        positions=tuple(item.position for item in page.items),
        scores=tuple(item.score for item in page.items),
        propensities=tuple(item.propensity for item in page.items),
        feature_names=evidence.names,
        rows=evidence.rows,
        context=request.context,
    )
