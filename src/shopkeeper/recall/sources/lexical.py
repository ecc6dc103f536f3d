"""Products by the words of their title, brand, category and description."""

import copy
import logging
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from shopkeeper.numbered import NO_TEXT, Hashes, Numbered, hashes_of
from shopkeeper.recall.facets import FacetTable
from shopkeeper.recall.filter import filters_with, mask
from shopkeeper.recall.groups import NO_GROUP, Groups
from shopkeeper.recall.offers import NOTHING, best, inside, without
from shopkeeper.recall.words import Beside, FieldText, Matches, WordIndex
from shopkeeper.settings import SourceSettings
from shopkeeper.sorting import sort_keys
from shopkeeper.text import RECIPE, UNITS, tokens
from shopkeeper.types import (
    NO_ROWS,
    Batch,
    BoolArray,
    Catalog,
    Filters,
    FloatArray,
    Intent,
    Offer,
    Request,
    RowArray,
    Scene,
    Snapshot,
)

_REMEMBERED = 256
BOOST = 0.5
"""How much higher a product scores that has what the words mean beyond doubt; less with more doubt."""
WORTH = 0.5
"""A wide search is also offered what holds only some of the words, where it scores so much of the best."""
WIDE_BOOST = 0.1
"""The same in a wide search, where it would outweigh a word that is missing: see docs/LOG.md, 2026-11-22."""
ALIKE = 0.3
"""Beside a product is offered what shares words with its title, where it scores so much of the best."""
_PART = 20_000
_BETWEEN = "\x1f"
_ARRAYS = ("group_of", "priority", "checksums")
_RECIPE_FILE = "recipe.npy"
log = logging.getLogger(__name__)


