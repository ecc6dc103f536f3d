"""What the address of a search asks for: words, filters, order and page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

import numpy as np
from pydantic import BaseModel, Field, StringConstraints

from shopkeeper.amounts import Between
from shopkeeper.types import SORTS, Filters, Sort


@dataclass(frozen=True, slots=True)
class Query:
    """What the address asks for. `price` is a band such as "2-5", its lower edge inclusive.

    `attributes` are such as "colour:red", `ranges` such as "memory:8..16 GB".
    """

    words: str = ""
    departments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    price: str = ""
    attributes: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()
    as_words: tuple[str, ...] = ()
    sort: Sort = "relevance"
    page: int = 1

    def address(self, **changed: object) -> str:
        """The query part of the address of this search, with something changed; the page starts over."""
        # one of its own fields each
        asked = replace(self, **({"page": 1} | changed))  # type: ignore[arg-type]
        pairs = [("q", asked.words)] if asked.words else []
        pairs += [("department", name) for name in asked.departments]
        pairs += [("category", name) for name in asked.categories]
        pairs += [("brand", name) for name in asked.brands]
        pairs += [("price", asked.price)] if asked.price else []
        pairs += [("attribute", each) for each in asked.attributes]
        pairs += [("range", each) for each in asked.ranges]
        pairs += [("word", each) for each in asked.as_words]
        pairs += [("sort", asked.sort)] if asked.sort != "relevance" else []
        pairs += [("page", str(asked.page))] if asked.page > 1 else []
        return urlencode(pairs)

    def filters(self) -> Filters:
        """The filters as the pipeline takes them."""
        low, high = band(self.price)
        ranges = tuple((name, tuple(filter(None, map(Between.of, own)))) for name, own in by_name(self.ranges).items())
        return Filters(
            self.departments,
            self.categories,
            self.brands,
            low,
            high,
            attributes=tuple(by_name(self.attributes).items()),
            ranges=tuple((name, bounds) for name, bounds in ranges if bounds),
        )


class Address(BaseModel):
    """What may stand in the address of a search."""

    q: str = Field("", max_length=200)
    department: list[str] = Field([], max_length=50)
    category: list[str] = Field([], max_length=50)
    brand: list[str] = Field([], max_length=50)
    price: str = Field("", max_length=40)
    attribute: list[Annotated[str, StringConstraints(max_length=800)]] = Field([], max_length=50)
    range: list[Annotated[str, StringConstraints(max_length=800)]] = Field([], max_length=50)
    word: list[Annotated[str, StringConstraints(max_length=400)]] = Field([], max_length=50)
    sort: str = "relevance"
    page: int = 1

    def query(self) -> Query:
        """The search that is asked for; an unknown order is the usual one."""
        order = next((sort for sort in SORTS if sort == self.sort), SORTS[0])
        words, narrowed = " ".join(self.q.split()), (tuple(self.department), tuple(self.category), tuple(self.brand))
        own = tuple(each for each in self.attribute if ":" in each), tuple(each for each in self.range if ":" in each)
        return Query(words, *narrowed, self.price, *own, tuple(self.word), order, self.page)


def by_name(pairs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Values by attribute, of what stands in an address as "attribute:value"."""
    named: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        name, _, value = pair.partition(":")
        named[name] = (*named.get(name, ()), value)
    return named


def band(price: str) -> tuple[float | None, float | None]:
    """The bounds of a price band, both inclusive; no bound where it cannot be read."""
    low, _, high = price.partition("-")
    below = amount(high)
    return amount(low), None if below is None else float(np.nextafter(np.float32(below), np.float32(0)))


def amount(text: str) -> float | None:
    """An end of a price band; None where there is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None
