"""The nouns that travel between stages.

Ids from outside become rows at the edge: a product's is its number in the catalogue, stable for the life of the shop,
a user's in the user table. Days are float64 since 1970-01-01 UTC. A single request is a batch of one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from shopkeeper.amounts import Between
from shopkeeper.attributes import NO_ATTRIBUTES, Attributes
from shopkeeper.expansions import Expansions
from shopkeeper.moments import NO_MOMENTS, Moments
from shopkeeper.numbered import ById
from shopkeeper.observed import Choice
from shopkeeper.portrait import Portrait
from shopkeeper.understood import About, Alternative, Asks, Change, Redirect, Relaxed, Sentiment, Stated

if TYPE_CHECKING:
    import ibis

RowArray = NDArray[np.int32]
IntArray = NDArray[np.int64]
CodeArray = NDArray[np.int8]
FloatArray = NDArray[np.float32]
DayArray = NDArray[np.float64]
PriceArray = NDArray[np.float64]
MOST_MONEY, MOST_QUANTITY, LONGEST_ID = 1e12, 1e9, 512
"""No price or line of an order comes to more, no line holds more, and no id has more characters."""
BoolArray = NDArray[np.bool_]

Scene = Literal["search", "home", "similar", "together", "cart", "trending"]
SCENES: tuple[Scene, ...] = get_args(Scene)
SEEDED: frozenset[Scene] = frozenset({"similar", "together", "cart"})
"""Scenes that are about products which the request names."""

Action = Literal[
    "view", "click", "add_to_cart", "remove_from_cart", "purchase", "refund", "search", "rate", "dismiss", "answer"
]
ACTIONS: tuple[Action, ...] = get_args(Action)
"""The code of an action in every int8 column is its place in this tuple."""
ACTION_CODES: Mapping[str, int] = {action: code for code, action in enumerate(ACTIONS)}
PURCHASE = ACTION_CODES["purchase"]

Sort = Literal["relevance", "price_asc", "price_desc", "newest", "best_selling", "rating"]
SORTS: tuple[Sort, ...] = get_args(Sort)
Language = Literal["en", "zh"]

NEW_USER = -1
"""The row of a shopper whom the user table does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product by schema.org names: price in major units of `currency`, None if unknown; created_at ISO 8601, UTC."""

    product_id: str
    title: str
    group_id: str | None = None
    description: str = ""
    brand: str = ""
    category: tuple[str, ...] = ()
    price: float | None = None
    currency: str = ""
    availability: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    seller: str = ""
    locale: str = ""
    created_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a shopper did. `timestamp` is UTC seconds since 1970; `value` is the line's total in major units."""

    event_id: str
    timestamp: float
    action: Action
    user_id: str = ""
    session_id: str = ""
    product_id: str = ""
    query: str = ""
    request_id: str = ""
    position: int | None = None
    quantity: float = 1.0
    value: float | None = None
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interactions:
    """The log as columns, ordered by user, then day, then arrival; events without a product or a user are left out.

    users, rows, baskets int32 (n,); days float64 (n,); actions int8 (n,); quantities float32 (n,); offsets int64
    (n_users + 1,): user u owns the slice offsets[u]:offsets[u + 1]. Equal `baskets` mean one session.
    """

    users: RowArray
    rows: RowArray
    days: DayArray
    actions: CodeArray
    quantities: FloatArray
    baskets: RowArray
    offsets: IntArray

    @property
    def n_users(self) -> int:
        return len(self.offsets) - 1

    def where(self, keep: BoolArray) -> "Interactions":
        """The same users with only the rows where `keep` (n,) holds."""
        kept = np.concatenate(([0], np.cumsum(keep)))
        what = (self.users[keep], self.rows[keep], self.days[keep], self.actions[keep], self.quantities[keep])
        return Interactions(*what, self.baskets[keep], kept[self.offsets].astype(np.int64))

    def before(self, day: float) -> "Interactions":
        """What was known at `day`: rows strictly earlier."""
        return self.where(self.days < day)