class Lexical:
    """Offers what matches the query's words (BM25), with the number of all matches and facets over them.

    Products of one text are one entry of the index. They come in order of how often they were bought before, each
    counting a little less than the one before, so that twenty packs of the same milk do not fill the page. A score is
    BM25 x same_text_decay^place x (1 + popularity_weight x log(1 + bought) / log(1 + most bought)).

    A query that is a product's id finds that product alone. Where a sort is asked for, the first by it of all matches
    are offered, in its order. An empty query lists what the mask leaves, the most bought first, scored
    log(1 + bought) / log(1 + most bought). Beside a product that shares words with others those are offered, by BM25.
    """

    class Settings(SourceSettings):
        title_weight: float = Field(6.0, gt=0, description="What a word in the title counts.")
        brand_weight: float = Field(3.0, gt=0, description="What a word in the brand counts.")
        category_weight: float = Field(1.5, gt=0, description="What a word in the category's path counts.")
        description_weight: float = Field(1.0, gt=0, description="What a word counts that the description says.")
        plural_weight: float = Field(
            5.5, gt=0, description="What the only word counts that is in a title in its other number: apple, apples."
        )
        stem_weight: float = Field(
            # as much as the title: what several fields say together finds more, on groceries and on electronics
            6.0,
            gt=0,
            description="What a word counts that matches elsewhere in its other number, or within a joined one.",
        )
        same_text_decay: float = Field(
            0.98, gt=0, le=1, description="Factor on the score of each further product of the same text."
        )
        popularity_weight: float = Field(
            1.0, ge=0, description="How much higher the most bought product of all scores than one never bought."
        )
        enough: int = Field(
            12, ge=1, description="Fewer texts that hold all words are followed by those that hold some of them."
        )
        prior: float = Field(
            # neutral on 56 judged searches and on short ones for known products, worse when larger: docs/LOG.md
            0.05,
            ge=0,
            le=1,
            description="How much higher a product scores whose category the meaning of a search tells for sure.",
        )
        similar: bool | None = Field(
            None, description="Whether a product page offers what shares words; unsaid: where no model tells meanings."
        )
        most_texts: int = Field(10_000, ge=100, description="Matches beyond are neither ranked nor counted.")

    scenes: frozenset[Scene] = frozenset({"search"})
    in_memory: ClassVar[bool] = True

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scenes = Lexical.scenes | {"similar"} if settings.similar else Lexical.scenes
        self._state: _State | None = None
        self._lock = threading.Lock()

    def fit(self, snapshot: Snapshot) -> None:
        from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

        catalog, before = snapshot.catalog, self._state
        bought = offline.by_row(offline.counts(snapshot.interactions), "n", len(catalog)).astype(np.float32)
        if before is not None and before.catalog is catalog:  # at another moment, of the same words
            self._state = replace(before, groups=Groups(before.groups.group_of, before.groups.n_groups, bought))
            return
        checksums, hashes = _read(catalog)
        different, first, which = np.unique(hashes, return_index=True, return_inverse=True)
        order = np.argsort(first)
        number = np.empty(len(order), np.int32)
        number[order] = np.arange(len(order))
        index = WordIndex(self._boosts())
        index.add(_texts(catalog, first[order].astype(np.int32)))
        group_of = number[which]
        group_of[catalog.deleted] = NO_GROUP
        groups = Groups(group_of, len(different), bought)
        self._state = _State(index, groups, FacetTable(catalog), checksums, Numbered.of(different, number), catalog)

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        state = self._state
        if state is None:
            return [NOTHING] * len(batch)
        pairs = zip(batch.requests, batch.intents, strict=True)
        return [self._offer(state, request, intent, limit) for request, intent in pairs]

    def scores(self, request: Request, intent: Intent, rows: RowArray) -> FloatArray:
        state, scores = self._state, np.full(len(rows), np.nan, np.float32)
        found = self._found(state, request, intent) if state is not None else None
        if state is None or found is None:
            return scores
        own = found.among(np.isin(found.texts, state.groups.group_of[rows]))
        known, said, _ = self._scored(state, request, own)
        said = self._lifted(state.catalog, known, said, request, intent)
        order = known.argsort()
        place = np.minimum(known[order].searchsorted(rows), max(len(known) - 1, 0))
        hit = known[order][place] == rows if len(known) else np.zeros(len(rows), bool)
        scores[hit] = said[order][place[hit]]
        return scores

    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        with self._lock:
            if self._state is not None:
                self._state = self._state.updated(catalog, rows)

    def save(self, folder: Path) -> None:
        state = self._state
        if state is None:
            return
        (folder / "index").mkdir()
        state.index.save(folder / "index")
        arrays = (state.groups.group_of, state.groups.priority, state.checksums)
        for name, array in zip(_ARRAYS, arrays, strict=True):
            np.save(folder / f"{name}.npy", array)
        np.save(folder / "n_texts.npy", np.array(state.groups.n_groups))
        np.save(folder / _RECIPE_FILE, np.array(RECIPE))

    def load(self, folder: Path, catalog: Catalog) -> None:
        self._state = None
        if not (folder / "index").is_dir():
            return
        group_of, priority, checksums = (np.load(folder / f"{name}.npy") for name in _ARRAYS)
        now, hashes = _read(catalog)
        n = len(group_of)
        same = np.zeros(len(catalog), bool)
        same[:n] = (checksums == now[:n]) & ((group_of == NO_GROUP) == catalog.deleted[:n])
        known = np.flatnonzero(same[:n] & (group_of != NO_GROUP))
        of_group, first = np.unique(group_of[known], return_index=True)  # one row of each is enough: they say the same
        numbers = Numbered.of(hashes[known[first]], of_group)
        groups = Groups(group_of, int(np.load(folder / "n_texts.npy")), priority)
        index = _index(self._boosts(), folder, catalog, known[first].astype(np.int32), of_group)
        self._state = _State(index, groups, FacetTable(catalog), checksums, numbers, catalog)
        changed = np.flatnonzero(~same).astype(np.int32)
        if len(changed):
            self.update(catalog, changed, None)

    def says(self, word: str) -> bool:
        """Whether the words of any product hold this one, in this number or the other."""
        return self._state is not None and self._state.index.says(word)

    def plain(self) -> "Lexical":
        """The same index by words alone: BM25, which everything else has to beat."""
        alone = copy.copy(self)
        alone.settings = self.settings.model_copy(update={"popularity_weight": 0.0})
        return alone

    def _boosts(self) -> Mapping[str, float]:
        own = self.settings
        return {
            "title": own.title_weight,
            "brand": own.brand_weight,
            "category": own.category_weight,
            "description": own.description_weight,
            "stems": own.stem_weight,
            "plural": own.plural_weight,
        }

    def _offer(self, state: "_State", request: Request, intent: Intent, limit: int) -> Offer:
        if request.scene == "similar":
            return self._alike(state, request, limit)
        if (named := state.named(request.query)) is not None:
            return self._only(state, request, named)
        found = self._found(state, request, intent)
        if found is not None and request.wide:
            found = found.worth(WORTH)
        rows, scores, whole = self._matches(state, request, intent, found)
        scores = self._lifted(state.catalog, rows, scores, request, intent)
        offer = best(rows, scores, limit) if request.sort == "relevance" else state.first(rows, scores, request, limit)
        holds_all = found is None or found.n_whole > 0
        partly = offer.rows[np.isin(offer.rows, rows[~whole])] if holds_all else NO_ROWS
        if not len(rows) and any(own.role in ("filter", "widened") for own in intent.stated):
            return replace(NOTHING, total=0, whole=holds_all)  # what was read into the words gives way next
        wider = {facet: self._rows(state, found, mask) for facet, mask in request.without.items()}
        counted = state.facets.count(rows, wider, request.filters)
        return Offer(offer.rows, offer.scores, len(rows), counted, holds_all, partly)

    def _alike(self, state: "_State", request: Request, limit: int) -> Offer:
        """What shares words with the titles of the seeds."""
        said = dict.fromkeys(word for row in request.seeds for word in tokens(state.catalog.titles[row]))
        named = tuple(word for word in said if word not in UNITS and not any(map(str.isdigit, word)))  # no sizes
        scores = state.hinted(named, None, self.settings.most_texts)
        rows = np.flatnonzero(scores > ALIKE * scores.max(initial=0.0)).astype(np.int32)
        return best(*without(rows, scores[rows], request.seeds), limit, request.allowed)

    def _only(self, state: "_State", request: Request, row: int) -> Offer:
        """The product whose number was asked for, where the filters leave it."""
        rows = np.array([row], np.int32)
        wider = {facet: rows[inside(rows, mask)] for facet, mask in request.without.items()}
        rows = rows[inside(rows, request.allowed)]
        counted = state.facets.count(rows, wider, request.filters)
        return Offer(rows, np.ones(len(rows), np.float32), len(rows), counted, True)

    def _lifted(
        self, catalog: Catalog, rows: RowArray, scores: FloatArray, request: Request, intent: Intent
    ) -> FloatArray:
        """The scores, higher where a product has what the words may mean: see `Stated`."""
        boost = WIDE_BOOST if request.wide else BOOST
        for own in intent.stated:
            worth = own.confidence * (boost if own.by == "names" else min(boost, self.settings.prior))
            if own.role == "boost" and worth:
                likely = mask(catalog, filters_with(Filters(in_stock=False), (own,)))
                scores = scores * np.where(likely[rows], np.float32(1.0 + worth), np.float32(1.0))
        return scores

    def _found(self, state: "_State", request: Request, intent: Intent) -> Matches | None:
        """The texts that match; None where nothing is asked for. Under a sort those that hold all words stay alone."""
        if (not intent.query and not request.query) or (intent.stated and not intent.tokens):
            return None
        most = self.settings.most_texts
        found = state.matches(intent, most, None if request.wide else self.settings.enough)
        alone = request.sort != "relevance" and found.n_whole > 0
        return found.among(np.arange(len(found.texts)) < found.n_whole) if alone else found

    def _rows(self, state: "_State", found: Matches | None, mask: BoolArray) -> RowArray:
        """All matches inside another mask, int32 (m,)."""
        return state.groups.all_rows(mask) if found is None else state.groups.rows_of(found.texts, mask)[0]

    def _matches(
        self, state: "_State", request: Request, intent: Intent, found: Matches | None
    ) -> tuple[RowArray, FloatArray, BoolArray]:
        """All matches inside the mask, int32 (m,), their scores, float32 (m,), and which hold all words, bool (m,)."""
        if found is None:
            rows = state.groups.all_rows(request.allowed)
            hinted = state.hinted(intent.hints, request.allowed, self.settings.most_texts)
            scores = state.groups.wanted(rows) + hinted[rows]
            return rows, scores, np.ones(len(rows), bool)
        return self._scored(state, request, found)

    def _scored(self, state: "_State", request: Request, found: Matches) -> tuple[RowArray, FloatArray, BoolArray]:
        """See `_matches`: those of these texts."""
        rows, position, place = state.groups.rows_of(found.texts, request.allowed)
        lift = 1.0 + self.settings.popularity_weight * state.groups.wanted(rows)
        scores = found.scores[position] * self.settings.same_text_decay**place * lift
        return rows, scores.astype(np.float32), position < found.n_whole


