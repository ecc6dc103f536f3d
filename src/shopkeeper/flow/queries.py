"""Queries for measuring a search where nobody has searched yet: what a shopper would type for a product just bought.

They are generated, not real, and reports say so: two words of the product's title in their order, in a quarter of the
queries with one letter mistyped. A query's target is the title it was made from.
"""

from dataclasses import dataclass

import numpy as np

from shopkeeper.encode.slips import SHORTEST, exchanged
from shopkeeper.rank.labels import Labels
from shopkeeper.text import UNITS, is_code, tokens
from shopkeeper.types import Catalog

WORDS = 2
MISTYPED = 0.25


@dataclass(frozen=True, slots=True)
class KnownItem:
    """A query and the code of the title that it looks for."""

    query: str
    title_code: int


def known_items(catalog: Catalog, labels: Labels, n: int, seed: int) -> list[KnownItem]:
    """At most n queries for different titles among the products of the labels, the same ones for the same seed."""
    rng = np.random.default_rng(seed)
    codes = catalog.title_codes
    rows = np.unique(labels.rows)
    _, first = np.unique(codes[rows], return_index=True)
    chosen = rng.permutation(rows[first])[:n]
    return [
        KnownItem(query, int(codes[row]))
        for row in chosen.tolist()
        if (query := _query(tokens(catalog.titles[row]), rng))
    ]


def _query(words: list[str], rng: np.random.Generator) -> str:
    """Two of the words that are neither numbers nor units, perhaps mistyped; empty where there are none."""
    plain = list(dict.fromkeys(word for word in words if not is_code(word) and word not in UNITS))
    if not plain:
        return ""
    places = np.sort(rng.permutation(len(plain))[:WORDS])
    typed = [plain[place] for place in places]
    if rng.random() < MISTYPED:
        at = int(rng.integers(len(typed)))
        typed[at] = _mistyped(typed[at], rng)
    return " ".join(typed)


def _mistyped(word: str, rng: np.random.Generator) -> str:
    """The word with two neighbouring letters swapped; short words and Chinese ones as they are."""
    if len(word) < SHORTEST or not word.isascii():
        return word
    return exchanged(word, int(rng.integers(1, len(word) - 1)))
