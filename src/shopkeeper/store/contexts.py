"""What the log says of the moments of purchases."""

from typing import TYPE_CHECKING

import orjson

from shopkeeper.moments import SAID, Moments
from shopkeeper.observed import SECONDS_A_DAY
from shopkeeper.types import Catalog

if TYPE_CHECKING:
    import ibis


def moments_of(events: "ibis.Table", catalog: Catalog) -> Moments:
    """The purchases, of the columns schema.EVENTS, whose context says weather, device or place."""
    import ibis

    said = ibis.or_(*(events.context.contains(f'"{kind}"') for kind in SAID))
    lines = events.filter((events.action == "purchase") & said).select("product_id", "timestamp", "context")
    found, row_of = lines.to_pyarrow(), catalog.row_of
    columns = (found[name].to_pylist() for name in ("product_id", "timestamp", "context"))
    known = ((row_of.get(product_id), moment, context) for product_id, moment, context in zip(*columns, strict=True))
    return Moments.of(
        [
            (row, moment.timestamp() / SECONDS_A_DAY, orjson.loads(context))
            for row, moment, context in known
            if row is not None
        ]
    )