@dataclass(frozen=True)
class _State:
    """What is searched at one moment; replaced as a whole. `numbers` is each text's number in the index."""

    index: WordIndex
    groups: Groups
    facets: FacetTable
    checksums: NDArray[np.uint32]
    numbers: Numbered
    catalog: Catalog
    remembered: dict[tuple[object, ...], Matches] = field(default_factory=dict)

    def first(self, rows: RowArray, scores: FloatArray, request: Request, limit: int) -> Offer:
        """The first rows by the sort asked for, unknown values last; equal ones by score, then by row."""
        order = np.lexsort((rows, -scores, sort_keys(request, self.catalog, rows)))[:limit]
        return Offer(rows[order], scores[order])

    def named(self, query: str) -> int | None:
        """The row of the product whose id is the query, in this or in capitals; one without a digit is words."""
        if not any(letter.isdigit() for letter in query):
            return None
        row_of = self.catalog.row_of
        return row_of.get(query.strip(), row_of.get(query.strip().upper()))

    def matches(self, intent: Intent, most: int, enough: int | None) -> Matches:
        """The query's matches, else those of its correction; the latest queries are remembered."""
        asked = (intent.query, intent.tokens, intent.is_code, intent.correction)
        key = (*asked, intent.alternatives, intent.hints, enough)
        found = self.remembered.get(key)
        if found is None:
            words = intent.tokens or tokens(intent.query)
            guessed = intent.is_code or bool(intent.correction)
            beside = Beside(intent.alternatives, intent.hints)
            found = self.index.search(words, beside, exact=guessed, most=most, enough=enough)
            if not len(found.texts) and intent.correction:
                found = self.index.search(tokens(intent.correction), most=most, enough=enough)
            # The index is shared with later states: what it learnt since is not on this one's shelf.
            known = found.texts < self.groups.n_groups
            found = found if known.all() else found.among(known)
            if len(self.remembered) >= _REMEMBERED:
                self.remembered.clear()  # cheaper and safer among threads than keeping order
            self.remembered[key] = found
        return found

    def hinted(self, hints: tuple[str, ...], allowed: BoolArray | None, most: int) -> FloatArray:
        """float32 (n,): what each row scores for words that need not match."""
        scores = np.zeros(len(self.groups.group_of), np.float32)
        if hints:
            found = self.index.any(hints, most)
            known = found.texts < self.groups.n_groups
            rows, position, _ = self.groups.rows_of(found.texts[known], allowed)
            scores[rows] = found.scores[known][position]
        return scores

    def updated(self, catalog: Catalog, rows: RowArray) -> "_State":
        """The same shelf with these rows as the catalogue has them now."""
        keys = _keys(catalog, rows)
        hashes = hashes_of(keys)
        different, first = np.unique(hashes, return_index=True)
        new = np.sort(first[self.numbers.find(different) == NO_TEXT])
        if len(new):
            self.index.add(_texts(catalog, rows[new], self.groups.n_groups))
        numbers = self.numbers.with_more(hashes[new], self.groups.n_groups)
        moved = numbers.find(hashes)
        moved[catalog.deleted[rows]] = NO_GROUP
        groups = self.groups.moved(rows, moved, self.groups.n_groups + len(new))
        checksums = np.zeros(len(groups.group_of), np.uint32)
        checksums[: len(self.checksums)] = self.checksums
        checksums[rows] = _checksums(keys)
        return _State(self.index, groups, self.facets.updated(catalog, rows), checksums, numbers, catalog)


