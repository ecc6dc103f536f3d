"""What comes next after what the shopper chose, one thing after another: a small transformer."""

import logging
import threading
from collections.abc import Callable
from collections.abc import Sequence as Listed
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shopkeeper.observed import Observed
from shopkeeper.portrait import Portrait
from shopkeeper.recall.arrivals import Arrivals, Moved, Reference
from shopkeeper.recall.latest import LEAN, is_given
from shopkeeper.recall.offers import NOTHING, best, inside, without
from shopkeeper.recall.transformer import Weights, taste, unit
from shopkeeper.settings import SourceSettings
from shopkeeper.store.mapped import mapped
from shopkeeper.types import (
    Batch,
    BoolArray,
    Catalog,
    CodeArray,
    FloatArray,
    IntArray,
    Interactions,
    Offer,
    Request,
    RowArray,
    Scene,
    Snapshot,
)

log = logging.getLogger(__name__)

_TEXT, _ITEMS, _KNOWN, _WEIGHTS, _NEAR = "text.npz", "items.npy", "known.npy", "weights.npz", "near.npy"
_REFERENCE, _TASTES = "reference.npz", 512
_NEAREST, _EXPONENT = 20, 16
"""A new product is where its so many nearest texts are, each counting as this power of its cosine: docs/LOG.md."""
_CELLS, _BLOCK = 1 << 24, 1 << 16
"""So many cosines, and so many texts in single precision, are held at a time."""


