"""Claims:
1. Each metric is its formula, on a world of three users worked out by hand.
2. Each metric agrees with trec_eval to 1e-6 on random rankings, after translating the one denominator that differs.
3. A user without targets is NaN; padding and positions beyond the list are misses; repeated targets count once.
4. Graded nDCG has gain 2^grade - 1 and an ideal list cut at k.
5. Rankings and targets of different users, k below 1, and padded targets are refused.
"""

from collections.abc import Callable
from math import log2
from typing import Any

import numpy as np
import pytest
import pytrec_eval

from shopkeeper.measure.ranking import (
    Ranked,
    Scores,
    graded_ndcg_at,
    hit_at,
    hits_at,
    mrr_at,
    ndcg_at,
    precision_at,
    recall_at,
)
from shopkeeper.types import IntArray

METRICS = (recall_at, precision_at, hit_at, mrr_at, ndcg_at)


def wanted(*users: list[int]) -> list[IntArray]:
    return [np.array(user, np.int64) for user in users]


RANKED = np.array([[3, 1, 4], [9, 2, 6], [5, 3, -1]])
TARGETS = wanted([1, 4, 7, 8], [0], [5])


def test_recall_divides_by_what_could_be_found() -> None:
    assert recall_at(RANKED, TARGETS, 3).tolist() == [2 / min(3, 4), 0 / 1, 1 / 1]
    assert recall_at(RANKED, TARGETS, 1).tolist() == [0 / 1, 0 / 1, 1 / 1]


def test_precision_divides_by_k_even_for_a_shorter_list() -> None:
    assert precision_at(RANKED, TARGETS, 3).tolist() == [2 / 3, 0 / 3, 1 / 3]
    assert precision_at(RANKED, TARGETS, 5).tolist() == [2 / 5, 0 / 5, 1 / 5]


def test_hit_is_whether_any_target_was_found() -> None:
    assert hit_at(RANKED, TARGETS, 3).tolist() == [1, 0, 1]
    assert hit_at(RANKED, TARGETS, 1).tolist() == [0, 0, 1]


def test_mrr_is_one_over_the_first_rank_within_k() -> None:
    assert mrr_at(RANKED, TARGETS, 3).tolist() == [1 / 2, 0, 1 / 1]
    assert mrr_at(RANKED, TARGETS, 1).tolist() == [0, 0, 1]


def test_ndcg_discounts_by_log2_of_rank_plus_one_over_an_ideal_list_cut_at_k_and_at_the_targets() -> None:
    first = (1 / log2(3) + 1 / log2(4)) / (1 / log2(2) + 1 / log2(3) + 1 / log2(4))
    assert ndcg_at(RANKED, TARGETS, 3) == pytest.approx([first, 0, 1])
    second = (1 / log2(3)) / (1 / log2(2) + 1 / log2(3))
    assert ndcg_at(RANKED, TARGETS, 2) == pytest.approx([second, 0, 1])


def test_graded_ndcg_gains_two_to_the_grade_minus_one() -> None:
    grades = [np.array([3, 1, 2])]
    dcg = (2**1 - 1) / log2(2) + 0 / log2(3) + (2**3 - 1) / log2(4)
    ideal = (2**3 - 1) / log2(2) + (2**2 - 1) / log2(3) + (2**1 - 1) / log2(4)
    assert graded_ndcg_at(np.array([[6, 0, 5]]), wanted([5, 6, 7]), grades, 3) == pytest.approx([dcg / ideal])
    ideal_at_1 = 2**3 - 1
    assert graded_ndcg_at(np.array([[6, 0, 5]]), wanted([5, 6, 7]), grades, 1) == pytest.approx([1 / ideal_at_1])


def test_graded_ndcg_of_ones_is_binary_ndcg_and_of_zeros_is_nan() -> None:
    ones = [np.ones(len(target)) for target in TARGETS]
    assert graded_ndcg_at(RANKED, TARGETS, ones, 3) == pytest.approx(ndcg_at(RANKED, TARGETS, 3))
    assert np.isnan(graded_ndcg_at(np.array([[1]]), wanted([1]), [np.zeros(1)], 1)).all()


@pytest.mark.parametrize("metric", METRICS)
def test_a_user_without_targets_is_nan_and_the_others_are_untouched(metric: Callable[..., Any]) -> None:
    with_nobody = metric(np.array([[1, 2], [3, 4]]), wanted([], [4]), 2)
    assert np.isnan(with_nobody[0])
    assert with_nobody[1] == metric(np.array([[3, 4]]), wanted([4]), 2)[0]