@dataclass(frozen=True)
class Catalog:
    """The catalogue as columns; position = row. Replaced, never changed, when a product changes.

    product_ids, titles, brands: str (n,); categories int32 (n,) into `category_paths`; departments int32 (n,)
    into `department_names`; groups int32 (n,): equal = variants of one product; prices float64 (n,) in `currency`,
    NaN unknown or in another one;
    available bool (n,), False also for deleted rows; created float64 days (n,), NaN unknown; deleted bool (n,);
    descriptions: str (n,), how each begins, or none at all.
    """

    product_ids: Sequence[str]
    titles: Sequence[str]
    brands: Sequence[str]
    categories: RowArray
    category_paths: Sequence[tuple[str, ...]]
    departments: RowArray
    department_names: Sequence[str]
    groups: RowArray
    prices: PriceArray
    available: BoolArray
    created: DayArray
    deleted: BoolArray
    currency: str = ""
    descriptions: Sequence[str] = ()
    attributes: Attributes = NO_ATTRIBUTES

    def __len__(self) -> int:
        return len(self.product_ids)

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """Row by product_id; deleted products are absent."""
        return ById(self.product_ids, self.deleted)

    @cached_property
    def brand_codes(self) -> tuple[RowArray, Mapping[str, int]]:
        """int32 (n,): the code of each row's brand; and the brands' codes."""
        codes: dict[str, int] = {}
        return np.array([codes.setdefault(brand, len(codes)) for brand in self.brands], np.int32), codes

    @cached_property
    def title_codes(self) -> RowArray:
        """int32 (n,): equal where titles are equal."""
        codes: dict[str, int] = {}
        return np.array([codes.setdefault(title, len(codes)) for title in self.titles], np.int32)

    def of_any(self, traits: Collection[tuple[str, str]], rows: RowArray) -> BoolArray:
        """bool (m,): which rows are of any ("category", its name at any depth) or ("brand", its name)."""
        names = {name for trait, name in traits if trait == "category"}
        paths = [at for at, path in enumerate(self.category_paths) if names.intersection(path)] if names else []
        codes, of_brand = self.brand_codes
        brands = [of_brand[name] for trait, name in traits if trait == "brand" and name in of_brand]
        return np.asarray(np.isin(self.categories[rows], paths) | np.isin(codes[rows], brands), bool)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a shopper narrowed the page to; empty means everything. Price bounds are inclusive, in major units.

    `attributes` are names with values, `ranges` names with bounds: one of each name's holds, and every name.
    """

    departments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    price_min: float | None = None
    price_max: float | None = None
    in_stock: bool = True
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ranges: tuple[tuple[str, tuple[Between, ...]], ...] = ()


NO_ROWS: RowArray = np.empty(0, np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question at `day`. `allowed` (n,): its filters as a mask; `without`: but one facet's; `wide`: part too.
    `order` (n,): what its sort goes by where the catalogue does not say it, highest first, NaN unknown; `personal`: a
    search may lean towards who asks. `shown`: the rows of earlier pages of this list, which are on no later one."""

    request_id: str
    scene: Scene
    day: float
    user: int = NEW_USER
    session: str = ""
    query: str = ""
    seeds: RowArray = field(default_factory=lambda: NO_ROWS)
    filters: Filters = Filters()
    allowed: BoolArray | None = None
    without: Mapping[str, BoolArray] = field(default_factory=dict)
    sort: Sort = "relevance"
    as_words: tuple[str, ...] = ()
    language: Language = "en"
    context: Mapping[str, str] = field(default_factory=dict)
    k: int = 12
    offset: int = 0
    deadline_ms: float | None = None
    wide: bool = False
    order: FloatArray | None = None
    personal: bool = True
    shown: RowArray = field(default_factory=lambda: NO_ROWS)


@dataclass(frozen=True, slots=True)
class Intent:
    """What was understood of the words. `vector` float32 (d,) unit length, None where there are none; `maybe` meant.
    `tokens` are searched; `stated` says what became filters or boosts, `hints` its words, which need not match."""

    query: str = ""
    language: Language = "en"
    tokens: tuple[str, ...] = ()
    is_code: bool = False
    correction: str | None = None
    vector: FloatArray | None = None
    stated: tuple[Stated, ...] = ()
    hints: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    maybe: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    kind: Asks = "product"
    about: About | None = None
    sentiment: Sentiment | None = None


@dataclass(frozen=True)
class Batch:
    """Requests with what was understood of each and what is known of each asker, in the same order."""

    requests: tuple[Request, ...]
    intents: tuple[Intent, ...]
    portraits: tuple[Portrait, ...]

    def __len__(self) -> int:
        return len(self.requests)


