"""Teaching a ranker from earlier windows: features know what was before the cut, labels what came after it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from shopkeeper.portrait import Portrait
from shopkeeper.ports import Feature, Ranker
from shopkeeper.rank.assemble import assemble
from shopkeeper.rank.labels import Labels
from shopkeeper.types import (
    Batch,
    Candidates,
    FeatureTable,
    FloatArray,
    IntArray,
    Intent,
    Request,
    RowArray,
    Scene,
    Snapshot,
)

CHUNK = 256
"""Requests assembled together: bounds the memory of the line-sorting inside a batch."""


@dataclass(frozen=True, slots=True)
class Window:
    """A moment to learn from: what was known at the cut, and what came after it. Nothing overlaps in time."""

    snapshot: Snapshot
    labels: Labels


@dataclass(frozen=True, slots=True)
class Trained:
    """What a ranker learnt from."""

    n_requests: int
    n_candidates: int
    n_wanted: int
    n_wanted_found: int


NEGATIVES = 100
"""Of each request's candidates that nobody wanted so many are taught, drawn at random. On Complete Journey (three
windows before week 45, target weeks 45 and 46, one seed, 31 leaves) R@10 was .2438 with 100 and .2407 with 50 (120
trees), and .2429 with all of them (200 slower trees) at five times the time."""

CandidatesOf = Callable[[Snapshot, Batch], Candidates]


def train(
    ranker: Ranker,
    features: Mapping[str, Feature],
    windows: Iterable[Window],
    candidates_of: CandidatesOf,
    scene: Scene = "home",
) -> Trained:
    """Fits the features on each window's snapshot, builds its table and teaches the ranker all windows at once.

    Afterwards the features stand as the last window left them: fit them again on the full log before serving.
    Requests none of whose wanted products was found teach nothing and are left out. With nothing left the ranker is
    not taught, and n_requests is 0.
    """
    tables: list[FloatArray] = []
    targets: list[FloatArray] = []
    sizes: list[IntArray] = []
    names: tuple[str, ...] = ()
    wanted = found = 0
    for window in windows:
        draw = np.random.default_rng(window.snapshot.seed)
        for feature in features.values():
            feature.fit(window.snapshot)
        for start in range(0, len(window.labels.users), CHUNK):
            chunk = slice(start, min(start + CHUNK, len(window.labels.users)))
            batch = batch_at(window.snapshot, window.labels.users[chunk], scene)
            candidates = candidates_of(window.snapshot, batch)
            grades, n_wanted = grades_of(candidates, window.labels, chunk)
            wanted, found = wanted + n_wanted, found + int(np.count_nonzero(grades))
            keep, kept_sizes = _teaching(candidates, grades, draw)
            table = assemble(features, batch, candidates.take(keep))
            names = table.names
            tables.append(table.values)
            targets.append(grades[keep])
            sizes.append(kept_sizes)
    lengths = np.concatenate(sizes) if sizes else np.empty(0, np.int64)
    if len(lengths):
        values, labels = np.concatenate(tables), np.concatenate(targets)
        tables.clear()
        ranker.learn(FeatureTable(names, values), labels, np.concatenate(([0], np.cumsum(lengths))))
    return Trained(len(lengths), int(lengths.sum()), wanted, found)


def batch_at(snapshot: Snapshot, users: RowArray, scene: Scene = "home") -> Batch:
    """A request for each shopper at the snapshot's moment, with the portrait the snapshot's log draws."""
    requests = tuple(
        Request(request_id=f"window-{user}", scene=scene, day=snapshot.day, user=int(user)) for user in users
    )
    portraits = tuple(_portrait(snapshot, int(user)) for user in users)
    return Batch(requests, (Intent(),) * len(requests), portraits)


def grades_of(candidates: Candidates, labels: Labels, chunk: slice) -> tuple[FloatArray, int]:
    """Each candidate's grade float32 (n,), 0 where it was not wanted, and how many were wanted by these shoppers."""
    start, end = labels.offsets[chunk.start], labels.offsets[chunk.stop]
    request = np.repeat(np.arange(chunk.stop - chunk.start), np.diff(labels.offsets[chunk.start : chunk.stop + 1]))
    width = int(max(labels.rows.max(initial=0), candidates.rows.max(initial=0))) + 1
    wanted = request * width + labels.rows[start:end]
    asked = candidates.request_of() * width + candidates.rows
    grades = np.zeros(len(asked), np.float32)
    if len(wanted):
        place = np.minimum(np.searchsorted(wanted, asked), len(wanted) - 1)
        hit = wanted[place] == asked
        grades[hit] = labels.grades[start:end][place[hit]]
    return grades, int(end - start)


def _teaching(candidates: Candidates, grades: FloatArray, draw: np.random.Generator) -> tuple[IntArray, IntArray]:
    """The places of the candidates to teach, and how many they are for each request that teaches anything.

    All wanted ones and NEGATIVES of the others; nothing of a request with no wanted candidate.
    """
    request, n = candidates.request_of(), len(candidates.offsets) - 1
    n_wanted = np.bincount(request[grades > 0], minlength=n)
    order = np.lexsort((draw.random(len(grades)), grades <= 0, request))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - candidates.offsets[request[order]]
    keep = np.flatnonzero((n_wanted[request] > 0) & (place < n_wanted[request] + NEGATIVES))
    sizes = np.bincount(request[keep], minlength=n)
    return keep, sizes[sizes > 0]


def _portrait(snapshot: Snapshot, user: int) -> Portrait:
    log = snapshot.log
    own = slice(int(log.offsets[user]), int(log.offsets[user + 1])) if 0 <= user < log.n_users else slice(0, 0)
    none = slice(0, 0)
    return Portrait(
        log.rows[own],
        log.days[own],
        log.actions[own],
        log.quantities[own],
        log.baskets[own],
        log.rows[none],
        log.actions[none],
        log.days[none],
    )
