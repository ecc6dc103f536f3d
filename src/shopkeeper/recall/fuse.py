"""Several ranked lists to one: weighted reciprocal rank fusion."""

from collections.abc import Mapping, Sequence

import numpy as np

from shopkeeper.types import Candidates, DayArray, Offer


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
    rows = np.concatenate([offer.rows for _, _, offer in lists]).astype(np.int64)
    given = np.concatenate([offer.scores for _, _, offer in lists])
    ranks = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    weight = np.stack([np.broadcast_to(weights.get(name, 1.0), n_requests) for name in names])
    parts = weight[columns, requests] / (k + ranks)

    width = int(rows.max()) + 1
    keys, place = np.unique(requests * width + rows, return_inverse=True)
    shares = np.zeros((len(keys), len(names)), np.float32)
    scores = np.full((len(keys), len(names)), np.nan, np.float32)
    shares[place, columns] = parts
    scores[place, columns] = given
    places = np.zeros((len(keys), len(names)), np.int32)
    places[place, columns] = ranks
    fused = shares.sum(axis=1)
    order = np.lexsort((keys % width, -fused, keys // width))
    offsets = np.searchsorted(keys // width, np.arange(n_requests + 1)).astype(np.int64)
    if keep is not None:
        kept = np.arange(len(keys)) - np.repeat(offsets[:-1], np.diff(offsets)) < keep
        order, offsets = order[kept], np.concatenate(([0], np.cumsum(np.minimum(np.diff(offsets), keep))))
    return Candidates(
        offsets=offsets,
        rows=(keys % width)[order].astype(np.int32),
        sources=names,
        scores=scores[order],
        shares=shares[order],
        fused=fused[order],
        ranks=places[order],
    )


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
