"""What was known at one moment, put together from the folder: everything that learning may read."""

from typing import TYPE_CHECKING

import pyarrow as pa

from shopkeeper.store.folder import ShopFolder
from shopkeeper.types import FloatArray, Interactions, Snapshot

if TYPE_CHECKING:
    import ibis


def snapshot(
    folder: ShopFolder, day: float | None = None, vectors: FloatArray | None = None, seed: int = 0
) -> Snapshot:
    """The catalogue and the log strictly before `day`; with None the whole log, as of its last event."""
    catalog = folder.products.catalog()
    log = folder.events.interactions(catalog, folder.users)
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
