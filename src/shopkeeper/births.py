"""When products came: what is new in a shop."""

import numpy as np

from shopkeeper.types import Catalog, DayArray, IntArray, RowArray

SINCE = np.inf
"""The day of a product that came since the shop learnt and does not say when."""


def born(catalog: Catalog, first: DayArray | None, rows: RowArray | IntArray | None = None) -> DayArray:
    """float64 (m,): the day on which each of these rows, or of all, came; NaN where nobody knows it.

    That is when a product was created; where it does not say, when anybody first did anything with it, `first` float64
    (n_learnt,), NaN never; where it was not there when the shop learnt, `SINCE`. Deleted products are of no day. Where
    nothing was learnt, `first` None, a product that does not say may be as old as the shop.
    """
    rows = np.arange(len(catalog)) if rows is None else rows
    days = np.full(len(rows), SINCE if first is not None else np.nan)
    if first is not None:
        learnt = rows < len(first)
        days[learnt] = first[rows[learnt]]
    created = catalog.created[rows]
    days = np.where(np.isnan(created), days, created)
    days[catalog.deleted[rows]] = np.nan
    return days


def witnessed(first: DayArray, days: float) -> DayArray:
    """float64 (n,): these first days, NaN for those within `days` of the earliest: a log that begins knows nothing of
    what was there before it.
    """
    known = first[np.isfinite(first)]
    return np.where(first < known.min() + days, np.nan, first) if len(known) else first


def ages(days: DayArray, day: float) -> DayArray:
    """float64 (m,): for how many days what came on these days has been there on `day`; NaN if unknown or not yet."""
    since = np.where(np.isposinf(days), 0.0, day - days)
    return np.where(since >= 0, since, np.nan)
