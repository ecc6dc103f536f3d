"""What shoppers chose after each query, counted: what a version learnt of it, and what came since."""

import math
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson

from shopkeeper.observed import Choice
from shopkeeper.recall.words import SMALL
from shopkeeper.text import singular_of, tokens
from shopkeeper.types import ACTIONS, Action, DayArray, IntArray, RowArray

COUNTS: Mapping[Action, float] = {"purchase": 1.0, "add_to_cart": 0.5, "click": 0.2}
"""What one choice counts; the others are none."""
_COUNT = [COUNTS.get(action, 0.0) for action in ACTIONS]
MOST_QUERIES = 50_000
"""So many queries are learnt, those after which most was chosen,"""
MOST_PRODUCTS = 100
"""and of each so many products."""
LIVE_QUERIES, LIVE_EACH = 20_000, 400
_POSTINGS, _CLOSELY = 300, 64

Words = tuple[str, ...]
Who = int | str


def words_of(query: str) -> Words:
    """A query's words as the index has them, whatever their order, case and number; without small ones."""
    said = tokens(query)
    kept = [word for word in said if word not in SMALL] or said
    return tuple(sorted({singular_of(word) or word for word in kept}))


class Told(NamedTuple):
    """One choice of one shopper, or of one visit of nobody known, and what it counted on its day."""

    row: int
    who: Who
    worth: float
    day: float


