"""How well a ranking finds what a shopper then wanted: one number a user, float64 (b,).

`ranked` int (b, w) holds rows best first, unique within a line, padded with -1; positions beyond w count as misses.
`targets` holds each user's wanted rows in the same order; repeated targets count once. A user without targets cannot
be judged and gets NaN in every metric: **the caller leaves those users out** (`values[~np.isnan(values)]`) and says how
many they were; the statistics refuse NaN.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.types import BoolArray, IntArray

Ranked = NDArray[np.integer[Any]]
Scores = NDArray[np.float64]


def hits_at(ranked: Ranked, targets: Sequence[IntArray], k: int) -> tuple[BoolArray, IntArray]:
    """Whether each of the first k positions holds a target, bool (b, k), and the number of targets, int64 (b,).

    Raises ValueError where the two have different lengths or k is not positive.
    """
    gains, sizes = _gains_at(ranked, targets, None, k)
    return gains > 0, sizes


def recall_at(ranked: Ranked, targets: Sequence[IntArray], k: int) -> Scores:
    """Share of the findable targets that stand in the first k: hits / min(k, targets).

    The denominator is min(k, targets), so that a perfect list always scores 1 (RecTools, Gorse and the next-basket
    literature call this capped recall); trec_eval's recall divides by all targets and cannot reach 1 for large ones.
    """
    hits, sizes = hits_at(ranked, targets, k)
    return divided(hits.sum(axis=1), np.minimum(sizes, k), sizes)


def precision_at(ranked: Ranked, targets: Sequence[IntArray], k: int) -> Scores:
    """Share of the first k positions that hold a target: hits / k. A list shorter than k is not excused.

    Source: trec_eval's P_k.
    """
    hits, sizes = hits_at(ranked, targets, k)
    return divided(hits.sum(axis=1), np.full(len(sizes), k), sizes)


def hit_at(ranked: Ranked, targets: Sequence[IntArray], k: int) -> Scores:
    """1 where any target stands in the first k, else 0. Source: trec_eval's success_k."""
    hits, sizes = hits_at(ranked, targets, k)
    return divided(hits.max(axis=1, initial=False), np.ones(len(sizes)), sizes)


def mrr_at(ranked: Ranked, targets: Sequence[IntArray], k: int) -> Scores:
    """1 / rank of the first target within the first k, rank from 1; 0 where there is none.

    Source: Voorhees, TREC-8 1999; trec_eval's recip_rank of the list cut at k.
    """
    hits, sizes = hits_at(ranked, targets, k)
    return divided(hits.max(axis=1, initial=False), hits.argmax(axis=1) + 1, sizes)


def ndcg_at(ranked: Ranked, targets: Sequence[IntArray], k: int) -> Scores:
    """Binary nDCG: the sum over hits of 1 / log2(rank + 1), over that of the best list.

    The best list has min(k, targets) hits at its top: it is cut at k and at the number of targets.
    Source: Jaervelin, Kekaelaeinen, TOIS 2002, with the log2(rank + 1) discount of trec_eval's ndcg_cut_k.
    """
    return _ndcg(ranked, targets, None, k)


def graded_ndcg_at(ranked: Ranked, targets: Sequence[IntArray], grades: Sequence[NDArray[Any]], k: int) -> Scores:
    """nDCG with gain 2^grade - 1; `grades` holds a grade for each target, in the same order.

    A row that is no target has grade 0, and a user whose grades are all 0 gets NaN like one without targets. Targets
    must be unique. Not comparable with trec_eval's ndcg on the same grades, whose gain is the grade itself.
    Source: Burges et al., ICML 2005, section 5.
    """
    return _ndcg(ranked, targets, [np.exp2(np.asarray(grade, np.float64)) - 1 for grade in grades], k)


def _ndcg(ranked: Ranked, targets: Sequence[IntArray], worth: Sequence[Scores] | None, k: int) -> Scores:
    gains, sizes = _gains_at(ranked, targets, worth, k)
    discounts = 1 / np.log2(np.arange(2, k + 2))
    if worth is None:
        best = np.concatenate(([0.0], np.cumsum(discounts)))[np.minimum(sizes, k)]
    else:
        tops = [np.sort(gain)[::-1][:k] for gain in worth]
        best = np.array([float(top @ discounts[: len(top)]) for top in tops])
    return divided(gains @ discounts, best, best)


def _gains_at(
    ranked: Ranked, targets: Sequence[IntArray], worth: Sequence[Scores] | None, k: int
) -> tuple[Scores, IntArray]:
    """The gain at each of the first k positions, float64 (b, k), 1 a target without `worth`; and targets a user."""
    if len(ranked) != len(targets):
        raise ValueError(f"ranked has {len(ranked)} users, targets {len(targets)}: they must be the same users")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    b, lengths = len(targets), [len(wanted) for wanted in targets]
    wanted = np.concatenate([np.empty(0, np.int64), *targets]).astype(np.int64)
    top = np.asarray(ranked, np.int64)[:, :k]
    if wanted.min(initial=0) < 0:
        raise ValueError(f"targets hold the row {wanted.min()}: only the ranking is padded")
    span = max(int(wanted.max(initial=0)), int(top.max(initial=0))) + 1
    keys, first = np.unique(np.repeat(np.arange(b), lengths) * span + wanted, return_index=True)
    gains = np.zeros((b, k))
    if len(keys):
        value = np.ones(len(keys)) if worth is None else np.concatenate(list(worth))[first]
        asked = np.arange(b)[:, None] * span + top
        at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        gains[:, : top.shape[1]] = np.where((keys[at] == asked) & (top >= 0), value[at], 0.0)
    return gains, np.bincount(keys // span, minlength=b).astype(np.int64)


def divided(parts: NDArray[Any], wholes: NDArray[Any], judged: NDArray[Any]) -> Scores:
    """parts / wholes, NaN where there is nothing to judge by."""
    shares: Scores = np.divide(parts, wholes, out=np.full(len(wholes), np.nan), where=judged > 0)
    return shares
