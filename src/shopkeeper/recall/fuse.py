"""Several ranked lists to one: weighted reciprocal rank fusion."""

from collections.abc import Mapping, Sequence

import numpy as np

from shopkeeper.types import Candidates, DayArray, FloatArray, IntArray, Offer, RowArray


def fuse(
    offers: Mapping[str, Sequence[Offer]],
    weights: Mapping[str, float | DayArray],
    k: int,
    n_requests: int,
    keep: int | None = None,
) -> Candidates:
    """All offers as candidates, best fused first in each request; at most `keep` of a request.

    A row's share from a source is weight / (k + rank), rank from 1 within that source's offer; its fused score is the
    sum of its shares. A source that did not offer the row adds nothing. `offers` maps a source to one offer a request,
    `weights` to its weight, or to one for each request, float64 (n_requests,).
    Source: Cormack, Clarke, Buettcher, SIGIR 2009, eq. 1, with a weight a list.
    """
    names = tuple(offers)
    lists = [
        (column, request, offer) for column, name in enumerate(names) for request, offer in enumerate(offers[name])
    ]
    lengths = np.array([len(offer.rows) for _, _, offer in lists], np.int64)
    if not lengths.sum():
        return _nothing(names, n_requests)
    columns = np.repeat([column for column, _, _ in lists], lengths)
    requests = np.repeat([request for _, request, _ in lists], lengths)
    rows = np.concatenate([offer.rows for _, _, offer in lists])
    ranks = np.arange(1, len(rows) + 1) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    weight = np.empty((len(names), n_requests))
    for column, name in enumerate(names):
        weight[column] = weights.get(name, 1.0)

    first, place = _candidates(requests, rows)
    # candidates lie by request, then row
    of_request, of_row = requests[first], rows[first]
    cells = place * len(names) + columns
    shape = len(first), len(names)
    shares, scores = np.zeros(shape, np.float32), np.full(shape, np.nan, np.float32)
    places = np.zeros(shape, np.int32)
    shares.reshape(-1)[cells] = weight[columns, requests] / (k + ranks)
    scores.reshape(-1)[cells] = np.concatenate([offer.scores for _, _, offer in lists])
    places.reshape(-1)[cells] = ranks
    fused = shares.sum(axis=1)
    order, offsets = _best(fused, of_request, n_requests, keep)
    return Candidates(
        offsets=offsets,
        rows=of_row[order].astype(np.int32),
        sources=names,
        scores=scores[order],
        shares=shares[order],
        fused=fused[order],
        ranks=places[order],
    )


def _candidates(requests: IntArray, rows: RowArray) -> tuple[IntArray, IntArray]:
    """Where each (request, row) is first offered, sorted by both, int64 (n,); which one an offer is, int64 (m,)."""
    keys = requests * (int(rows.max()) + 1) + rows
    order = keys.argsort(kind="stable")
    ordered = keys[order]
    new = np.ones(len(keys), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    place = np.empty(len(keys), np.int64)
    place[order] = np.cumsum(new) - 1
    return order[new], place


def _best(fused: FloatArray, of_request: IntArray, n_requests: int, keep: int | None) -> tuple[IntArray, IntArray]:
    """What orders candidates best first within each request, at most `keep` of one, and the requests' offsets."""
    # both sorts keep equal ones as they lie, by row
    if n_requests == 1:
        best = (-fused).argsort(kind="stable")[:keep]
        return best, np.array([0, len(best)], np.int64)
    order = np.lexsort((-fused, of_request))
    offsets = of_request.searchsorted(np.arange(n_requests + 1)).astype(np.int64)
    if keep is None:
        return order, offsets
    kept = np.arange(len(fused)) - np.repeat(offsets[:-1], np.diff(offsets)) < keep
    return order[kept], np.concatenate(([0], np.cumsum(np.minimum(np.diff(offsets), keep))))


def _nothing(names: tuple[str, ...], n_requests: int) -> Candidates:
    empty = np.empty((0, len(names)), np.float32)
    return Candidates(
        offsets=np.zeros(n_requests + 1, np.int64),
        rows=np.empty(0, np.int32),
        sources=names,
        scores=empty,
        shares=empty,
        fused=np.empty(0, np.float32),
        ranks=np.empty((0, len(names)), np.int32),
    )
