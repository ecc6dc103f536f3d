"""What understanding made of a query's words: what was changed, what may stand for them, what they state."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Role = Literal["filter", "boost", "widened", "dropped"]
How = Literal["words", "filters", "chosen", "meaning", "popular"]
Way = Literal["reformulations", "choices", "neighbours"]
About = Literal["returns", "delivery", "payment", "order", "account", "contact", "hours"]
Asks = Literal["product", "code", "brand", "service"]
Sentiment = Literal["negative", "positive"]
By = Literal["names", "meaning"]
Says = Literal["brand", "category", "price", "attributes", "ranges"]
Kind = Literal["query", "category", "brand", "product"]


class Change(NamedTuple):
    """What was typed, what it was taken for, and which part of understanding did it."""

    by: str
    said: str
    meant: str


class Alternative(NamedTuple):
    """Words that may stand for others of the query, and what a match of them counts beside a match of those."""

    said: tuple[str, ...]
    meant: tuple[str, ...]
    weight: float


class Mined(NamedTuple):
    """A synonym that nobody wrote down: `meant` may stand for `said`, and if `both` the other way round; which way it
    was found (`by`), by how many shoppers, visits or products, and an example."""

    said: str
    meant: str
    both: bool
    by: Way
    support: int
    example: str


@dataclass(frozen=True, slots=True)
class Stated:
    """One thing that words of a query state, and what was made of it.

    `field` is brand, category, price, `attributes.NAME` or `ranges.NAME`, as facets are named; `value` what a filter of
    it takes (a price as `200..300`); `words` were typed for it. `confidence` from 0 to 1. A filter is no longer in the
    words that are searched, a boost still is. What was `widened` or `dropped` would have left nothing as it was. `by`
    says what told it: the shop's names, or the meaning of all the words together, which is a boost at most.
    """

    field: str
    value: str
    words: str
    role: Role
    confidence: float
    by: By = "names"


class Redirect(NamedTuple):
    """Where words lead in place of a page: to an address, else to another search; and the rule that says so."""

    to: str
    search: str
    rule: str


@dataclass(frozen=True, slots=True)
class Relaxed:
    """How a page came about of which no product is all that was asked for.

    `words`: no product has every word; some shown have `shown`, and none of them has `dropped`. `filters`: some that
    words state were widened or dropped, see Stated. `chosen`: no product has any of the words, shoppers who searched
    for them chose some of these. `meaning`: nor did any, these are nearest in meaning. `popular`: nothing
    was found; what others buy stands apart, in the department `shown` where one is likely.
    """

    how: tuple[How, ...]
    shown: str = ""
    dropped: tuple[str, ...] = ()


class Completion(NamedTuple):
    """A way to finish what is being typed, what it is, and whether this shopper searched or bought it before."""

    text: str
    kind: Kind
    own: bool = False
