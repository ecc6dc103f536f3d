"""A convex combination of the sources' scores: the order of a search where some queries were judged."""

from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.measure.ranking import graded_ndcg_at
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Candidates, Catalog, FeatureTable, FloatArray, IntArray, Scene

READS = "match"
"""The feature file whose columns are combined."""
SOURCES = ("lexical", "semantic", "query_log")
"""What an untaught blend combines, in equal parts."""
K = 10
_ROUNDS = 20


class Blend:
    """Scores with the weighted mean of a product's matches, each from 0 to 1; a part is a match times its weight.

    Weights are not negative and sum to one. Learnt by walking along one weight after another, so that the mean of
    nDCG@10 and of condensed nDCG@10, which leaves out what nobody judged, becomes as large as it can: few judged
    queries are enough, since there are no more weights than sources.
    Source: Metzler, Croft, "Linear feature-based models for information retrieval", Information Retrieval 2007.
    """

    scenes: ClassVar[frozenset[Scene]] = frozenset({"search"})

    class Settings(PluginSettings):
        steps: int = Field(20, ge=2, description="Into so many steps the way along a weight is cut.")
        pull: float = Field(
            0.02, ge=0, description="What an order must gain to move all weight from equal parts to one source."
        )

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = tuple(f"{READS}.{source}" for source in SOURCES)
        self._weights = np.full(len(SOURCES), 1 / len(SOURCES), np.float32)

    @property
    def files(self) -> tuple[str, ...]:
        return (READS,)

    def learn(self, table: FeatureTable, labels: FloatArray, offsets: IntArray) -> None:
        own = [name for name in table.names if name.startswith(f"{READS}.")]
        matches = _aligned(table, own)
        heard = np.flatnonzero(matches.any(axis=0))
        if len(heard):
            self._names = tuple(own[column] for column in heard)
            self._weights = self._walked(_Judged(matches[:, heard], labels, offsets), len(heard))

    def score(self, candidates: Candidates, table: FeatureTable) -> FloatArray:
        return np.asarray(_aligned(table, self._names) @ self._weights, np.float32)

    def parts(self, candidates: Candidates, table: FeatureTable) -> tuple[tuple[str, ...], FloatArray]:
        names = tuple(name.removeprefix(f"{READS}.") for name in self._names)
        return names, np.asarray(_aligned(table, self._names) * self._weights, np.float32)

    def save(self, folder: Path) -> None:
        np.savez(folder / "weights.npz", names=np.array(self._names), weights=self._weights)

    def load(self, folder: Path, catalog: Catalog) -> None:
        with np.load(folder / "weights.npz", allow_pickle=False) as saved:
            self._names, self._weights = tuple(saved["names"].tolist()), saved["weights"]

    def _walked(self, judged: "_Judged", n: int) -> FloatArray:
        """The weights where no single step helps any more, float32 (n,)."""
        equal = np.full(n, 1 / n)

        def worth(weights: FloatArray) -> float:
            return judged.worth(weights) - self._settings.pull * float(np.abs(weights - equal).sum() / 2)

        best, most = equal, worth(equal)
        for _ in range(_ROUNDS):
            found = max(_near(best, self._settings.steps), key=worth)
            if worth(found) <= most + 1e-9:
                break
            best, most = found, worth(found)
        return best.astype(np.float32)


def _near(weights: FloatArray, steps: int) -> list[FloatArray]:
    """Weights further towards one source or away from it, by so many steps."""
    ways, corners = np.linspace(0, 1, steps + 1)[1:], np.eye(len(weights))
    moved = [np.maximum(weights + way * (corner - weights), 0) for corner in corners for way in (*ways, *-ways)]
    return [each / each.sum() for each in moved if each.sum() > 0]


class _Judged:
    """The candidates of judged requests, and how well an order puts the better ones first."""

    def __init__(self, matches: FloatArray, labels: FloatArray, offsets: IntArray) -> None:
        self._matches = matches
        self._own = [np.arange(start, end) for start, end in pairwise(offsets)]
        self._known = [own[~np.isnan(labels[own])] for own in self._own]
        self._grades = [labels[known] for known in self._known]

    def worth(self, weights: FloatArray) -> float:
        """The mean over requests of nDCG@10 and condensed nDCG@10, and of both; requests without a grade are left."""
        scores = self._matches @ weights
        figures = [
            graded_ndcg_at(_best(scores, rows), self._known, self._grades, K) for rows in (self._own, self._known)
        ]
        return float(np.nanmean(figures)) if np.isfinite(figures).any() else 0.0


def _best(scores: FloatArray, rows: list[IntArray]) -> IntArray:
    """int64 (b, K): the first rows of each list by score, padded with -1."""
    best = np.full((len(rows), K), -1, np.int64)
    for line, own in zip(best, rows, strict=True):
        first = own[np.argsort(-scores[own], kind="stable")[:K]]
        line[: len(first)] = first
    return best


def _aligned(table: FeatureTable, names: tuple[str, ...] | list[str]) -> FloatArray:
    """float32 (n, len(names)): the columns by name, 0 where a match is not known or the column is missing."""
    places = {name: at for at, name in enumerate(table.names)}
    found = np.zeros((len(table.values), len(names)), np.float32)
    for at, name in enumerate(names):
        if name in places:
            found[:, at] = table.values[:, places[name]]
    return np.nan_to_num(found, nan=0.0)
