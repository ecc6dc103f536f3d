"""Claims:

1. each metric is its formula, on a world worked out by hand.
2. each metric agrees with an independent library to 1e-6 on random rankings: trec_eval, ir_measures, and for AUC the
   Mann-Whitney statistic of scipy.
3. recall divides by all that is relevant, capped recall by what could stand in the first k.
4. what nobody judged is taken out of the condensed list, and of nothing else.
5. judged products that were not found tie below all others; queries with one kind of judgment have no AUC.
6. empty lists, and no queries, give numbers and no error.
"""

from math import log2

import ir_measures
import numpy as np
import pytest
import pytrec_eval
from scipy.stats import mannwhitneyu

from shopkeeper.measure import ranking
from shopkeeper.measure.judged import (
    auc,
    average_precision,
    condensed,
    condensed_ndcg_at,
    f1_at,
    judged_at,
    recall_at,
    reciprocal_rank,
)
from shopkeeper.measure.ranking import Ranked, Scores, graded_ndcg_at
from shopkeeper.types import IntArray
from tests.measure.test_ranking import trec, wanted

RANKED = np.array([[3, 1, 4, 8], [9, 2, 6, -1]])
RELEVANT = wanted([1, 4, 7, 8], [0])
JUDGED = wanted([1, 4, 7, 8, 3], [0, 6])
GRADES = [np.array([1.0, 3.0, 2.0, 1.0, 0.0]), np.array([2.0, 0.0])]


def test_recall_divides_by_all_that_is_relevant_and_capped_recall_by_what_could_stand_there() -> None:
    assert recall_at(RANKED, RELEVANT, 2).tolist() == [1 / 4, 0 / 1]
    assert ranking.recall_at(RANKED, RELEVANT, 2).tolist() == [1 / 2, 0 / 1]


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    precision, recall = 2 / 3, 2 / 4
    assert f1_at(RANKED, RELEVANT, 3).tolist() == pytest.approx([2 * precision * recall / (precision + recall), 0])


def test_average_precision_adds_the_precision_at_each_relevant_place() -> None:
    assert average_precision(RANKED, RELEVANT).tolist() == pytest.approx([(1 / 2 + 2 / 3 + 3 / 4) / 4, 0])


def test_reciprocal_rank_is_of_the_whole_list() -> None:
    assert reciprocal_rank(RANKED, wanted([8], [6])).tolist() == [1 / 4, 1 / 3]


def test_judged_is_the_share_of_what_is_shown() -> None:
    assert judged_at(RANKED, JUDGED, 2).tolist() == [2 / 2, 0 / 2]
    assert judged_at(RANKED, JUDGED, 10).tolist() == [4 / 4, 1 / 3]


def test_the_condensed_list_leaves_out_what_nobody_judged() -> None:
    assert condensed(RANKED, JUDGED).tolist() == [[3, 1, 4, 8], [6, -1, -1, -1]]
    assert condensed(RANKED, wanted([8, 3], [])).tolist() == [[3, 8, -1, -1], [-1, -1, -1, -1]]
    found = (2**1 - 1) / log2(2) + (2**3 - 1) / log2(3)
    ideal = (2**3 - 1) / log2(2) + (2**1 - 1) / log2(3)
    ranked, grades = np.array([[5, 1, 6, 4]]), [np.array([1.0, 3.0])]
    assert condensed_ndcg_at(ranked, wanted([1, 4]), grades, 10) == pytest.approx([found / ideal])


def test_auc_counts_pairs_and_what_was_not_found_ties_below_all() -> None:
    scores: Scores = np.array([[0.9, 0.8, 0.8, 0.1], [0.5, 0.4, 0.3, 0.0]])
    judged, grades = wanted([3, 1, 4, 7, 9]), [np.array([0.0, 1.0, 2.0, 1.0, 0.0])]
    # relevant 1 and 4 score .8, 7 was not found; irrelevant 3 scores .9, 9 was not found
    assert auc(RANKED[:1], scores[:1], judged, grades).tolist() == pytest.approx([(0 + 0 + 0 + 1 + 1 + 0.5) / 6])
    one_kind = auc(RANKED, scores, wanted([3], [9]), [np.array([0.0]), np.array([3.0])])
    assert np.isnan(one_kind).all()


def test_empty_lists_and_no_queries_are_no_error() -> None:
    nothing, none = np.empty((1, 0), np.int64), np.empty((0, 3), np.int64)
    target, grades = wanted([4]), [np.array([1.0])]
    values = [average_precision(nothing, target), reciprocal_rank(nothing, target), judged_at(nothing, target, 5)]
    values += [recall_at(nothing, target, 5), f1_at(nothing, target, 5), condensed_ndcg_at(nothing, target, grades, 5)]
    assert [value.tolist() for value in values] == [[0.0]] * 6
    assert len(average_precision(none, [])) == len(auc(none, np.empty((0, 3)), [], [])) == 0