def told_of(choice: Choice) -> Told | None:
    """What a choice says; None where it is no choice, or nobody's."""
    count = _COUNT[choice.action] * choice.weight
    who: Who = choice.user if choice.user >= 0 else choice.session
    return Told(choice.row, who, count, choice.day) if count and who != "" and choice.row >= 0 else None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen after one query by row: what it counts, and how many shoppers chose it."""

    counts: Mapping[int, float]
    shoppers: Mapping[int, int]


@dataclass(frozen=True)
class Learnt:
    """The queries that a version knows, most chosen after first; query i owns offsets[i]:offsets[i + 1] of rows int32,
    counts float64 as of `day`, and shoppers int32: how many chose it."""

    queries: Sequence[Words]
    offsets: IntArray
    rows: RowArray
    counts: DayArray
    shoppers: RowArray
    day: float

    @classmethod
    def of(cls, choices: Iterable[Choice], day: float, half_life_days: float, shoppers: int) -> "Learnt":
        """What these choices teach: of queries after which so many shoppers who are known chose something.

        Each shopper counts once for a product, by the strongest choice.
        """
        strongest: dict[Words, dict[tuple[int, Who], float]] = defaultdict(dict)
        words: dict[str, Words] = {}
        for choice in choices:
            told = told_of(choice)
            if told is None:
                continue
            if (key := words.get(choice.query)) is None:
                key = words[choice.query] = words_of(choice.query)
            own, pair = strongest[key], (told.row, told.who)
            own[pair] = max(own.get(pair, 0.0), told.worth * 0.5 ** ((day - told.day) / half_life_days))
        several = {
            key: own
            for key, own in strongest.items()
            if key and len({who for _, who in own if isinstance(who, int)}) >= shoppers
        }
        totals = {key: sum(own.values()) for key, own in several.items()}
        kept = sorted(totals, key=lambda key: (-totals[key], key))[:MOST_QUERIES]
        return cls._of([(key, several[key]) for key in kept], day)

    @classmethod
    def _of(cls, found: Sequence[tuple[Words, Mapping[tuple[int, Who], float]]], day: float) -> "Learnt":
        lines: list[tuple[int, float, int]] = []
        offsets = [0]
        for _, own in found:
            counts, n = defaultdict[int, float](float), Counter[int]()
            for (row, _), count in own.items():
                counts[row] += count
                n[row] += 1
            best = sorted(counts, key=lambda row: (-counts[row], row))[:MOST_PRODUCTS]
            lines += [(row, counts[row], n[row]) for row in best]
            offsets.append(len(lines))
        rows, faded, shoppers = zip(*lines, strict=True) if lines else ((), (), ())
        return cls(
            [key for key, _ in found],
            np.array(offsets, np.int64),
            np.array(rows, np.int32),
            np.array(faded, np.float64),
            np.array(shoppers, np.int32),
            day,
        )

    @cached_property
    def place(self) -> Mapping[Words, int]:
        """The number of each query."""
        return {key: at for at, key in enumerate(self.queries)}

    @cached_property
    def postings(self) -> Mapping[str, Sequence[int]]:
        """The queries that hold a word, most chosen after first."""
        found: dict[str, list[int]] = defaultdict(list)
        for at, key in enumerate(self.queries):
            for word in key:
                found[word].append(at)
        return found

    @cached_property
    def rarity(self) -> Mapping[str, float]:
        """What each word tells of a query: more, the fewer hold it."""
        n = len(self.queries)
        return {word: math.log1p(n / len(held)) for word, held in self.postings.items()}

    def similar(self, asked: Words, least: float) -> list[tuple[Words, float]]:
        """Other queries with how like they are, by the rarity of the words they share: at least so much. Of a word the
        queries after which most was chosen are looked at, and the likeliest of all those closely."""
        shared = defaultdict[int, float](float)
        for word in asked:
            for at in self.postings.get(word, ())[:_POSTINGS]:
                shared[at] += self.rarity[word]
        unknown = math.log1p(len(self.queries))
        own, found = set(asked), []
        for at in sorted(nlargest(_CLOSELY, shared, key=lambda at: (shared[at], -at))):
            other = set(self.queries[at])
            union = sum(self.rarity.get(word, unknown) for word in sorted(own | other))
            likeness = sum(self.rarity[word] for word in sorted(own & other)) / union
            if own != other and likeness >= least:
                found.append((self.queries[at], likeness))
        return found

    def save(self, folder: Path) -> None:
        """Writes itself into an existing folder."""
        (folder / "queries.json").write_bytes(orjson.dumps(self.queries))
        np.savez(
            folder / "chosen.npz",
            day=np.array(self.day),
            offsets=self.offsets,
            rows=self.rows,
            counts=self.counts,
            shoppers=self.shoppers,
        )

    @classmethod
    def load(cls, folder: Path) -> "Learnt":
        """Reads back what `save` wrote."""
        queries = [tuple(words) for words in orjson.loads((folder / "queries.json").read_bytes())]
        with np.load(folder / "chosen.npz", allow_pickle=False) as saved:
            offsets, rows, counts, shoppers = (saved[name] for name in ("offsets", "rows", "counts", "shoppers"))
            return cls(queries, offsets, rows, counts, shoppers, float(saved["day"]))


NOTHING_LEARNT = Learnt.of((), 0.0, 1.0, 1)


class Live:
    """What was chosen since, and by whom, so that it can be forgotten. Thread-safe; bounded, the oldest go first."""

    def __init__(self) -> None:
        self._of: OrderedDict[Words, tuple[Told, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def see(self, query: Words, told: Told) -> None:
        """One choice more; a shopper counts once for a product, by the strongest."""
        with self._lock:
            before = self._of.pop(query, ())
            same = [one for one in before if one[:2] == told[:2]]
            strongest = max([*same, told], key=lambda one: (one.worth, one.day))
            others = tuple(one for one in before if one[:2] != told[:2])
            self._of[query] = (*others, strongest)[-LIVE_EACH:]
            if len(self._of) > LIVE_QUERIES:
                self._of.popitem(last=False)

    def of(self, query: Words) -> tuple[Told, ...]:
        """What was chosen after the query."""
        return self._of.get(query, ())

    def forget(self, user: int) -> None:
        """Takes out what this shopper chose."""
        with self._lock:
            for query, told in list(self._of.items()):
                kept = tuple(one for one in told if one.who != user)
                if not kept:
                    del self._of[query]
                elif len(kept) < len(told):
                    self._of[query] = kept


def chosen_after(query: Words, learnt: Learnt, live: Live, day: float, half_life_days: float) -> Chosen:
    """What was chosen after the query, learnt and since, as it counts at `day`."""
    counts, shoppers = defaultdict[int, float](float), Counter[int]()
    if (at := learnt.place.get(query)) is not None:
        own = slice(int(learnt.offsets[at]), int(learnt.offsets[at + 1]))
        faded = learnt.counts[own] * 0.5 ** (max(day - learnt.day, 0.0) / half_life_days)
        rows = learnt.rows[own].tolist()
        counts.update(zip(rows, faded.tolist(), strict=True))
        shoppers.update(dict(zip(rows, learnt.shoppers[own].tolist(), strict=True)))
    for told in live.of(query):
        counts[told.row] += told.worth * 0.5 ** (max(day - told.day, 0.0) / half_life_days)
        shoppers[told.row] += 1
    return Chosen(counts, shoppers)
