"""What a query states of a product, beside the words that are searched."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["filter", "boost", "widened", "dropped"]


@dataclass(frozen=True, slots=True)
class Stated:
    """One thing that words of a query state, and what was made of it.

    `field` is brand, category, price, `attributes.NAME` or `ranges.NAME`, as facets are named; `value` what a filter of
    it takes (a price as `200..300`); `words` were typed for it. `confidence` from 0 to 1. A filter is no longer in the
    words that are searched, a boost still is. What was `widened` or `dropped` would have left nothing as it was.
    """

    field: str
    value: str
    words: str
    role: Role
    confidence: float