class Sequence:
    """Offers by a transformer over the shopper's latest lines: cosine of what it looks for and a product's vector.

    A product's vector is its text through a learnt matrix plus an id of its own, drawn towards where those products
    stand whose texts are nearest: the less often it was chosen, the further. One that nobody has bought yet stands
    just there until its first buyers move it, at once and without learning. A score is the log of the probability that
    the product is next, among all there are. Learning takes torch and minutes, so that it is off by default; serving
    needs numpy alone. Of goods that are bought again and again the other sources know more.
    Source: Kang, McAuley, "Self-attentive sequential recommendation", ICDM 2018; the loss: see transformer_training.
    """

    class Settings(SourceSettings):
        enabled: bool = Field(False, description="Whether this plug-in takes part.")
        dimensions: int = Field(64, ge=4, description="Numbers in a product's vector; a multiple of `heads`.")
        layers: int = Field(1, ge=1, le=9, description="Layers of the transformer.")
        heads: int = Field(2, ge=1, description="Heads of its attention.")
        longest: int = Field(50, ge=2, description="How many of a shopper's latest lines are read.")
        epochs: int = Field(40, ge=1, description="How often all histories are learnt from.")
        seconds: float = Field(300.0, gt=0, description="Processor seconds after which learning ends earlier.")
        negatives: int = Field(1024, ge=1, description="Products drawn by chance that each batch is told apart from.")
        dropout: float = Field(0.3, ge=0, lt=1, description="Share of the transformer's numbers left out in learning.")
        id_dropout: float = Field(0.3, ge=0, lt=1, description="Share of products learnt by their text alone.")
        rate: float = Field(0.002, gt=0, description="How far a step goes at most.")
        text_prior: float = Field(
            5.0, ge=0, description="A product stands where its text puts it as if it had been chosen so often there."
        )
        arrival_prior: float = Field(
            4.0, gt=0, description="The same of one that nobody had bought, beside what its first buyers looked for."
        )
        arrival_odds: float = Field(
            1.0,
            gt=0,
            description="So many times its odds are those of a product that nobody had bought when it learnt.",
        )

    scenes: frozenset[Scene] = frozenset({"home", "cart"})
    in_memory: ClassVar[bool] = True
    lasting: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._learnt: _Learnt | None = None
        self._arrivals: Arrivals | None = None
        self._lock = threading.Lock()

    def fit(self, snapshot: Snapshot) -> None:
        histories = _histories(snapshot.log)
        self._learnt = None
        if not any(len(rows) > 1 for rows in histories):
            return
        from shopkeeper.recall.transformer_training import Course, learnt  # torch, which only learning needs

        times = np.bincount(np.concatenate(histories), minlength=len(snapshot.catalog))
        known, chosen = times > 0, self.settings
        text = _Text.of(snapshot.vectors, known)
        course = Course(
            **{name: getattr(chosen, name) for name in Course.__annotations__ if hasattr(chosen, name)},
            seed=snapshot.seed,
        )
        centred = None if text is None or snapshot.vectors is None else text.centred(snapshot.vectors)
        taught = learnt(histories, len(known), centred, course)
        log.info("source=sequence epochs=%.1f loss=%.3f", taught.epochs, taught.loss)
        items = taught.ids if centred is None or taught.words is None else taught.ids + centred @ taught.words
        items[~known] = 0.0
        items = np.asarray(unit(items), np.float32)
        if text is not None and snapshot.vectors is not None:
            items = text.drawn(snapshot.vectors, items, times, chosen.text_prior)
        made = _Learnt(taught.weights, items, known, text, taught.sharpness)
        self._takes(made, made.reference(histories, snapshot.seed) if text is not None else None)

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        learnt, arrivals = self._learnt, self._arrivals
        if learnt is None:
            return [NOTHING] * len(batch)
        moved = None if arrivals is None else arrivals.moved
        asked = zip(batch.requests, batch.portraits, strict=True)
        now = _Now(learnt, moved, float(np.log(self.settings.arrival_odds)))
        return [self._offer(now, request, portrait, limit) for request, portrait in asked]

    def meet(self, event: Observed, before: Callable[[], Portrait]) -> None:
        learnt, arrivals, weight = self._learnt, self._arrivals, float(LEAN[event.action])
        if learnt is None or arrivals is None or not weight or not learnt.is_new(event.row):
            return
        if arrivals.takes(event.row):
            now = _Now(learnt, arrivals.moved)
            read = now.readable(_lines(before()))[-self.settings.longest :]
            if len(read := read[read != event.row]):
                arrivals.see(event.row, event.user, (now.looked_for(read), weight), learnt.items[event.row])

    def forget(self, user: int) -> None:
        if self._arrivals is not None:
            self._arrivals.forget(user)

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        with self._lock:
            if self._learnt is not None and vectors is not None:
                self._learnt = learnt = self._learnt.plus(len(catalog), rows, vectors)
                if self._arrivals is not None:
                    for row in filter(learnt.is_new, rows.tolist()):
                        self._arrivals.start(row, learnt.items[row])

    def save(self, folder: Path) -> None:
        learnt = self._learnt
        if learnt is None:
            return
        np.save(folder / _ITEMS, learnt.items)
        np.save(folder / _KNOWN, learnt.known)
        np.savez(folder / _WEIGHTS, allow_pickle=False, sharpness=np.array(learnt.sharpness), **learnt.weights)
        if self._arrivals is not None:
            own = self._arrivals.reference
            np.savez(folder / _REFERENCE, allow_pickle=False, tastes=own.tastes, totals=own.totals)
        if learnt.text is not None:
            np.savez(folder / _TEXT, allow_pickle=False, mean=learnt.text.mean, rows=learnt.text.rows)
            np.save(folder / _NEAR, learnt.text.near)

    def load(self, folder: Path, catalog: Catalog) -> None:
        if not (folder / _ITEMS).is_file():
            self._learnt = self._arrivals = None
            return
        with np.load(folder / _WEIGHTS, allow_pickle=False) as saved:
            weights = dict(saved)
        text = None
        if (folder / _TEXT).is_file():
            with np.load(folder / _TEXT, allow_pickle=False) as saved:
                text = _Text(saved["mean"], saved["rows"], mapped(folder / _NEAR))
        sharpness = float(weights.pop("sharpness"))
        made = _Learnt(weights, mapped(folder / _ITEMS), np.load(folder / _KNOWN), text, sharpness)
        reference = None
        if (folder / _REFERENCE).is_file():  # versions before 2026-11-23 have none: new products stay by their text
            with np.load(folder / _REFERENCE, allow_pickle=False) as saved:
                reference = Reference(saved["tastes"], saved["totals"], sharpness)
        self._takes(made, reference)

    def _takes(self, learnt: "_Learnt", reference: Reference | None) -> None:
        self._learnt = learnt
        self._arrivals = None if reference is None else Arrivals(reference, self.settings.arrival_prior)

    def _offer(self, now: "_Now", request: Request, portrait: Portrait, limit: int) -> Offer:
        read = now.readable(_lines(portrait))
        if is_given(request):
            read = np.concatenate((read, now.readable(request.seeds)))
        if not len(read):
            return NOTHING
        scores = now.scores(read[-self.settings.longest :])
        rows = np.flatnonzero(np.isfinite(scores)).astype(np.int32)
        rows = rows[inside(rows, request.allowed)]
        return best(*without(rows, scores[rows], request.seeds), limit)


