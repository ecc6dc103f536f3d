"""What was known at one moment, put together from the folder: everything that learning may read."""

from typing import TYPE_CHECKING

import pyarrow as pa

from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.log import interactions_of
from shopkeeper.types import Catalog, FloatArray, Interactions, Snapshot

if TYPE_CHECKING:
    import ibis


def snapshot(
    folder: ShopFolder,
    day: float | None = None,
    vectors: FloatArray | None = None,
    seed: int = 0,
    events: "ibis.Table | None" = None,
    catalog: Catalog | None = None,
) -> Snapshot:
    """The catalogue and the log strictly before `day`; with None the whole log, as of its last event.

    `events`, with the columns of schema.EVENTS, stands for the log where learning is to read a repaired one, `catalog`
    for the catalogue where it was read already: a server may have taken a product since.
    """
    catalog = folder.products.catalog() if catalog is None else catalog
    if events is None:
        log = folder.events.interactions(catalog, folder.users)
    else:
        folder.users.refresh()
        table = events.order_by("timestamp", "event_id").to_pyarrow()  # the order of arrival is not known any more
        arrived = table.append_column("seq", pa.array(range(len(table)), pa.int64()))
        log = interactions_of([arrived], catalog, folder.users.ids())
    if day is None:
        day = float(log.days.max(initial=0.0)) + 1e-9 if len(log.days) else 0.0
    else:
        log = log.before(day)
    return Snapshot(day=day, catalog=catalog, log=log, interactions=interactions_table(log), vectors=vectors, seed=seed)


def interactions_table(log: Interactions) -> "ibis.Table":
    """The log as the Ibis table that offline expressions read, in memory; the arrays are shared, not copied."""
    import ibis

    columns = {
        "user": log.users,
        "row": log.rows,
        "day": log.days,
        "action": log.actions,
        "quantity": log.quantities,
        "basket": log.baskets,
    }
    return ibis.memtable(pa.table(columns))
