"""Candidates and features made by hand for the ranking tests."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from shopkeeper import plugins
from shopkeeper.ports import Feature
from shopkeeper.rank.assemble import assemble
from shopkeeper.testing.worlds import portrait
from shopkeeper.types import NEW_USER, Batch, Candidates, FloatArray, Intent, Interactions, Request, RowArray


def candidates(
    rows: Sequence[Sequence[int]], scores: Mapping[str, Sequence[float]] | None = None, k: int = 60
) -> Candidates:
    """These rows for each request; `scores` by source over all rows, NaN where a source is silent.

    A source's share is 1 / (k + 1) for every row it offers: ranks play no part here.
    """
    flat = np.array([row for own in rows for row in own], np.int32)
    given = scores or {}
    table = np.array([given[name] for name in given], np.float32).reshape(len(given), len(flat)).T
    shares = np.where(np.isnan(table), 0.0, 1.0 / (k + 1)).astype(np.float32)
    offsets = np.concatenate(([0], np.cumsum([len(own) for own in rows]))).astype(np.int64)
    ranks = np.concatenate([_ranks(table[start:end]) for start, end in pairwise(offsets)] or [table.astype(np.int32)])
    return Candidates(offsets, flat, tuple(given), table, shares, shares.sum(axis=1), ranks)


def _ranks(scores: FloatArray) -> RowArray:
    """Each source's places within one request, from 1; 0 where it is silent."""
    places = np.argsort(np.argsort(-np.nan_to_num(scores, nan=-np.inf), axis=0, kind="stable"), axis=0) + 1
    return np.where(np.isnan(scores), 0, places).astype(np.int32)


def batch(log: Interactions, users: Sequence[int], day: float) -> Batch:
    """A home page for each of these users of the log, asked on `day`."""
    requests = tuple(Request(request_id=str(user), scene="home", day=day, user=user) for user in users)
    askers = tuple(portrait(log, user if user != NEW_USER else -1) for user in users)
    return Batch(requests, (Intent(),) * len(requests), askers)


def feature(name: str, **settings: object) -> Feature:
    """A feature with its default settings but for these."""
    kind = plugins.load("feature", name)
    made: Feature = kind(kind.Settings(**settings))
    return made


def column(name: str, asked: Batch, found: Candidates, made: Feature) -> list[float]:
    """One column of one feature, by the column's name."""
    table = assemble({"it": made}, asked, found)
    return [round(float(value), 5) for value in table.values[:, table.names.index(f"it.{name}")]]