@dataclass(frozen=True)
class _Text:
    """What texts say of products: the mean of those learnt from, their rows int32 (k,) and vectors float16 (k, t)."""

    mean: FloatArray
    rows: RowArray
    near: NDArray[np.float16]

    @classmethod
    def of(cls, vectors: FloatArray | None, known: BoolArray) -> "_Text | None":
        """Of the products that are known."""
        if vectors is None or not vectors.any():
            return None
        rows = np.flatnonzero(known).astype(np.int32)
        own = vectors[rows]
        return cls(np.asarray(own.mean(axis=0), np.float32), rows, np.asarray(unit(own), np.float16))

    def centred(self, vectors: FloatArray) -> FloatArray:
        return np.asarray(unit(vectors - self.mean), np.float32)

    def drawn(self, vectors: FloatArray, items: FloatArray, times: IntArray, prior: float) -> FloatArray:
        """float32 (n, d): known products where they stand, as often as they were chosen, and `prior` times where their
        texts put them; the others where their texts put them then.
        """
        near = self.among_known(vectors[self.rows], items, self.rows)
        drawn = np.zeros_like(items)
        drawn[self.rows] = unit(times[self.rows, None] * items[self.rows] + prior * near)
        new = np.setdiff1d(np.arange(len(items)), self.rows)
        drawn[new] = self.among_known(vectors[new], drawn)
        return drawn

    def among_known(self, vectors: FloatArray, items: FloatArray, own: RowArray | None = None) -> FloatArray:
        """float32 (m, d): the mean item of the products whose texts are nearest to each, zero where none is near.

        `own` int32 (m,) are the products that these are the texts of: none is its own neighbour.
        """
        found, n = np.zeros((len(vectors), items.shape[1]), np.float32), min(_NEAREST, len(self.rows))
        part = max(_CELLS // max(len(self.rows), 1), 1)
        for start in range(0, len(vectors), part):
            cosines = self._cosines(np.asarray(unit(vectors[start : start + part]), np.float32))
            if own is not None:
                cosines[own[start : start + part, None] == self.rows] = 0.0
            nearest = np.argpartition(-cosines, n - 1, axis=1)[:, :n]
            worth = np.take_along_axis(cosines, nearest, 1).clip(0) ** _EXPONENT
            found[start : start + part] = unit(np.einsum("mn,mnd->md", worth, items[self.rows[nearest]]))
        return found

    def _cosines(self, vectors: FloatArray) -> FloatArray:
        """float32 (m, k): of each vector and each known text."""
        blocks = range(0, len(self.near), _BLOCK)
        return np.concatenate([vectors @ self.near[at : at + _BLOCK].astype(np.float32).T for at in blocks], axis=1)


@dataclass(frozen=True)
class _Learnt:
    """items float32 (n, d), unit vectors, zero where nothing is known; known bool (n,): chosen by somebody."""

    weights: Weights
    items: FloatArray
    known: BoolArray
    text: _Text | None
    sharpness: float

    @cached_property
    def unheard(self) -> RowArray:
        """Rows of which nothing is known, int32 (u,)."""
        return np.flatnonzero(~self.items.any(axis=1)).astype(np.int32)

    @cached_property
    def arrived(self) -> RowArray:
        """Rows that nobody had chosen, and whose text says where they stand, int32 (a,)."""
        return np.flatnonzero(self.items.any(axis=1) & ~self.known).astype(np.int32)

    def is_new(self, row: int) -> bool:
        """Whether nobody had chosen it, and its text says where it stands."""
        return 0 <= row < len(self.items) and not self.known[row] and bool(self.items[row].any())

    def reference(self, histories: Listed[RowArray], seed: int) -> Reference:
        """What some of these shoppers look for."""
        told = [at for at, rows in enumerate(histories) if len(rows)]
        some = np.random.default_rng(seed).choice(told, min(_TASTES, len(told)), replace=False)
        now, longest = _Now(self, None), self.weights["0.near"].shape[1]
        tastes = np.stack([now.looked_for(histories[at][-longest:]) for at in np.sort(some)])
        return Reference.of(tastes, self.items[self.known], self.sharpness)

    def plus(self, n_rows: int, rows: RowArray, vectors: FloatArray) -> "_Learnt":
        """The same with products that came or were described anew; those that are known by their buyers stay."""
        if self.text is None:
            return self
        n = max(n_rows, len(self.items))
        items, known = np.zeros((n, self.items.shape[1]), np.float32), np.zeros(n, bool)
        items[: len(self.items)], known[: len(self.known)] = self.items, self.known
        new = ~known[rows]
        items[rows[new]] = self.text.among_known(vectors[new], self.items)
        return replace(self, items=items, known=known)


@dataclass(frozen=True)
class _Now:
    """What was learnt, and what moved since."""

    learnt: _Learnt
    moved: Moved | None
    arrival: float = 0.0
    """What is added to the log scores of new products."""

    def readable(self, rows: RowArray) -> RowArray:
        """Those of the rows that have a vector."""
        rows = rows[rows < len(self.learnt.items)]
        return rows[self.learnt.items[rows].any(axis=1)]

    def looked_for(self, read: RowArray) -> FloatArray:
        """float32 (d,): where the next product is looked for after these, int32 (h,)."""
        items = self.learnt.items[read]
        if self.moved is not None:
            items = self.moved.placed(read, items)
        return np.asarray(taste(self.learnt.weights, items[None], np)[0, -1], np.float32)

    def scores(self, read: RowArray) -> FloatArray:
        """float32 (n,): the log of the probability that each product is next; -inf where nothing is known of it."""
        items, sharpness, looked_for = self.learnt.items, np.float32(self.learnt.sharpness), self.looked_for(read)
        fit = (items @ looked_for) * sharpness
        fit[self.learnt.unheard] = -np.inf
        fit[self.learnt.arrived] += self.arrival
        if self.moved is not None:
            fit[self.moved.rows] = (self.moved.items @ looked_for) * sharpness + self.moved.offsets + self.arrival
        most = fit.max()
        return np.asarray(fit - most - np.log(np.exp(fit - most).sum()), np.float32)


def _lines(portrait: Portrait) -> RowArray:
    """What the shopper came to, oldest first: a portrait's lines hold its session's, a stranger's are the session's."""
    if len(portrait.rows):
        return _steps(portrait.rows, portrait.actions)
    return _steps(portrait.session_rows, portrait.session_actions)


def _histories(log: Interactions) -> Listed[RowArray]:
    """What each shopper chose, oldest first."""
    return [_steps(log.rows[start:end], log.actions[start:end]) for start, end in pairwise(log.offsets.tolist())]


def _steps(rows: RowArray, actions: CodeArray) -> RowArray:
    """The products of the lines that say something; who stays at one does not come to it again."""
    told = rows[LEAN[actions] > 0]
    moved = np.append(True, told[1:] != told[:-1])[: len(told)]
    return np.asarray(told[moved], np.int32)
