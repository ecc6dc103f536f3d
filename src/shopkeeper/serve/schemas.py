"""What else travels over HTTP: answers, events, products; unknown fields are refused, every size is bounded."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from shopkeeper.serve.asked import MAX_K, MAX_OFFSET, Context, Id, MaybeId, Model, Name, Price, Words
from shopkeeper.types import MOST_MONEY, MOST_QUANTITY, Action, Event, Language, Product, Scene
from shopkeeper.understood import About, Asks, By, How, Kind, Role, Sentiment

MAX_ROWS = 1000
"""Rows of one call, events or products."""
AHEAD = timedelta(days=1)
"""An event may be dated this far ahead of the server's clock."""
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Moments outside cannot be counted in seconds, or not be turned into UTC."""

NEEDS_PRODUCT: frozenset[Action] = frozenset(
    {"view", "click", "add_to_cart", "remove_from_cart", "purchase", "refund", "rate", "dismiss"}
)


class PartOut(BaseModel):
    """A node of the tree: `value` is the sum of its children's values."""

    name: str
    value: float
    note: str = ""
    children: "list[PartOut]" = []


class ItemOut(BaseModel):
    """A product on a page. `position` counts from 0 over the whole list; `why` is one sentence for the shopper."""

    product_id: str
    position: int
    score: float
    propensity: float
    title: str
    brand: str
    category: list[str]
    department: str
    price: float | None
    currency: str
    available: bool
    why: str
    explanation: PartOut | None = None


class StatedOut(BaseModel):
    """What words of the query state: a brand, category, price or attribute, named as its facet, with its value.

    `role`: a `filter`, no longer among the words searched; a `boost`, where it is in doubt; `widened` or `dropped`
    where no product has it beside the rest. `by` says what told it: names of the shop, or the meaning of all words.
    """

    field: str
    value: str
    words: str
    role: Role
    confidence: float
    by: By


class ChangeOut(BaseModel):
    """Words that were taken for others, and the part of understanding that did it."""

    by: str
    said: str
    meant: str


class IntentOut(BaseModel):
    """What was understood of the words."""

    query: str
    language: Language
    tokens: list[str]
    kind: Asks = Field(description="What is asked for; `service`: a question for the shop, no product is meant.")
    about: About | None = Field(description="What a question for the service is about.")
    sentiment: Sentiment | None = Field(description="Whether the words complain or praise; null where they do neither.")
    correction: str | None = Field(description="What was searched for in place of the query; null where it stands.")
    maybe: str | None = Field(description="What may have been meant: nothing was changed, ask the shopper.")
    changes: list[ChangeOut]
    stated: list[StatedOut]


class RedirectOut(BaseModel):
    """An address, or else another search, and the merchant's rule that says so."""

    to: str
    search: str
    rule: str


class RelaxedOut(BaseModel):
    """How the page of a search came about where no product is all that was asked for.

    `words`: no product has every word; some shown have `shown`, and none of them has `dropped`. `filters`: some that
    words state were widened or dropped, as `intent.stated` says. `chosen`: no product has any of the words, shoppers
    who searched for them chose some of these. `meaning`: nor did any, these are nearest in meaning. `popular`: nothing
    was found; `instead` is what others buy, in the department `shown` where one is likely.
    """

    how: list[How]
    shown: str
    dropped: list[str]


class InsteadOut(BaseModel):
    """What others buy, beside a search that found nothing: a page of its own, whose events name its `request_id`."""

    request_id: str
    items: list[ItemOut]


class PageOut(BaseModel):
    """The answer. Name `request_id` in the events that follow, so that they can be joined with what was shown.

    `late` names the sources that were not waited for. The header Server-Timing tells the milliseconds of each stage.
    """

    request_id: str
    scene: Scene
    items: list[ItemOut]
    total: int = Field(description="Products that match inside the filters, every size and variant counted.")
    reachable: int = Field(description="Places that paging reaches; an offset from here on gives an empty page.")
    facets: dict[str, dict[str, int]] = Field(
        description="Counts of all matches by value; the counts of a facet leave its own filter aside. "
        "`attributes.NAME` and `ranges.NAME` are of the attributes that tell most of what was found."
    )
    intent: IntentOut
    relaxed: RelaxedOut | None = Field(description="Null where the products are what was asked for.")
    instead: InsteadOut | None = Field(description="Null unless a search found nothing: then `total` is 0.")
    rules: list[str]
    redirect: RedirectOut | None = Field(description="Where the merchant sends who asks this; null: nowhere.")
    late: list[str]
    version: str
    ranker: str


class CompletionOut(BaseModel):
    """A way to finish the words: a past `query`, a `category`, a `brand` or a `product`'s title.

    `own`: this shopper searched or bought it before.
    """

    text: str
    kind: Kind
    own: bool


class SuggestOut(BaseModel):
    """Completions of what is being typed, best first; `suggestions` are their texts alone."""

    suggestions: list[str]
    completions: list[CompletionOut]


