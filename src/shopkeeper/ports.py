"""Every joint of the system, on one page.

A plug-in is one public class in one file under a plural folder; the file's name is its name in the settings. It has a
nested pydantic model `Settings`, is made as `Class(settings)`, and declares what it can do by having the methods:

    Fits        learns from a snapshot                      Saves       writes itself to a folder and reads itself back
    Observes    takes an event in at once                   Updates     takes a changed catalogue in at once
    Follows     takes in at once what followed a search     Meets       takes an event in with what came before it
    Forgets     removes what it holds of a shopper          Yields      offers more where nothing else was found
    FitsLast    learns from the whole log alone             Shows       takes in what pages showed

The contract suite in `shopkeeper.testing` finds every plug-in by itself and checks each capability that it declares.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from pydantic import BaseModel

from shopkeeper.observed import Choice, Observed
from shopkeeper.portrait import Portrait
from shopkeeper.tastes import Tastes
from shopkeeper.types import (
    Batch,
    BoolArray,
    Candidates,
    Catalog,
    CodeArray,
    DayArray,
    FeatureTable,
    FloatArray,
    IntArray,
    Intent,
    Offer,
    Ranked,
    Request,
    RowArray,
    Scene,
    Snapshot,
)

if TYPE_CHECKING:
    import ibis

# ---------------------------------------------------------------- capabilities


@runtime_checkable
class Fits(Protocol):
    def fit(self, snapshot: Snapshot) -> None:
        """Learns from what was known at the snapshot's moment; replaces what was learnt before."""


@runtime_checkable
class FitsLast(Protocol):
    def fit_last(self, snapshot: Snapshot) -> None:
        """Learns from everything that is known, once: no window before it asks for what is learnt so."""


@runtime_checkable
class Saves(Protocol):
    def save(self, folder: Path) -> None:
        """Writes what was learnt into an existing, empty folder, without pickle."""

    def load(self, folder: Path, catalog: Catalog) -> None:
        """Reads it back; arrays are memory-mapped. `catalog` may have grown since: rows beyond are cold."""


@runtime_checkable
class Observes(Protocol):
    def observe(self, event: Observed) -> None:
        """Takes one event in; the next answer knows it. Thread-safe, under a millisecond."""


@dataclass(frozen=True, slots=True)
class Past:
    """What came before, as columns, in order of arrival: rows, users int32 (n,), actions int8, days float64,
    quantities float32, and the name of each one's session.
    """

    rows: RowArray
    users: RowArray
    actions: CodeArray
    days: DayArray
    quantities: FloatArray
    sessions: Sequence[str]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Observed]:
        columns = (self.actions.tolist(), self.days.tolist(), self.users.tolist(), self.rows.tolist())
        return map(Observed, *columns, self.sessions, self.quantities.tolist())

    def where(self, keep: BoolArray) -> "Past":
        """Only the events where `keep` bool (n,) holds."""
        sessions = [self.sessions[place] for place in np.flatnonzero(keep).tolist()]
        columns = (self.rows[keep], self.users[keep], self.actions[keep], self.days[keep], self.quantities[keep])
        return Past(*columns, sessions)


@runtime_checkable
class Replays(Protocol):
    def replay(self, past: Past) -> None:
        """Takes many events in at once: afterwards all is as if each had been observed."""


@runtime_checkable
class Meets(Protocol):
    def meet(self, event: Observed, before: Callable[[], Portrait]) -> None:
        """Takes one event in with what was known of its shopper just before, which is worked out when asked for.

        The next answer knows it. Thread-safe, under a millisecond.
        """


@runtime_checkable
class Follows(Protocol):
    def follow(self, choice: Choice) -> None:
        """Takes in what was chosen after a search; the next search knows it. Thread-safe, under a millisecond."""


@runtime_checkable
class Updates(Protocol):
    def update(self, catalog: Catalog, rows: RowArray, vectors: FloatArray | None) -> None:
        """Takes changed, new or deleted products in: rows int32 (m,), vectors float32 (m, d) or None."""


@runtime_checkable
class Shows(Protocol):
    def show(self, rows: RowArray, times: IntArray) -> None:
        """Takes in that pages showed these rows, each so many times: one page's, or all of the log's when it begins."""


@runtime_checkable
class Says(Protocol):
    def says(self, word: str) -> bool:
        """Whether any product is found by this word."""


@runtime_checkable
class Forgets(Protocol):
    def forget(self, user: int) -> None:
        """Removes what is held of the shopper with this row."""


# ---------------------------------------------------------------- intake and quality


class Reader(Protocol):
    """Files of one format to raw rows. Never raises for a single row: validation rejects it later, with its line."""

    Settings: ClassVar[type[BaseModel]]

    def read(self, paths: Sequence[Path]) -> "Iterator[RawRows]":
        """Chunks of raw rows in file order; raises IntakeError where a file cannot be read at all."""


