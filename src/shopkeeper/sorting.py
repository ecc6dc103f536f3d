"""What a page is sorted by where a shopper asks for more than relevance."""

import numpy as np

from shopkeeper.types import Catalog, DayArray, Request, RowArray


def sort_keys(request: Request, catalog: Catalog, rows: RowArray) -> DayArray:
    """float64 (m,): what the request's sort goes by for these rows, lowest first, NaN unknown. Not for relevance."""
    if request.sort == "newest":
        return -catalog.created[rows]
    if request.order is None:
        return catalog.prices[rows].astype(np.float64) * (-1 if request.sort == "price_desc" else 1)
    found = np.full(len(rows), np.nan)
    known = rows < len(request.order)
    found[known] = -request.order[rows[known]]
    return found
