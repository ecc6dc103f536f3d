"""One or two searches beside what people judged: every metric with its interval, and the queries that tell most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shopkeeper.measure import judged as by_judgments
from shopkeeper.measure import ranking
from shopkeeper.measure.ranking import Ranked, Scores
from shopkeeper.measure.statistics import Difference, Interval, bootstrap, paired_bootstrap
from shopkeeper.types import IntArray

MAIN = "ndcg"
"""The metric that queries are ordered by."""


@dataclass(frozen=True)
class Answers:
    """What a search gave for each query: rows int64 (q, w) best first, padded with -1, and scores float64 (q, w)."""

    rows: Ranked
    scores: Scores


@dataclass(frozen=True)
class Task:
    """Queries with the rows that were judged for each, unique, and their grades, one of them above 0, in that order."""

    queries: tuple[str, ...]
    judged: Sequence[IntArray]
    grades: Sequence[Scores]

    def relevant(self) -> list[IntArray]:
        """The rows of each query whose grade is above 0."""
        return [rows[grades > 0] for rows, grades in zip(self.judged, self.grades, strict=True)]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the searches: its name, empty where it has the shop's own settings, what differs from them, its version.

    `failed` counts the queries in which a source failed, by source.
    """

    name: str
    settings: dict[str, dict[str, Any]]
    version: str
    failed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of the judgments that does not count: its line, the column, why, and what stood there."""

    line: int
    column: str
    reason: str
    value: str


@dataclass(frozen=True, slots=True)
class Source:
    """The judgments: the file, and what became of its rows and queries.

    `read` rows are `used`, `refused`, `repeated` or of `unknown` products (n_unknown rows). `without` names the queries
    that have no relevant product left; `unavailable` counts relevant products that are out of stock.
    `taught`: the order of searches was chosen by this very file.
    """

    file: str
    sha256: str
    read: int
    used: int
    refused: tuple[Refused, ...]
    repeated: tuple[Refused, ...]
    n_unknown: int
    unknown: tuple[str, ...]
    without: tuple[str, ...]
    unavailable: int
    taught: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric over the `n` queries that have it: each side's mean, and the second's gain over the first."""

    metric: str
    n: int
    means: tuple[Interval, ...]
    gain: Difference | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A product on a page; `rating` is None where nobody judged it."""

    product_id: str
    title: str
    rating: float | None


@dataclass(frozen=True, slots=True)
class Queried:
    """One query: each side's figures by metric, None where it has none."""

    query: str
    n_relevant: int
    figures: tuple[dict[str, float | None], ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """One query with the first products of each side's page."""

    query: str
    n_relevant: int
    ndcg: tuple[float, ...]
    pages: tuple[tuple[Shown, ...], ...]


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found. `winners` and `losers` are queries of two sides, `hardest` those of one.

    `changed` counts the queries whose first k products are not the same, or not in the same order.
    """

    shop: str
    made: str
    k: int
    source: Source
    sides: tuple[Side, ...]
    metrics: tuple[Measured, ...]
    queries: tuple[Queried, ...]
    changed: int = 0
    winners: tuple[Looked, ...] = ()
    losers: tuple[Looked, ...] = ()
    hardest: tuple[Looked, ...] = ()


def figures(answers: Answers, task: Task, k: int) -> dict[str, Scores]:
    """Every metric by query, float64 (q,), NaN where a query has none; see ranking.py and judged.py."""
    rows, relevant = answers.rows, task.relevant()
    return {
        "ndcg": ranking.graded_ndcg_at(rows, task.judged, task.grades, k),
        "condensed_ndcg": by_judgments.condensed_ndcg_at(rows, task.judged, task.grades, k),
        "judged": by_judgments.judged_at(rows, task.judged, k),
        "map": by_judgments.average_precision(rows, relevant),
        "mrr": by_judgments.reciprocal_rank(rows, relevant),
        "precision": ranking.precision_at(rows, relevant, k),
        "recall": by_judgments.recall_at(rows, relevant, k),
        "capped_recall": ranking.recall_at(rows, relevant, k),
        "f1": by_judgments.f1_at(rows, relevant, k),
        "auc": by_judgments.auc(rows, answers.scores, task.judged, task.grades),
    }


WHOLE = frozenset({"map", "mrr", "auc"})
"""The metrics of the whole list; the others look at its first k."""


def named(metric: str, k: int) -> str:
    """The metric as it is written: ndcg@10, map."""
    return metric if metric in WHOLE else f"{metric}@{k}"


def compared(sides: Sequence[Mapping[str, Scores]], k: int) -> tuple[Measured, ...]:
    """Each metric's means with intervals and, of two sides, the gain of the second: a paired bootstrap over queries.

    A metric that no query has is left out.
    """
    found = []
    for metric in sides[0]:
        values = np.stack([side[metric] for side in sides])
        values = values[:, ~np.isnan(values).any(axis=0)]
        if values.shape[1]:
            gain = paired_bootstrap(values[1], values[0]) if len(sides) > 1 else None
            found.append(Measured(named(metric, k), values.shape[1], tuple(map(bootstrap, values)), gain))
    return tuple(found)


def by_query(task: Task, sides: Sequence[Mapping[str, Scores]], k: int) -> tuple[Queried, ...]:
    """The figures of every query, in the order of the task."""
    return tuple(
        Queried(query, len(relevant), tuple(_figures_of(side, at, k) for side in sides))
        for at, (query, relevant) in enumerate(zip(task.queries, task.relevant(), strict=True))
    )


def _figures_of(side: Mapping[str, Scores], at: int, k: int) -> dict[str, float | None]:
    return {
        named(metric, k): None if np.isnan(values[at]) else round(float(values[at]), 6)
        for metric, values in side.items()
    }


def gained(sides: Sequence[Mapping[str, Scores]], most: int) -> tuple[list[int], list[int]]:
    """The places of at most `most` queries that gain most, and of those that lose most, in nDCG, the largest first."""
    gaps = sides[1][MAIN] - sides[0][MAIN]
    order = np.argsort(-gaps, kind="stable")
    return [int(at) for at in order[:most] if gaps[at] > 0], [int(at) for at in order[::-1][:most] if gaps[at] < 0]


def worst(side: Mapping[str, Scores], most: int) -> list[int]:
    """The places of at most `most` queries with the lowest nDCG, none of them perfect."""
    order = np.argsort(side[MAIN], kind="stable")
    return [int(at) for at in order[:most] if side[MAIN][at] < 1 - 1e-9]


def changed(sides: Sequence[Answers], k: int) -> int:
    """How many queries have other first k products, or another order of them; 0 of one side."""
    if len(sides) < 2:
        return 0
    width = max(side.rows.shape[1] for side in sides)
    whole = [np.pad(side.rows, ((0, 0), (0, width - side.rows.shape[1])), constant_values=-1)[:, :k] for side in sides]
    return int((whole[0] != whole[1]).any(axis=1).sum())
