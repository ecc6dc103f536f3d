"""Products whose text means nearly the same as the query, or as the product looked at."""

import copy
from typing import ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from shopkeeper.recall.codes import Distances, nearest
from shopkeeper.recall.groups import NO_GROUP
from shopkeeper.recall.offers import NOTHING, best, without
from shopkeeper.recall.shelf import StandsOnShelf, VectorShelf
from shopkeeper.relevance_feedback import FIRST, common, unit
from shopkeeper.settings import SCENE_WEIGHTS, SourceSettings, Weight
from shopkeeper.types import Batch, FloatArray, IntArray, Intent, Offer, Request, RowArray, Scene

ONE_OF = 100
"""At most one text of so many says what a query means: what half of a small shelf has in common says nothing of it."""
_REMEMBERED = 256
CROWDED = 0.5
"""Where the mean of all vectors is so long, squared, all texts look alike, and cosines are taken about the mean."""


class Semantic(StandsOnShelf):
    """Offers the nearest product texts by cosine: all binary codes are scanned, the nearest are scored exactly.

    Products of one vector are one entry; of each at most `same_text` are offered, the most bought first. A query that
    is near to nothing, such as one of no words of any language, is offered nothing, and so is a code. A score is
    cosine x (1 + popularity_weight x log(1 + bought) / log(1 + most bought)). Cosines of a language model that crowds
    all texts into a corner are taken about their mean. At home, where it is asked for, the text to be near to is the
    mean of those of the shopper's latest lines, and what they hold may be offered again.

    With `feedback` a search is for what its nearest texts have in common, too: see shopkeeper/relevance_feedback.py.
    Products that the words chose are ordered by the query's own vector.
    """

    class Settings(SourceSettings):
        # words that a shopper typed say more than what is near them in meaning: see docs/LOG.md, 2026-11-21
        scene_weights: dict[Scene, Weight] = Field(default={"search": 0.05}, description=SCENE_WEIGHTS)
        rescored: int = Field(1000, ge=10, description="How many of the nearest codes are scored exactly.")
        same_text: int = Field(3, ge=1, description="How many products of one text are offered.")
        min_cosine: float = Field(0.0, ge=-1, le=1, description="Texts less similar than this are not offered.")
        popularity_weight: float = Field(
            0.1, ge=0, description="How much higher the most bought product of all scores than one never bought."
        )
        # measured on 92k grocery titles: what is left of `heinz ketchup` is ketchup, of `red wine` wine and red grapes
        near_best: float = Field(
            0.85, ge=0, le=1, description="A search is not offered what is less similar than this part of the nearest."
        )
        # measured on 92k grocery titles: keys struck at random come to 0.20-0.36, words of a shopper to 0.38-0.84
        min_best: float = Field(0.36, ge=-1, le=1, description="A query whose nearest text is less similar finds none.")
        feedback: float = Field(
            0.5, ge=0, description="What the mean of a search's nearest texts counts beside its words; 0 leaves it out."
        )
        # measured on 4,300 invented Chinese titles: keys struck at random come to 0.16-0.28, words to 0.19-0.47
        min_best_centred: float = Field(
            0.26, ge=-1, le=1, description="The same of a language model whose cosines are taken about the mean."
        )
        lower: float = Field(
            0.6, ge=0, le=1, description="Of a query of real words that finds nothing else, this part of it is enough."
        )
        # untouched vectors of 92k groceries find a sixth of what vectors adapted to baskets find
        history: int = Field(
            0, ge=0, description="So many latest lines of a shopper are asked by at home; 0 asks none."
        )

    scenes: frozenset[Scene] = frozenset({"search", "similar"})
    in_memory: ClassVar[bool] = True
    exact = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._remembered: tuple[VectorShelf | None, dict[bytes, _Meant]] = (None, {})
        self._scanned: tuple[VectorShelf, bytes, Distances] | None = None
        self._bar: float | None = None
        self._part = 1.0
        if settings.history:
            self.scenes = self.scenes | {"home"}

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        shelf = self._shelf
        if shelf is None:
            return [NOTHING] * len(batch)
        asked = [
            self._taste(shelf, portrait.rows) if request.scene == "home" else _asked(shelf, request, intent)
            for request, intent, portrait in zip(batch.requests, batch.intents, batch.portraits, strict=True)
        ]
        return [self._offer(shelf, request, own, limit) for request, own in zip(batch.requests, asked, strict=True)]

    def lenient(self, bar: float | None = None) -> "Semantic":
        """The same that also offers what is less near: by `settings.lower`, or by the bar given."""
        other = copy.copy(self)
        other._bar, other._part = bar, self.settings.lower
        return other

    def _offer(self, shelf: VectorShelf, request: Request, asked: FloatArray | None, limit: int) -> Offer:
        if asked is None:
            return NOTHING
        is_open = None if request.allowed is None else shelf.groups.open(request.allowed)
        distances = self._distances(shelf, asked)
        groups = nearest(distances, self.settings.rescored, is_open).astype(np.int32)
        vectors, least = shelf.exact(groups), self.settings.min_cosine
        cosines = _cosines(shelf, vectors, asked)
        near = cosines >= least
        if request.scene == "search":
            meant = self._meant(shelf, asked)
            bar = self.settings.min_best_centred if _crowded(shelf) else self.settings.min_best
            if meant.nearest < (bar * self._part if self._bar is None else self._bar):
                return NOTHING
            near = cosines >= max(least, meant.nearest * self.settings.near_best)
            cosines = _cosines(shelf, vectors, meant.vector)
        keep = near & (cosines >= _lowest(cosines, limit + len(request.seeds)))
        rows, position, place = shelf.groups.rows_of(groups[keep], request.allowed)
        few = place < self.settings.same_text
        rows = rows[few]
        return best(*without(rows, self._lifted(shelf, rows, cosines[keep][position[few]]), request.seeds), limit)

    def order(self, request: Request, intent: Intent, rows: RowArray) -> Offer:
        shelf = self._shelf
        asked = None if shelf is None else _asked(shelf, request, intent)
        if shelf is None or asked is None:
            return NOTHING
        known, groups = _on(shelf, rows)
        rows = rows[known]
        return best(rows, self._lifted(shelf, rows, _cosines(shelf, shelf.exact(groups), asked)), len(rows))

    def scores(self, request: Request, intent: Intent, rows: RowArray) -> FloatArray:
        shelf, found = self._shelf, np.full(len(rows), np.nan, np.float32)
        asked = None if shelf is None else _asked(shelf, request, intent)
        if shelf is None or asked is None:
            return found
        known, groups = _on(shelf, rows)
        if request.scene == "search":
            asked = self._meant(shelf, asked).vector
        found[known] = self._lifted(shelf, rows[known], _cosines(shelf, shelf.exact(groups), asked))
        return found

    def _lifted(self, shelf: VectorShelf, rows: RowArray, cosines: FloatArray) -> FloatArray:
        return np.asarray(cosines * (1.0 + self.settings.popularity_weight * shelf.groups.wanted(rows)), np.float32)

    def _taste(self, shelf: VectorShelf, rows: RowArray) -> FloatArray | None:
        """The mean vector of a shopper's latest lines, unit length; None where none of them has one."""
        groups = np.array([shelf.group(int(row)) for row in rows[-self.settings.history :]], np.int32)
        mean = shelf.exact(groups[groups != NO_GROUP]).sum(axis=0)
        length = float(np.linalg.norm(mean))
        return np.asarray(mean / length, np.float32) if length > 0 else None

    def _meant(self, shelf: VectorShelf, asked: FloatArray) -> "_Meant":
        """What a query's vector means on this shelf; the latest are remembered."""
        if self._remembered[0] is not shelf:
            self._remembered = (shelf, {})
        remembered, key = self._remembered[1], asked.tobytes()
        meant = remembered.get(key)
        if meant is None:
            if len(remembered) >= _REMEMBERED:
                remembered.clear()  # cheaper and safer among threads than keeping order
            distances = self._distances(shelf, asked)
            meant = remembered[key] = _meant(shelf, asked, distances, self.settings.feedback)
        return meant

    def _distances(self, shelf: VectorShelf, asked: FloatArray) -> Distances:
        """Of every code; the latest are held, since one search may ask inside several filters."""
        held, key = self._scanned, asked.tobytes()
        if held is None or held[0] is not shelf or held[1] != key:
            held = self._scanned = (shelf, key, shelf.codes.distances(shelf.codes.code(asked[None])[:, 0]))
        return held[2]


