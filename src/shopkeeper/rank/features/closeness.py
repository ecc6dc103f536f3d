"""How near the product's text is to the shopper's taste, to the session, to the seeds and to the words."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shopkeeper.rank.pairs import Pairs, pairs, taken
from shopkeeper.settings import PluginSettings
from shopkeeper.store.mapped import mapped
from shopkeeper.types import Batch, Candidates, Catalog, DayArray, FloatArray, IntArray, RowArray, Snapshot

HalfArray = NDArray[np.float16]

_NEWEST = 64
"""Of a history so many of the newest purchases make the taste: bounds the work of one page."""
_MOST_SINCE = 3_000
"""So many products stand apart before all are put together again."""


class Closeness:
    """Cosines in the space of the strongest directions of the catalogue's vectors (centred); NaN without vectors.

    The projection keeps what a page needs of a product in `dimensions` half-precision numbers.
    """

    class Settings(PluginSettings):
        dimensions: int = Field(48, ge=2, description="How many directions of the text space are kept.")
        half_life_days: float = Field(60.0, gt=0, description="How fast a purchase fades from the taste.")

    names = ("taste", "session", "seeds", "query")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._axes: FloatArray = np.empty((0, 0), np.float32)
        self._centre: FloatArray = np.empty(0, np.float32)
        self._points = np.empty((0, 0), np.float16)
        self._since: dict[int, HalfArray] = {}

    def fit(self, snapshot: Snapshot) -> None:
        vectors, self._since = snapshot.vectors, {}
        if vectors is None or not len(vectors):
            self._points = np.empty((0, 0), np.float16)
            return
        self._centre = np.asarray(vectors.mean(axis=0), np.float32)
        sample = vectors[:: max(1, len(vectors) // 20_000)] - self._centre
        _, axes = np.linalg.eigh(sample.T @ sample)
        self._axes = np.ascontiguousarray(axes[:, ::-1][:, : self._settings.dimensions], np.float32)
        self._points = self._project(vectors).astype(np.float16)

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        shared = pairs(batch, candidates)
        table = np.full((len(shared.rows), len(self.names)), np.nan, np.float32)
        if not len(self._points):
            return table
        own = self._of(shared.rows)
        wanted = (self._taste(shared), self._means([p.session_rows for p in batch.portraits]),
                  self._means([r.seeds for r in batch.requests]), self._queries(batch))  # fmt: skip
        for place, directions in enumerate(wanted):
            if not np.isnan(directions[:, 0]).all():
                table[:, place] = _cosines(own, directions, shared.request)
        return table

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        if vectors is None or not len(self._axes) or not len(rows):
            return
        since = dict(zip(rows.tolist(), self._project(vectors).astype(np.float16), strict=True))
        self._since = {**self._since, **since}
        if len(self._since) > _MOST_SINCE:
            self._points, self._since = self._whole(), {}

    def save(self, folder: Path) -> None:
        np.savez(folder / "projection.npz", axes=self._axes, centre=self._centre)
        np.save(folder / "points.npy", self._whole())

    def load(self, folder: Path, catalog: Catalog) -> None:
        with np.load(folder / "projection.npz") as saved:
            self._axes, self._centre = saved["axes"], saved["centre"]
        self._points, self._since = mapped(folder / "points.npy"), {}

    def _project(self, vectors: FloatArray) -> FloatArray:
        return _unit(np.asarray((vectors - self._centre) @ self._axes, np.float32))

    def _of(self, rows: IntArray | RowArray) -> FloatArray:
        points, since = taken(self._points, rows, np.nan).astype(np.float32), self._since
        for at, row in enumerate(rows.tolist()) if since else ():
            if row in since:
                points[at] = since[row]
        return points

    def _whole(self) -> HalfArray:
        """float16 (n_products, dimensions): the points, with what came since in its place."""
        if not self._since:
            return self._points
        whole = np.full((max(len(self._points), *self._since) + 1, self._points.shape[1]), np.nan, np.float16)
        whole[: len(self._points)] = self._points
        for row, point in self._since.items():
            whole[row] = point
        return whole

    def _taste(self, shared: Pairs) -> FloatArray:
        """The faded mean direction of each request's newest purchases, float32 (b, dimensions)."""
        lines = shared.purchases
        ends = np.cumsum(np.bincount(lines.request, minlength=shared.n_requests))
        newest = np.flatnonzero(ends[lines.request] - np.arange(len(lines)) <= _NEWEST)
        weight = shared.faded(self._settings.half_life_days)[newest]
        return self._mixed(lines.row[newest], lines.request[newest], weight, shared.n_requests)

    def _means(self, groups: list[RowArray]) -> FloatArray:
        if not any(map(len, groups)):
            return np.full((len(groups), self._points.shape[1]), np.nan, np.float32)
        sizes = [min(len(rows), _NEWEST) for rows in groups]
        rows = np.concatenate([rows[len(rows) - size :] for rows, size in zip(groups, sizes, strict=True)])
        return self._mixed(rows, np.repeat(np.arange(len(groups)), sizes), np.ones(len(rows)), len(groups))

    def _mixed(self, rows: IntArray | RowArray, request: IntArray, weight: DayArray, n: int) -> FloatArray:
        sums = np.zeros((n, self._points.shape[1]), np.float32)
        if len(rows):
            starts = np.flatnonzero(np.concatenate(([True], request[1:] != request[:-1])))
            points = self._of(rows)
            points[np.isnan(points)] = 0.0
            sums[request[starts]] = np.add.reduceat(points * weight[:, None].astype(np.float32), starts, axis=0)
        return _unit(sums)

    def _queries(self, batch: Batch) -> FloatArray:
        directions = np.full((len(batch), self._points.shape[1]), np.nan, np.float32)
        for place, intent in enumerate(batch.intents):
            if intent.vector is not None:
                directions[place] = self._project(intent.vector[None])[0]
        return directions


def _cosines(points: FloatArray, directions: FloatArray, request: IntArray) -> FloatArray:
    """Each point against the direction of its request, float32 (n,)."""
    if len(directions) == 1:
        return np.asarray(points @ directions[0])
    return np.asarray(np.einsum("ij,ij->i", points, directions[request]))


def _unit(vectors: FloatArray) -> FloatArray:
    """The same directions at length one; NaN where there is no direction."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, np.nan), np.float32)