def _index(boosts: Mapping[str, float], folder: Path, catalog: Catalog, rows: RowArray, numbers: RowArray) -> WordIndex:
    """The saved index, or one made anew of these rows' texts where that one holds tokens of another recipe."""
    saved = folder / _RECIPE_FILE
    if saved.is_file() and int(np.load(saved)) == RECIPE:
        return WordIndex(boosts, folder / "index")
    log.warning("index=remade texts=%d: its words are of another release; learn again to start sooner", len(numbers))
    index = WordIndex(boosts)
    index.add((int(number), text) for number, (_, text) in zip(numbers, _texts(catalog, rows), strict=True))
    return index


def _keys(catalog: Catalog, rows: RowArray) -> list[str]:
    """What is searched of each row, as one string; equal strings are one entry of the index."""
    return [
        _BETWEEN.join((text.title, text.brand, text.category, text.description)) for _, text in _texts(catalog, rows)
    ]


def _read(catalog: Catalog) -> tuple[NDArray[np.uint32], Hashes]:
    """A checksum and a hash of what is searched of each row; a part at a time, since all of it is large."""
    parts = [np.arange(at, min(at + _PART, len(catalog)), dtype=np.int32) for at in range(0, len(catalog), _PART)]
    checksums, hashes = [np.empty(0, np.uint32)], [np.empty(0, np.uint64)]
    for rows in parts:
        keys = _keys(catalog, rows)
        checksums.append(_checksums(keys))
        hashes.append(hashes_of(keys))
    return np.concatenate(checksums), np.concatenate(hashes)


def _texts(catalog: Catalog, rows: RowArray, first: int = 0) -> Iterator[tuple[int, FieldText]]:
    """What is searched of each row, numbered from `first`."""
    paths = [" ".join(path) for path in catalog.category_paths]
    titles, brands, said = catalog.titles, catalog.brands, catalog.descriptions
    for at, row in enumerate(rows.tolist()):
        category = paths[catalog.categories[row]]
        yield first + at, FieldText(titles[row], brands[row], category, said[row] if said else "")


def _checksums(keys: Iterable[str]) -> NDArray[np.uint32]:
    return np.fromiter((zlib.crc32(key.encode()) for key in keys), np.uint32)