@pytest.mark.parametrize("metric", METRICS)
def test_padding_never_hits_and_repeated_targets_count_once(metric: Callable[..., Any]) -> None:
    assert metric(np.array([[-1, -1]]), wanted([0, 1]), 2).tolist() == [0.0]
    once, twice = wanted([7, 1]), wanted([7, 7, 1])
    assert metric(np.array([[7, 2]]), twice, 2) == metric(np.array([[7, 2]]), once, 2)


def test_one_users_target_is_no_hit_for_another() -> None:
    hits, sizes = hits_at(np.array([[1, 2], [1, 2]]), wanted([1], [2, 3]), 2)
    assert hits.tolist() == [[True, False], [False, True]]
    assert sizes.tolist() == [1, 2]


def test_no_users_give_no_numbers() -> None:
    assert [len(metric(np.empty((0, 3), np.int64), [], 3)) for metric in METRICS] == [0] * 5


def test_other_users_and_a_senseless_k_are_refused() -> None:
    with pytest.raises(ValueError, match="ranked has 1 users, targets 2: they must be the same users"):
        recall_at(np.array([[1]]), wanted([1], [2]), 1)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        recall_at(np.array([[1]]), wanted([1]), 0)
    with pytest.raises(ValueError, match="targets hold the row -1: only the ranking is padded"):
        recall_at(np.array([[1], [1]]), wanted([1], [-1]), 1)


def random_world(seed: int) -> tuple[Ranked, list[IntArray]]:
    """300 users, lists of 20 out of 60 products of which some are cut short, 1 to 30 targets."""
    rng = np.random.default_rng(seed)
    ranked = np.stack([rng.permutation(60)[:20] for _ in range(300)])
    ranked[np.arange(20) >= rng.integers(5, 21, size=(300, 1))] = -1
    return ranked, [rng.permutation(60)[: rng.integers(1, 31)].astype(np.int64) for _ in range(300)]


def trec(ranked: Ranked, qrel: dict[str, dict[str, int]], measure: str, k: int) -> Scores:
    """trec_eval's numbers for lists cut at k, in the order of the users."""
    run = {
        f"u{user}": {f"p{row}": float(-place) for place, row in enumerate(line[:k]) if row >= 0}
        for user, line in enumerate(ranked)
    }
    scored = pytrec_eval.RelevanceEvaluator(qrel, {measure}).evaluate(run)
    key = measure.replace(".", "_")
    return np.array([scored[f"u{user}"][key] for user in range(len(ranked))])


@pytest.mark.parametrize("k", [1, 5, 10, 20])
def test_every_binary_metric_agrees_with_trec_eval(k: int) -> None:
    ranked, targets = random_world(k)
    qrel = {f"u{user}": {f"p{row}": 1 for row in target} for user, target in enumerate(targets)}
    sizes = np.array([len(target) for target in targets])
    capped = trec(ranked, qrel, f"recall.{k}", k) * sizes / np.minimum(sizes, k)
    assert recall_at(ranked, targets, k) == pytest.approx(capped, abs=1e-6)
    assert precision_at(ranked, targets, k) == pytest.approx(trec(ranked, qrel, f"P.{k}", k), abs=1e-6)
    assert ndcg_at(ranked, targets, k) == pytest.approx(trec(ranked, qrel, f"ndcg_cut.{k}", k), abs=1e-6)
    assert mrr_at(ranked, targets, k) == pytest.approx(trec(ranked, qrel, "recip_rank", k), abs=1e-6)
    assert hit_at(ranked, targets, k) == pytest.approx(trec(ranked, qrel, f"success.{k}", k), abs=1e-6)


@pytest.mark.parametrize("k", [1, 5, 10, 20])
def test_graded_ndcg_agrees_with_trec_eval_given_the_same_gains(k: int) -> None:
    ranked, targets = random_world(100 + k)
    rng = np.random.default_rng(k)
    grades = [rng.integers(0, 4, size=len(target)) for target in targets]
    qrel = {
        f"u{user}": {f"p{row}": int(2**grade - 1) for row, grade in zip(target, grades[user], strict=True)}
        for user, target in enumerate(targets)
    }
    ours = graded_ndcg_at(ranked, targets, grades, k)
    theirs = trec(ranked, qrel, f"ndcg_cut.{k}", k)
    judged = ~np.isnan(ours)
    assert judged.sum() > 250
    assert ours[judged] == pytest.approx(theirs[judged], abs=1e-6)
