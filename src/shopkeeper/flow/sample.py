"""Judgments as queries to ask and rows to look for."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from shopkeeper.errors import IntakeError
from shopkeeper.intake.judgments import Judgment, Judgments
from shopkeeper.intake.rows import Refusal
from shopkeeper.measure.evaluation import Refused, Source, Task
from shopkeeper.types import Catalog, IntArray

NAMED = 3
"""So many unknown products are named in an error."""


def sampled(said: Judgments, catalog: Catalog) -> tuple[Task, Source]:
    """The queries that have a relevant product in the shop, and what became of all judgments.

    Products that a page shows once, since they are variants or bear one title, are one: the best rating of them counts.
    Raises IntakeError where no query is left.
    """
    known = [row for row in said.rows if row.product_id in catalog.row_of]
    unknown = tuple(dict.fromkeys(row.product_id for row in said.rows if row.product_id not in catalog.row_of))
    graded = _graded(known, catalog)
    relevant = {query: own for query, own in graded.items() if max(own.values()) > 0}
    if not relevant:
        raise IntakeError(_nothing_relevant(said, len(known), unknown))
    task = Task(
        tuple(relevant),
        [np.array(list(own), np.int64) for own in relevant.values()],
        [np.array(list(own.values()), np.float64) for own in relevant.values()],
    )
    asked = dict.fromkeys(row.query for row in said.rows)
    out_of_stock = [row for row in known if row.rating > 0 and not catalog.available[catalog.row_of[row.product_id]]]
    source = Source(
        file=said.file,
        sha256=said.sha256,
        read=said.read,
        used=len(known),
        refused=tuple(map(_told, said.refused)),
        repeated=tuple(map(_told, said.repeated)),
        n_unknown=len(said.rows) - len(known),
        unknown=unknown,
        without=tuple(query for query in asked if query not in relevant),
        unavailable=len({row.product_id for row in out_of_stock}),
    )
    return task, source


def alike(catalog: Catalog) -> IntArray:
    """int64 (n,): the row that stands for each row, the lowest of those that are its variants or bear its title."""
    stands = np.arange(len(catalog), dtype=np.int64)
    while True:
        before = stands
        for codes in (catalog.groups, catalog.title_codes):
            lowest = np.full(int(codes.max(initial=-1)) + 1, len(stands), np.int64)
            np.minimum.at(lowest, codes, stands)
            stands = lowest[codes]
        if np.array_equal(before, stands):
            return stands


def _graded(known: Sequence[Judgment], catalog: Catalog) -> dict[str, dict[int, float]]:
    """The best rating of each row that stands for judged ones, by query, in the order of the file."""
    stands = alike(catalog)
    graded: dict[str, dict[int, float]] = defaultdict(dict)
    for judgment in known:
        own, row = graded[judgment.query], int(stands[catalog.row_of[judgment.product_id]])
        own[row] = max(own.get(row, 0.0), judgment.rating)
    return graded


def _told(row: Refusal) -> Refused:
    return Refused(row.line, row.column, row.reason, row.value)


def _nothing_relevant(said: Judgments, n_known: int, unknown: Sequence[str]) -> str:
    more = ", ..." if len(unknown) > NAMED else ""
    names = f" ({', '.join(unknown[:NAMED])}{more})" if unknown else ""
    return (
        f"{said.file}: no query has a relevant product. Of {len(said.rows)} judgments {len(said.rows) - n_known} name "
        f"products that the shop has not{names}, and none of the other {n_known} has a rating above 0. Rate at least "
        "one product of the shop above 0, under its product_id."
    )
