"""An order becomes a page's order: every rule in its place."""

from collections.abc import Mapping

import numpy as np

from shopkeeper.amended import alike
from shopkeeper.portrait import Portrait
from shopkeeper.ports import Rule
from shopkeeper.types import BoolArray, Catalog, FloatArray, IntArray, Ranked, Request, RowArray


def arrange(
    rules: Mapping[str, Rule],
    ranked: Ranked,
    request: Request,
    portrait: Portrait,
    catalog: Catalog,
    vectors: FloatArray | None,
) -> tuple[Ranked, tuple[str, ...]]:
    """The order after all rules, by their place, and one line from each rule that did something.

    What earlier pages of this list showed is in the rules' hands like everything else, and goes last.
    """
    fired = []
    for name in sorted(rules, key=lambda rule: (rules[rule].place, rule)):
        ranked, note = rules[name].apply(ranked, request, portrait, catalog, vectors)
        if note:
            fired.append(f"{name}: {note}")
    if len(request.shown):
        ranked = keep(ranked, ~np.isin(ranked.rows, request.shown))
    return ranked, tuple(fired)


def keep(ranked: Ranked, kept: BoolArray) -> Ranked:
    """Only the rows where `kept` bool (n,) holds, in the same order."""
    return reorder(ranked, np.flatnonzero(kept))


def reorder(ranked: Ranked, order: IntArray) -> Ranked:
    """The rows at `order` int64 (m,), in that order; m may be smaller than n."""
    return ranked.take(order)


def title_codes(catalog: Catalog, rows: RowArray) -> RowArray:
    """int32 (m,): equal where the titles of these rows are equal."""
    return alike(catalog.titles, rows)
