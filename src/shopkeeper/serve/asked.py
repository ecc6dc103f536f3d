"""What callers ask with: unknown fields are refused, every size is bounded."""

from itertools import chain
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    field_validator,
    model_validator,
)

from shopkeeper.amounts import Between
from shopkeeper.moments import LONGEST, SAID, label
from shopkeeper.types import LONGEST_ID, MOST_MONEY, Filters, Language, Sort

MAX_K = 100
MAX_OFFSET = 10_000

Id = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID)]
MaybeId = Annotated[str, StringConstraints(max_length=LONGEST_ID)]
Words = Annotated[str, StringConstraints(max_length=400)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Names = Annotated[tuple[Name, ...], Field(max_length=50)]
Values = Annotated[tuple[Name, ...], Field(min_length=1, max_length=50)]
CONTEXT = (
    "What is so at this moment. `weather`, `device` and `place` are labels of your own, one short word each (`rain`, "
    f"`phone`, `beijing`; at most {LONGEST} letters, digits, - and _): pages lean by those that purchases bear out. "
    "Where `device` is left out, it is `phone`, `tablet` or `desktop` by the User-Agent; empty says nothing. "
    "Other fields are for the merchant's rules."
)
Price = Annotated[float, Field(ge=0, le=MOST_MONEY, allow_inf_nan=False)]


def _labelled(context: dict[str, str]) -> dict[str, str]:
    for kind in SAID:
        if context.get(kind) and not label(context[kind]):
            raise ValueError(f"{kind}: must be one word of at most {LONGEST} letters, digits, - and _")
    return context  # as it was said: a rule of the merchant's may go by it


Context = Annotated[
    dict[Annotated[str, StringConstraints(max_length=64)], Words],
    Field(max_length=32, description=CONTEXT),
    AfterValidator(_labelled),
]


class Model(BaseModel):
    """What callers send: a field we do not know is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _between(text: str) -> Between:
    found = Between.of(text)
    if found is None:
        raise ValueError(f"'{text[:40]}' is no range. Write LOW..HIGH and a unit: '8..16 GB', '..2 kg', '27 inch'")
    return found


Range = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Ranges = Annotated[tuple[Range, ...], Field(min_length=1, max_length=50)]


class FiltersIn(Model):
    """What the page is narrowed to; empty means everything."""

    departments: Names = ()
    categories: Names = ()
    brands: Names = ()
    price_min: Price | None = Field(None, strict=True)
    price_max: Price | None = Field(None, strict=True)
    in_stock: StrictBool = True
    attributes: Annotated[dict[Name, Values], Field(max_length=20)] = Field(
        {}, description="Values by attribute, of which a product has one, as the facet `attributes.NAME` names them."
    )
    ranges: Annotated[dict[Name, Ranges], Field(max_length=20)] = Field(
        {},
        description="Bounds by attribute, ends included, as the facet `ranges.NAME` names them: `8..16 GB`.",
    )

    @field_validator("ranges")
    @classmethod
    def _readable(cls, ranges: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for text in chain.from_iterable(ranges.values()):
            _between(text)
        return ranges

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.price_min is not None and self.price_max is not None and self.price_min > self.price_max:
            raise ValueError(f"price_min {self.price_min:g} is above price_max {self.price_max:g}")
        return self

    def filters(self) -> Filters:
        plain = self.model_dump(exclude={"attributes", "ranges"})
        ranges = tuple((name, tuple(map(_between, texts))) for name, texts in self.ranges.items())
        return Filters(**plain, attributes=tuple(self.attributes.items()), ranges=ranges)


def _number(value: object) -> object:
    if isinstance(value, str | bool):
        raise ValueError(f"must be a valid integer, got {str(value)[:40]!r}")
    return value


Count = Annotated[int, BeforeValidator(_number)]
"""A whole number, which 4.0 is too; no text and no truth."""


class Asked(Model):
    """What search and recommend share."""

    user_id: MaybeId = Field("", description="The shopper; empty or unknown asks as a new one.")
    session_id: MaybeId = ""
    filters: FiltersIn = FiltersIn()
    k: Count = Field(12, ge=1, le=MAX_K, description="How many products.")
    offset: Count = Field(0, ge=0, le=MAX_OFFSET, description="How many products to skip.")
    after: Annotated[tuple[Id, ...], Field(max_length=100)] = Field(
        (),
        description="The `request_id` of each earlier page of this list: nothing that those showed is shown again, "
        "whatever was done meanwhile. `offset` then need not be said.",
    )
    language: Language = Field("en", description="Language of the sentences.")
    context: Context = {}
    explain: StrictBool = Field(False, description="Whether each item carries the tree of parts behind its score.")


class SearchIn(Asked):
    """A search. An empty query lists what the filters leave."""

    query: Words
    sort: Sort = Field(
        "relevance",
        description="`best_selling`: purchases less refunds, those of 30 days ago counting half. `rating`: stars from "
        "1 to 5 that shoppers gave (the `value` of `rate` events) or attributes say, beside ten at the mean of all.",
    )
    personal: StrictBool = Field(
        True, description="False: the same order for everybody, whatever `rank.personal` of the shop allows."
    )
    as_words: Names = Field(
        (), description="Fields of `intent.stated` whose words are to be searched as words; `*`: all of them."
    )


class RecommendIn(Asked):
    """A page without words. `similar` and `together` start from `product_ids`, `cart` from what lies in it."""

    scene: Literal["home", "similar", "together", "cart", "trending"]
    product_ids: Annotated[tuple[Id, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _seeded(self) -> Self:
        if self.scene in ("similar", "together") and not self.product_ids:
            raise ValueError(f"scene '{self.scene}' needs product_ids: the products to start from")
        return self