class World:
    """200 queries over 60 products: lists of at most 20, scores that tie, 6 to 40 judged products, grades 0 to 3."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.ranked: Ranked = np.stack([rng.permutation(60)[:20] for _ in range(200)])
        self.ranked[np.arange(20) >= rng.integers(4, 21, size=(200, 1))] = -1
        self.scores: Scores = -np.sort(-rng.integers(0, 9, size=(200, 20)).astype(np.float64), axis=1)
        self.judged: list[IntArray] = [rng.permutation(60)[: rng.integers(6, 41)] for _ in range(200)]
        self.grades: list[Scores] = [rng.integers(0, 4, size=len(own)).astype(np.float64) for own in self.judged]
        for grades in self.grades:
            grades[:2] = 0, 2
        self.relevant = [own[grades > 0] for own, grades in zip(self.judged, self.grades, strict=True)]
        pairs = list(zip(self.judged, self.grades, strict=True))
        self.qrel = {
            f"u{query}": {f"p{row}": int(grade) for row, grade in zip(rows.tolist(), grades.tolist(), strict=True)}
            for query, (rows, grades) in enumerate(pairs)
        }
        self.run = {
            f"u{query}": {f"p{row}": float(-place) for place, row in enumerate(line) if row >= 0}
            for query, line in enumerate(self.ranked.tolist())
        }
        self.gains = {
            query: {row: 2**grade - 1 for row, grade in grades.items()} for query, grades in self.qrel.items()
        }


@pytest.mark.parametrize("k", [1, 5, 10, 20])
def test_metrics_of_relevant_products_agree_with_trec_eval(k: int) -> None:
    world = World(k)
    recall, precision = (trec(world.ranked, world.qrel, f"{name}.{k}", k) for name in ("recall", "P"))
    assert recall_at(world.ranked, world.relevant, k) == pytest.approx(recall, abs=1e-6)
    harmonic = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    assert f1_at(world.ranked, world.relevant, k) == pytest.approx(harmonic, abs=1e-6)
    whole = (world.ranked >= 0).sum(axis=1) >= k  # trec_eval's F divides by what was retrieved, not by k
    of_set = trec(world.ranked, world.qrel, "set_F", k)
    assert f1_at(world.ranked, world.relevant, k)[whole] == pytest.approx(of_set[whole], abs=1e-6)
    assert average_precision(world.ranked, world.relevant) == pytest.approx(
        trec(world.ranked, world.qrel, "map", 20), abs=1e-6
    )
    assert reciprocal_rank(world.ranked, world.relevant) == pytest.approx(
        trec(world.ranked, world.qrel, "recip_rank", 20), abs=1e-6
    )


@pytest.mark.parametrize("k", [1, 5, 10, 20])
def test_ndcg_and_condensed_ndcg_agree_with_trec_eval_given_the_same_gains(k: int) -> None:
    world = World(100 + k)
    assert graded_ndcg_at(world.ranked, world.judged, world.grades, k) == pytest.approx(
        trec(world.ranked, world.gains, f"ndcg_cut.{k}", k), abs=1e-6
    )
    evaluator = pytrec_eval.RelevanceEvaluator(world.gains, {f"ndcg_cut.{k}"}, judged_docs_only_flag=True)
    theirs = evaluator.evaluate(world.run)
    ours = condensed_ndcg_at(world.ranked, world.judged, world.grades, k)
    assert ours == pytest.approx([theirs[f"u{query}"][f"ndcg_cut_{k}"] for query in range(200)], abs=1e-6)


@pytest.mark.parametrize("k", [1, 5, 10, 20])
def test_judged_agrees_with_ir_measures(k: int) -> None:
    world = World(200 + k)
    found = ir_measures.iter_calc([ir_measures.Judged @ k], world.qrel, world.run)
    theirs = {metric.query_id: metric.value for metric in found}
    ours = judged_at(world.ranked, world.judged, k)
    assert ours == pytest.approx([theirs[f"u{query}"] for query in range(200)], abs=1e-6)


def test_auc_agrees_with_the_mann_whitney_statistic() -> None:
    world = World(300)
    ours = auc(world.ranked, world.scores, world.judged, world.grades)
    for query in range(200):
        found = dict(zip(world.ranked[query].tolist(), world.scores[query].tolist(), strict=True))
        own = np.array([found.get(row, -1.0) if row >= 0 else -1.0 for row in world.judged[query].tolist()])
        relevant, others = own[world.grades[query] > 0], own[world.grades[query] <= 0]
        statistic = mannwhitneyu(relevant, others, method="asymptotic").statistic
        assert ours[query] == pytest.approx(statistic / (len(relevant) * len(others)), abs=1e-6)
