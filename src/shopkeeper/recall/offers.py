"""From scored rows to offers: masks, the best few, and ranges of a table as one flat index."""

import numpy as np

from shopkeeper.types import NO_ROWS, BoolArray, FloatArray, IntArray, Offer, RowArray

NOTHING = Offer(NO_ROWS, np.empty(0, np.float32))
"""What a source offers that has nothing to say."""


def inside(rows: RowArray, allowed: BoolArray | None) -> BoolArray:
    """bool (m,): which rows the mask lets through. No mask lets all through; rows beyond the mask are outside."""
    if allowed is None:
        return np.ones(len(rows), bool)
    if len(rows) and int(rows.max()) >= len(allowed):
        return (rows < len(allowed)) & allowed[np.minimum(rows, len(allowed) - 1)] if len(allowed) else rows < 0
    return allowed[rows]


def best(rows: RowArray, scores: FloatArray, limit: int, allowed: BoolArray | None = None) -> Offer:
    """The `limit` best of unique rows inside the mask; equal scores by row, lowest first."""
    if allowed is not None:
        keep = inside(rows, allowed)
        if not keep.all():
            rows, scores = rows[keep], scores[keep]
    if len(rows) > 2 * limit:
        # The boundary's ties are all kept for the sort below, so that the choice does not depend on their order.
        edge = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        keep = scores >= edge
        rows, scores = rows[keep], scores[keep]
    order = np.lexsort((rows, -scores))[:limit]
    return Offer(rows[order].astype(np.int32, copy=False), scores[order].astype(np.float32, copy=False))


def last_places(rows: RowArray) -> tuple[IntArray, IntArray]:
    """Where each row stands last, int64 (h,), and of each different row its last place, rising, int64 (m,).

    No row is negative. The table by row is written and read only where there are rows: the catalogue is not walked.
    """
    places = np.arange(len(rows))
    table = np.empty(int(rows.max(initial=-1)) + 1, np.int64)
    table[rows] = places  # of equal rows the last is written
    last = table[rows]
    return last, np.flatnonzero(last == places)


def ranges(starts: IntArray, counts: IntArray) -> IntArray:
    """int64 (counts.sum(),): starts[0], starts[0] + 1, ... for each range, one after another."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    index: IntArray = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - counts), counts)
    return index


def without(rows: RowArray, scores: FloatArray, excluded: RowArray) -> tuple[RowArray, FloatArray]:
    """The rows that are not among the excluded few, with their scores."""
    if not len(excluded):
        return rows, scores
    keep = ~np.isin(rows, excluded)
    return rows[keep], scores[keep]