class ExplainOut(BaseModel):
    """Why a product stood where it stood: the values logged when the page was shown."""

    request_id: str
    product_id: str
    scene: Scene
    position: int
    score: float
    propensity: float
    version: str
    variant: str
    features: dict[str, float | None]
    click_chance: float | None = Field(description="How likely it was clicked there; null where no model says so.")
    click_chance_first: float | None = Field(description="The same in the first place: what it is worth by itself.")


# ---------------------------------------------------------------- events


def _moment(moment: datetime) -> datetime:
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment < FIRST:
        raise ValueError(f"must not be before {FIRST.year}")
    if moment >= LAST:
        raise ValueError(f"must be before the year {LAST.year}")
    return moment.astimezone(UTC)


def _happened(moment: datetime) -> datetime:
    moment = _moment(moment)
    if moment > datetime.now(UTC) + AHEAD:
        raise ValueError(f"is more than {AHEAD.days} day ahead of the server's clock")
    return moment


class EventIn(Model):
    """What a shopper did. `event_id` is yours: sent twice, it counts once."""

    event_id: Id
    action: Action
    timestamp: Annotated[datetime, AfterValidator(_happened)] | None = Field(
        None, description="ISO 8601 or seconds since 1970, UTC; now when left out."
    )
    user_id: MaybeId = ""
    session_id: MaybeId = ""
    product_id: MaybeId = ""
    query: Words = ""
    request_id: MaybeId = Field("", description="The page that led here.")
    position: int | None = Field(None, ge=0, le=MAX_OFFSET + MAX_K)
    quantity: float = Field(1.0, ge=0, le=MOST_QUANTITY, allow_inf_nan=False)
    value: float | None = Field(
        None, ge=-MOST_MONEY, le=MOST_MONEY, allow_inf_nan=False, description="The line's total."
    )
    context: Context = Field({})

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.user_id or self.session_id):
            raise ValueError("user_id: one of user_id and session_id is required")
        if self.action in NEEDS_PRODUCT and not self.product_id:
            raise ValueError(f"product_id: is required for action '{self.action}'")
        if self.action == "search" and not self.query:
            raise ValueError("query: is required for action 'search'")
        return self

    def event(self, now: float) -> Event:
        fields = self.model_dump(exclude={"timestamp"})
        return Event(**fields, timestamp=self.timestamp.timestamp() if self.timestamp else now)


class RefusedRow(BaseModel):
    """A row that was not taken: its place in the list, the field and the reason."""

    index: int
    field: str
    reason: str
    event_id: str = ""


class EventsOut(BaseModel):
    """How many rows were taken. Accepted rows are on disk; a duplicate was taken before."""

    accepted: int
    duplicate: int
    refused: list[RefusedRow]


# ---------------------------------------------------------------- products and users


class ProductIn(Model):
    """A product as the shop describes it (schema.org names); an id that is there already is replaced."""

    product_id: Id
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
    group_id: Id | None = Field(None, description="Equal for the variants of one product.")
    description: Annotated[str, StringConstraints(max_length=20_000)] = ""
    brand: Words = ""
    category: Annotated[tuple[Name, ...], Field(max_length=10)] = ()
    price: Price | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    availability: bool = True
    attributes: Annotated[dict[Name, Words], Field(max_length=200)] = Field({})
    images: Annotated[tuple[Annotated[str, StringConstraints(max_length=2000)], ...], Field(max_length=50)] = ()
    seller: Words = ""
    locale: Annotated[str, StringConstraints(max_length=35)] = ""
    created_at: Annotated[datetime, AfterValidator(_moment)] | None = None

    def product(self) -> Product:
        fields = self.model_dump(exclude={"created_at"})
        return Product(**fields, created_at=self.created_at.isoformat() if self.created_at else None)


class ProductOut(BaseModel):
    """A product as it is kept."""

    product_id: str
    title: str
    group_id: str | None
    description: str
    brand: str
    category: list[str]
    price: float | None
    currency: str
    availability: bool
    attributes: Mapping[str, str]
    images: list[str]
    seller: str
    locale: str
    created_at: str | None


class CountOut(BaseModel):
    """How many products were stored or deleted."""

    count: int


class Receipt(BaseModel):
    """What was erased of a shopper, counted by where it lay."""

    user_id: str
    erased: dict[str, int]
    erased_at: str


# ---------------------------------------------------------------- status and failures


class ShopStatus(BaseModel):
    """The version that serves, empty before the first; how many products are on the shelf; the merchant's rules."""

    version: str
    products: int
    rules: Literal["none", "ok", "refused"]


class Health(BaseModel):
    """ok where every shop has a version that serves, else learning."""

    status: Literal["ok", "learning"]
    shops: dict[str, ShopStatus]


class Problem(BaseModel):
    """What went wrong and where; `rows` where a list was sent and no row could be taken."""

    code: str
    message: str
    where: str
    request_id: str
    rows: list[RefusedRow] = []


class ProblemOut(BaseModel):
    """Every failure has this shape."""

    error: Problem
