"""Products by weighted pieces of words, which the language model gave them while the shop learnt."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from tokenizers import Tokenizer

from shopkeeper.expansions import Expansions
from shopkeeper.recall.groups import NO_GROUP, Groups
from shopkeeper.recall.offers import NOTHING, best
from shopkeeper.recall.postings import ByteArray, Postings
from shopkeeper.settings import SCENE_WEIGHTS, SourceSettings, Weight
from shopkeeper.store.mapped import mapped
from shopkeeper.types import Batch, Catalog, FloatArray, IntArray, Intent, Offer, Request, RowArray, Scene, Snapshot

MOST_PIECES = 64
"""Of a text that came since the last learning so many pieces are read."""
_REMEMBERED = 8
_TOKENIZER, _STEP = "tokenizer.json", "step.npy"


class Sparse:
    """Offers what the query's pieces of words say most of: each product has a weight for each piece, its own or others.

    The weights were made by the language model at the last learning (encode/expanding.py); a query is only cut into
    pieces, each of which counts by its rarity in the catalogue, so that no model runs while a page is made. A product
    that came since, or whose text changed, has its own words alone until the next learning, each with the weight that
    the same piece has in other texts. A code is left to the words.
    Source: Formal, Piwowarski, Clinchant, "SPLADE", SIGIR 2021; Geng, Wang, Ru, Yang, "Towards Competitive Search
    Relevance for Inference-Free Learned Sparse Retrievers", arXiv 2411.04403.
    """

    class Settings(SourceSettings):
        # chosen on Icecat's even queries: see docs/LOG.md, 2026-11-22
        scene_weights: dict[Scene, Weight] = Field(default={"search": 0.2}, description=SCENE_WEIGHTS)
        enabled: bool = Field(False, description="Whether this plug-in takes part; learning then takes longer.")
        minutes: float = Field(5.0, gt=0, description="How long `learn` teaches what a product is found by, at most.")
        steps: int = Field(300, ge=1, description="And in so many steps at most.")
        kept: int = Field(64, ge=8, description="So many pieces of a product are kept, those of the highest weight.")
        sparsity: float = Field(
            1e-4, ge=0, description="What the pieces of products cost while they are learnt: more of it, fewer pieces."
        )
        same_text: int = Field(3, ge=1, description="How many products of one text are offered.")
        most_texts: int = Field(1000, ge=10, description="So many texts of the highest score are looked at.")

    scenes: frozenset[Scene] = frozenset({"search"})
    in_memory: ClassVar[bool] = True
    lasting: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._state: _State | None = None
        self._lock = threading.Lock()

    def fit(self, snapshot: Snapshot) -> None:
        given = snapshot.expansions
        self._state = None if given is None else _State.of(snapshot, given)

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        state = self._state
        if state is None:
            return [NOTHING] * len(batch)
        pairs = zip(batch.requests, batch.intents, strict=True)
        return [self._offer(state, request, intent, limit) for request, intent in pairs]

    def scores(self, request: Request, intent: Intent, rows: RowArray) -> FloatArray:
        state, found = self._state, np.full(len(rows), np.nan, np.float32)
        if state is None or request.scene != "search":
            return found
        known = np.flatnonzero(rows < len(state.groups.group_of))
        groups = state.groups.group_of[rows[known]]
        scores = state.scores(_asked(intent))[groups]
        said = (groups != NO_GROUP) & (scores > 0)
        found[known[said]] = scores[said]
        return found

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        with self._lock:
            if self._state is not None:
                self._state = self._state.updated(catalog, rows)

    def save(self, folder: Path) -> None:
        if self._state is not None:
            self._state.save(folder)

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._state = _State.load(folder, catalog) if (folder / _TOKENIZER).is_file() else None

    def _offer(self, state: "_State", request: Request, intent: Intent, limit: int) -> Offer:
        scores = state.scores(_asked(intent))
        if request.allowed is not None:
            scores = np.where(state.groups.open(request.allowed), scores, np.float32(0.0))
        groups = np.flatnonzero(scores > 0).astype(np.int32)
        if len(groups) > (most := max(self.settings.most_texts, limit)):
            said = scores[groups]
            groups = groups[said >= np.partition(said, len(said) - most)[len(said) - most]]
        rows, position, place = state.groups.rows_of(groups, request.allowed)
        few = place < self.settings.same_text
        return best(rows[few], scores[groups][position[few]], limit)


@dataclass(frozen=True)
class _State:
    """What is searched at one moment; replaced as a whole. Groups are the texts, those of `main` first, then `since`.

    rarity float32 (v,), usual uint8 (v,): see `Expansions`.
    """

    groups: Groups
    main: Postings
    since: Postings
    n_main: int
    step: float
    rarity: FloatArray
    usual: ByteArray
    tokenizer: Tokenizer
    remembered: dict[str, FloatArray]

    @classmethod
    def of(cls, snapshot: Snapshot, given: Expansions) -> "_State":
        """The texts of a snapshot, those of the most bought products first within a text."""
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        n = len(given.offsets) - 1
        group_of, first = _alike(given)
        group_of[snapshot.catalog.deleted[:n]] = NO_GROUP
        bought = offline.by_row(offline.counts(snapshot.interactions), "n", n).astype(np.float32)
        counts = np.diff(given.offsets)[first]
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        own = np.concatenate([np.arange(0, 0), *(np.arange(*given.offsets[row : row + 2]) for row in first.tolist())])
        main = Postings.of(offsets, given.pieces[own], given.weights[own], len(given.rarity))
        groups = Groups(group_of, len(first), bought)
        tokenizer = Tokenizer.from_str(given.tokenizer)
        return cls(groups, main, _none(main), len(first), given.step, given.rarity, given.usual, tokenizer, {})

    def scores(self, query: str) -> FloatArray:
        """float32 (texts,), 0 where nothing is shared; those of the latest queries are remembered."""
        found = self.remembered.get(query)
        if found is None:
            found = np.zeros(self.groups.n_groups, np.float32)
            for piece in self.pieces(query).tolist():
                for postings in (self.main, self.since):
                    postings.add_to(found, piece, self.step * float(self.rarity[piece]))
            found.flags.writeable = False
            if len(self.remembered) >= _REMEMBERED:
                self.remembered.clear()  # cheaper and safer among threads than keeping order
            self.remembered[query] = found
        return found

    def pieces(self, text: str) -> IntArray:
        """The different pieces of a text that count, int64 (k,), rising."""
        ids = np.unique(np.array(self.tokenizer.encode(text, add_special_tokens=False).ids, np.int64))
        return ids[self.rarity[ids] > 0]

    def updated(self, catalog: Catalog, rows: RowArray) -> "_State":
        """The same with these rows as the catalogue has them now: each a text of its own words."""
        since, n, moved = self.since, self.groups.n_groups, np.full(len(rows), NO_GROUP, np.int32)
        for at in np.flatnonzero(~catalog.deleted[rows]).tolist():
            own = self.pieces(_text(catalog, int(rows[at])))
            own = own[np.argsort(-self.rarity[own], kind="stable")[:MOST_PIECES]]
            since = since.appended(own.astype(np.int32), self.usual[own], n)
            moved[at], n = n, n + 1
        return replace(self, groups=self.groups.moved(rows, moved, n), since=since, remembered={})

    def save(self, folder: Path) -> None:
        """Writes all of it into an existing folder, as it was learnt."""
        arrays: dict[str, NDArray[Any]] = {
            "starts": self.main.starts,
            "texts": self.main.texts,
            "weights": self.main.weights,
        }
        arrays |= {"group_of": self.groups.group_of, "priority": self.groups.priority}
        arrays |= {"rarity": self.rarity, "usual": self.usual}
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        np.save(folder / _STEP, np.array([self.step, self.n_main]))
        self.tokenizer.save(str(folder / _TOKENIZER), pretty=False)

    @classmethod
    def load(cls, folder: Path, catalog: Catalog) -> "_State":
        """Reads it back, the postings mapped."""
        main = Postings(*(mapped(folder / f"{name}.npy") for name in ("starts", "texts", "weights")))
        step, n_texts = np.load(folder / _STEP).tolist()
        group_of = np.load(folder / "group_of.npy")
        group_of[group_of >= n_texts] = NO_GROUP
        group_of[catalog.deleted[: len(group_of)]] = NO_GROUP
        groups = Groups(group_of, int(n_texts), np.load(folder / "priority.npy"))
        rarity, usual = (np.load(folder / f"{name}.npy") for name in ("rarity", "usual"))
        tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
        return cls(groups, main, _none(main), int(n_texts), step, rarity, usual, tokenizer, {})


def _asked(intent: Intent) -> str:
    """The words to be cut into pieces; none where the query is a code."""
    return "" if intent.is_code else intent.correction or intent.query


def _alike(given: Expansions) -> tuple[RowArray, IntArray]:
    """int32 (n,): the number of each product's text, -1 where it has none; int64 (m,): a product of each text."""
    numbers: dict[bytes, int] = {}
    first: list[int] = []
    group_of = np.full(len(given.offsets) - 1, NO_GROUP, np.int32)
    for row, (start, end) in enumerate(zip(given.offsets[:-1].tolist(), given.offsets[1:].tolist(), strict=True)):
        if start < end:
            key = given.pieces[start:end].tobytes() + given.weights[start:end].tobytes()
            group_of[row] = numbers.setdefault(key, len(numbers))
            first += [row] if len(numbers) > len(first) else []
    return group_of, np.array(first, np.int64)


def _none(main: Postings) -> Postings:
    return Postings(np.zeros(len(main.starts), np.int64), np.empty(0, np.int32), np.empty(0, np.uint8))


def _text(catalog: Catalog, row: int) -> str:
    """What the language model would read of a product, as far as a catalogue's columns say it."""
    said: Sequence[str] = (
        catalog.brands[row],
        catalog.titles[row],
        *catalog.category_paths[catalog.categories[row]][-1:],
        catalog.descriptions[row] if catalog.descriptions else "",
    )
    return " ".join(part for part in said if part)