class RawRows(Protocol):
    """A chunk as it stood in the file: `columns` by canonical field name, with where each row came from."""

    kind: Literal["products", "events", "users"]
    source: str
    lines: Sequence[int]
    columns: "dict[str, Sequence[Any]]"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a quality check found: `count` of `total` things, the first examples, and the repair that would mend it.

    `parts` counts by kind; a thing may be of several kinds, and kinds that are only worth knowing are not in `count`.
    """

    check: str
    title: str
    severity: Literal["ok", "note", "warning", "blocking"]
    count: int
    total: int
    unit: Literal["products", "events", "sessions", "users"]
    advice: str = ""
    repair: str | None = None
    examples: tuple[Mapping[str, str], ...] = ()
    parts: Mapping[str, int] = field(default_factory=dict)


class Check(Protocol):
    """One question to the data, over the two tables every offline expression reads."""

    Settings: ClassVar[type[BaseModel]]

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding: ...


# ---------------------------------------------------------------- encode


class Encoder(Protocol):
    """Texts to unit vectors. `fingerprint` changes when the vectors would."""

    dimensions: int
    fingerprint: str

    def encode(self, texts: Sequence[str], kind: Literal["query", "passage"]) -> FloatArray:
        """float32 (len(texts), dimensions), unit length."""


class PairScorer(Protocol):
    """Reads a query and a product together, as a cross-encoder does: slow, so for the first few of an order alone."""

    def scores(self, query: str, texts: Sequence[str], until: float) -> FloatArray | None:
        """float32 (m,) from 0 to 1; None where `until`, a moment of time.perf_counter, came before the last of them."""


# ---------------------------------------------------------------- recall, rank, arrange


class Source(Protocol):
    """Offers products for a request: one way of recalling. May also fit, save, observe, update, forget.

    One that only computes, and waits for no disk or network, may say so with `in_memory: ClassVar[bool] = True`: it is
    then asked in the request's own thread while it keeps its budget. One that takes long to fit may say so with
    `lasting: ClassVar[bool] = True`: incremental learning keeps it as it is.
    """

    Settings: ClassVar[type[BaseModel]]
    scenes: ClassVar[frozenset[Scene]]

    def recall(self, batch: Batch, limit: int) -> list[Offer]:
        """An offer for each request, of at most `limit` rows, inside the request's `allowed` mask."""


@runtime_checkable
class Scores(Protocol):
    def scores(self, request: Request, intent: Intent, rows: RowArray) -> FloatArray:
        """float32 (m,): the score of each of these rows, whether it would be offered or not; NaN where it has none."""


@runtime_checkable
class Orders(Protocol):
    def order(self, request: Request, intent: Intent, rows: RowArray) -> Offer:
        """These rows, best first, as the source sees them; none where it has nothing to say of the request.

        Asked in place of `recall` where a search shows no others: quicker, since the catalogue is not walked.
        """


@runtime_checkable
class Yields(Protocol):
    def lenient(self, bar: float | None = None) -> Source:
        """The same source with a lower bar, its own or the one given, for where nothing else was found."""


@runtime_checkable
class Beats(Protocol):
    def plain(self) -> Source:
        """The plain method on the same data: what this one has to beat before it serves."""


class Feature(Protocol):
    """A few columns of the ranker's table; the same lines compute them in replay and in serving."""

    Settings: ClassVar[type[BaseModel]]
    names: tuple[str, ...]

    def fit(self, snapshot: Snapshot) -> None: ...

    def values(self, batch: Batch, candidates: Candidates) -> FloatArray:
        """float32 (n, len(names)) for the n candidates; NaN where it does not apply."""


@runtime_checkable
class Leans(Protocol):
    """A feature that pages lean by, so far as `strength` says, without a ranker that learnt it."""

    strength: float

    def lifts(self, rows: RowArray, day: float, context: Mapping[str, str]) -> FloatArray:
        """float32 (n,): how much each row gains at that moment, of which the caller says this; around 0."""


@runtime_checkable
class Groups(Protocol):
    """A source that puts shoppers into groups of alike tastes, which the interview asks about."""

    tastes: Tastes


class Ranker(Protocol):
    """Candidates to scores that explain themselves."""

    Settings: ClassVar[type[BaseModel]]

    @property
    def files(self) -> tuple[str, ...]:
        """The feature files whose columns it reads once it is taught; a page computes no others."""

    def learn(self, table: FeatureTable, labels: FloatArray, offsets: IntArray) -> None:
        """labels float32 (n,), 0 none, higher better, NaN nobody said; offsets int64 (b + 1,) delimit the requests."""

    def score(self, candidates: Candidates, table: FeatureTable) -> FloatArray:
        """float32 (n,), higher is better."""

    def parts(self, candidates: Candidates, table: FeatureTable) -> tuple[tuple[str, ...], FloatArray]:
        """Names (p,) and float32 (n, p); each row of parts sums to the candidate's score."""


class Tells(Protocol):
    """Where in the shop a search belongs, by its vector."""

    def likely(self, vector: FloatArray) -> Sequence[tuple[str, float]]:
        """The likeliest categories, as filters name them, with their shares of 1; few, none where all are unlikely."""


class Rule(Protocol):
    """One rule of the page: drops, moves or boosts. Says what it did in one line, or an empty string.

    May also fit, save, observe, update, forget. Rules run by `place`, lowest first: 10 drops, 20 sorts, 30 collapses,
    70 moves.
    """

    Settings: ClassVar[type[BaseModel]]
    place: ClassVar[int]

    def apply(
        self, ranked: Ranked, request: Request, portrait: Portrait, catalog: Catalog, vectors: FloatArray | None
    ) -> tuple[Ranked, str]: ...