class _Meant(NamedTuple):
    """The cosine of a query and the nearest text of all, and the query's vector after feedback, float32 (d,)."""

    nearest: float
    vector: FloatArray


def _meant(shelf: VectorShelf, asked: FloatArray, distances: Distances, feedback: float) -> _Meant:
    """Of the nearest texts of all: filters that leave nothing near do not make the rest nearer."""
    groups = nearest(distances, FIRST).astype(np.int32)
    kept = groups[np.unique(shelf.groups.rows_of(groups, None)[1])]  # deleted products leave theirs empty
    vectors = shelf.exact(kept)
    cosines = _cosines(shelf, vectors, asked)
    first = np.argsort(-cosines, kind="stable")[: min(FIRST, len(shelf.codes) // ONE_OF)]
    moved = unit((asked + feedback * common(vectors[first], cosines[first]))[None])[0]
    return _Meant(float(cosines.max(initial=-1.0)), moved)


def _on(shelf: VectorShelf, rows: RowArray) -> tuple[IntArray, RowArray]:
    """Which of the rows have a vector, int64 (k,), and the group of each of these, int32 (k,)."""
    known = np.flatnonzero(rows < len(shelf.groups.group_of))
    groups = shelf.groups.group_of[rows[known]]
    return known[groups != NO_GROUP], groups[groups != NO_GROUP]


def _lowest(cosines: FloatArray, n: int) -> float:
    """The least cosine worth a look: no row below the n best texts is offered, whatever those hold."""
    return float(np.partition(cosines, len(cosines) - n)[len(cosines) - n]) if len(cosines) > n else -1.0


def _crowded(shelf: VectorShelf) -> bool:
    return float(shelf.codes.mean @ shelf.codes.mean) >= CROWDED


def _cosines(shelf: VectorShelf, vectors: FloatArray, asked: FloatArray) -> FloatArray:
    """The cosine of each vector and what is asked, float32 (m,); about the mean where all of the shelf are crowded."""
    if not _crowded(shelf):
        return np.asarray(vectors @ asked)
    mean = shelf.codes.mean
    about, own = asked - mean, vectors @ mean
    length = float(mean @ mean)
    lengths = np.sqrt(np.maximum(1.0 - 2.0 * own + length, 1e-6)) * max(float(np.linalg.norm(about)), 1e-3)
    cosines = (vectors @ about - float(mean @ about)) / lengths
    return np.asarray(cosines, np.float32)


def _asked(shelf: VectorShelf, request: Request, intent: Intent) -> FloatArray | None:
    """The vector to be near to: the query's, else the seed product's own. None where there is neither."""
    if request.scene == "search":
        meant = intent.vector is not None and intent.vector.any() and not intent.is_code
        return intent.vector if meant else None
    group = shelf.group(int(request.seeds[0])) if len(request.seeds) else NO_GROUP
    return shelf.exact(np.array([group], np.int32))[0] if group != NO_GROUP else None