@dataclass(frozen=True, slots=True)
class Offer:
    """What one source offers: rows int32 (m,) best first, scores float32 (m,); `whole`: some hold every word asked.

    `total` counts all matches where the source knows it; `facets` maps a facet to counts by name over all of them.
    Where few hold every word, `partly` are those of the rows that do not."""

    rows: RowArray
    scores: FloatArray
    total: int | None = None
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    whole: bool = False
    partly: RowArray = field(default_factory=lambda: NO_ROWS)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What all sources offered, request after request; request i owns offsets[i]:offsets[i + 1].
    offsets int64 (b + 1,); rows int32 (n,), unique within a request; scores float32 (n, s), one column for each name in
    `sources`, NaN where a source did not offer the row; fused float32 (n,), the sum of `shares` float32 (n, s): each
    source's part of the fused score; ranks int32 (n, s): the row's place in the source's offer from 1, 0 for none.
    """

    offsets: IntArray
    rows: RowArray
    sources: tuple[str, ...]
    scores: FloatArray
    shares: FloatArray
    fused: FloatArray
    ranks: RowArray

    def take(self, index: IntArray) -> "Candidates":
        """Only the candidates at `index` int64 (m,), whose requests must not descend."""
        one = len(self.offsets) == 2
        counts = [len(index)] if one else np.bincount(self.request_of()[index], minlength=len(self.offsets) - 1)
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        columns = (self.scores[index], self.shares[index], self.fused[index], self.ranks[index])
        return Candidates(offsets, self.rows[index], self.sources, *columns)

    def request_of(self) -> IntArray:
        """The request each candidate belongs to, int64 (n,)."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """values float32 (n, len(names)), a row for each candidate; NaN where a feature does not apply."""

    names: tuple[str, ...]
    values: FloatArray

    def take(self, index: IntArray) -> "FeatureTable":
        """Only the rows at `index` int64 (m,)."""
        return FeatureTable(self.names, self.values[index])


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates of one request in order: rows int32 (n,), scores float32 (n,), best first.

    `index` int64 (n,) is each row's place in the candidates. `ranker` names who scored. `propensities` float32 (n,) is
    how likely each row stands where it stands, where chance had a hand in it.
    """

    rows: RowArray
    scores: FloatArray
    index: IntArray
    ranker: str
    propensities: FloatArray | None = None

    def take(self, order: IntArray) -> "Ranked":
        """The rows at `order` int64 (m,), in that order; m may be smaller than n."""
        chances = None if self.propensities is None else self.propensities[order]
        return Ranked(self.rows[order], self.scores[order], self.index[order], self.ranker, chances)


class Explanation(NamedTuple):
    """A node of the tree of parts: `value` is the sum of its children's values, to float32 rounding."""

    name: str
    value: float
    children: tuple["Explanation", ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One product on a page. position from 0 within the whole list, propensity: the probability of showing it there."""

    row: int
    position: int
    score: float
    propensity: float
    explanation: Explanation
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The answer. `late`: sources not waited for; `total`: all matches, variants too; `reachable`: places to go to."""

    request_id: str
    scene: Scene
    items: tuple[Item, ...]
    total: int
    reachable: int
    intent: Intent
    facets: Mapping[str, Mapping[str, int]]
    rules: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    redirect: Redirect | None = None
    version: str = ""
    ranker: str = ""
    spans_ms: Mapping[str, float] = field(default_factory=dict)
    relaxed: Relaxed | None = None
    instead: "Page | None" = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known at one moment: everything a stage may learn from. Nothing at or after `day` is in here.

    `choices` is what was chosen after searches, oldest first; `moments` what callers said of when purchases were made.
    `interactions` is the same log as `log`, as an Ibis table on DuckDB with columns user int32, row int32, day float64,
    action int8, quantity float32, basket int32. vectors float32 (n_products, d), unit length, None without an encoder.
    """

    day: float
    catalog: Catalog
    log: Interactions
    interactions: "ibis.Table"
    vectors: FloatArray | None = None
    seed: int = 0
    choices: Sequence[Choice] = ()
    expansions: Expansions | None = None
    moments: Moments = NO_MOMENTS
