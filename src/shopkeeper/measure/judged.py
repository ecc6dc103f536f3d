"""How a ranking agrees with what people judged: one number a query, float64 (b,), beside those of ranking.py.

`ranked` int (b, w) holds rows best first, unique within a line, padded with -1. `targets` holds each query's relevant
rows, `judged` all that somebody judged, relevant or not. A query that cannot be judged gets NaN, as in ranking.py.

Recall goes by two names. `recall_at` here divides by all relevant rows, as trec_eval's recall_k: with more of them than
k it cannot reach 1. `ranking.recall_at` divides by min(k, relevant), as RecTools and the next-basket literature do;
reports call that one capped recall.
"""

from collections.abc import Sequence

import numpy as np

from shopkeeper.measure import ranking
from shopkeeper.measure.ranking import Ranked, Scores, divided, graded_ndcg_at, hits_at
from shopkeeper.types import IntArray

Grades = Sequence[Scores]


def recall_at(ranked: Ranked, targets: Sequence[IntArray], k: int) -> Scores:
    """Share of all relevant rows that stand in the first k: hits / relevant. Source: trec_eval's recall_k."""
    hits, sizes = hits_at(ranked, targets, k)
    return divided(hits.sum(axis=1), sizes, sizes)


def f1_at(ranked: Ranked, targets: Sequence[IntArray], k: int) -> Scores:
    """Harmonic mean of precision@k (of k, however short the list) and recall@k (of all): 2 hits / (k + relevant).

    Source: van Rijsbergen, Information Retrieval, 1979, chapter 7, with equal weights.
    """
    hits, sizes = hits_at(ranked, targets, k)
    return divided(2.0 * hits.sum(axis=1), k + sizes, sizes)


def average_precision(ranked: Ranked, targets: Sequence[IntArray]) -> Scores:
    """Mean over all relevant rows of the precision at each one's place; one that is not in the list adds 0.

    Its mean over queries is MAP. Source: trec_eval's map; Buckley, Voorhees, SIGIR 2000.
    """
    hits, sizes = hits_at(ranked, targets, _width(ranked))
    precision = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return divided((precision * hits).sum(axis=1), sizes, sizes)


def reciprocal_rank(ranked: Ranked, targets: Sequence[IntArray]) -> Scores:
    """1 / rank of the first relevant row of the whole list, 0 where there is none; its mean is MRR.

    Source: trec_eval's recip_rank.
    """
    return ranking.mrr_at(ranked, targets, _width(ranked))


def judged_at(ranked: Ranked, judged: Sequence[IntArray], k: int) -> Scores:
    """Share of the rows within the first k that anybody judged; 0 for an empty list.

    A shorter list is measured as long as it is. Low figures say that the other metrics know little of this ranking.
    Source: ir_measures' Judged@k.
    """
    hits, _ = hits_at(ranked, judged, k)
    shown = (np.asarray(ranked)[:, :k] >= 0).sum(axis=1)
    return np.asarray(hits.sum(axis=1) / np.maximum(shown, 1), np.float64)


def condensed_ndcg_at(ranked: Ranked, judged: Sequence[IntArray], grades: Grades, k: int) -> Scores:
    """nDCG@k with gain 2^grade - 1 of the list without its unjudged rows: what was never judged is nobody's mistake.

    Too kind to a ranking that shows much that nobody judged; read it beside nDCG@k and judged@k.
    Source: Sakai, SIGIR 2007, "Alternatives to bpref", section 3.
    """
    return graded_ndcg_at(condensed(ranked, judged), judged, grades, k)


def condensed(ranked: Ranked, judged: Sequence[IntArray]) -> IntArray:
    """int64 (b, w): each list with only the rows that were judged, in their order, padded with -1."""
    kept, _ = hits_at(ranked, judged, _width(ranked))
    kept = kept[:, : np.shape(ranked)[1]]
    order = np.argsort(~kept, axis=1, kind="stable")
    rows = np.take_along_axis(np.asarray(ranked, np.int64), order, axis=1)
    return np.where(np.take_along_axis(kept, order, axis=1), rows, -1)


def auc(ranked: Ranked, scores: Scores, judged: Sequence[IntArray], grades: Grades) -> Scores:
    """The chance that a relevant row scores above an irrelevant one, both of them judged; a tie counts half.

    scores float64 (b, w) beside `ranked`. Judged rows outside the list score below all that are in it, and tie with one
    another. A query whose judged rows are all relevant, or none of them, gets NaN.
    Source: Hanley, McNeil, Radiology 1982: the Mann-Whitney statistic over the number of pairs.
    """
    lines = zip(np.asarray(ranked, np.int64), scores, judged, grades, strict=True)
    return np.array([_auc(*line) for line in lines], np.float64)


def _auc(rows: IntArray, scores: Scores, judged: IntArray, grades: Scores) -> float:
    score_of = dict(zip(rows.tolist(), scores.tolist(), strict=True))
    own = np.array([score_of.get(row, -np.inf) for row in judged.tolist()], np.float64)
    relevant, others = own[grades > 0], np.sort(own[grades <= 0])
    if not len(relevant) or not len(others):
        return float("nan")
    below = others.searchsorted(relevant, "left") + others.searchsorted(relevant, "right")
    return float(below.mean() / 2 / len(others))


def _width(ranked: Ranked) -> int:
    """The lists' length, at least 1."""
    return max(int(np.shape(ranked)[1]), 1)
