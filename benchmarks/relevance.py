"""What judged pairs teach: products of queries that nobody judged before, in the order that people would give them.

    python -m benchmarks.relevance --data FOLDER [--models adapted cross] [--shares .25 .5] [--write]

7,361 pairs of CrowdFlower, titles alone, 186 queries in folds by query: what is said of a query was learnt from others.
nDCG@10 with gain 2^(y - 1) - 1 of the median y of 1 to 4, Spearman's correlation of score and y (both means over
queries), and the quadratic weighted kappa of grades: of a fold's pairs, best scores first, each grade gets the share
that it has in the other folds.

bm25, frozen, zero_shot  without labels: words; the encoder as it comes; the packaged cross-encoder as it comes. The
                         best of them is `before`.
coverage, feedback       without labels too: the share of the query's words, by rarity; the frozen encoder with its
                         query moved towards the mean of the 30 titles that it finds first
stacked                  ridge regression of the grade on these five
adapted                  the encoder, taught the grades and the margins of the untouched cross-encoder
cross                    the cross-encoder, taught the grades
cross_feedback           the sum of cross and feedback, each standardised within the query: nothing more is learnt

`after` is the best of the last four on the queries whose hash is even (`validation`), on which the loss was chosen too;
`test` has the others. `curve` is nDCG@10 by the share of the training queries: of stacked the mean of ten drawings, of
cross (`--shares`, minutes each) with as many steps a query. The interval is a paired bootstrap over queries, 95 %; one
seed. Needs the package that `shopkeeper.encode.reranker` names.
"""

import argparse
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from scipy.stats import spearmanr

from benchmarks.judged import Judged, K, Values, crowdflower
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.corpus import Judgements
from shopkeeper.encode.weights import choose, find
from shopkeeper.measure.ranking import graded_ndcg_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.types import FloatArray, IntArray

log = logging.getLogger("benchmarks.relevance")
STEPS, PENALTY, DRAWINGS = 40, 10.0, 10
METHOD: Mapping[str, Mapping[str, Any]] = {
    "together": {"layers": 4, "learning_rate": 1e-4},
    "apart": {"layers": 3, "learning_rate": 1e-4},
}
UNTAUGHT = ("bm25", "frozen", "zero_shot")
SIGNALS = (*UNTAUGHT, "coverage", "feedback")
READS: Mapping[str, str] = {"adapted": "apart", "cross": "together"}


class Pairs:
    """All judged pairs side by side: query and product by number, grade, and what each system says of them."""

    def __init__(self, judged: Judged, folds: int, seed: int) -> None:
        self.judged = judged
        self.query = np.repeat(np.arange(len(judged.queries)), [len(rows) for rows in judged.rows])
        self.row, self.grade = np.concatenate(judged.rows), np.concatenate(judged.grades)
        self.places = [np.flatnonzero(self.query == number) for number in range(len(judged.queries))]
        places = np.random.default_rng(seed).permutation(len(judged.queries))
        self.fold = np.empty(len(places), np.int64)
        self.fold[places] = np.arange(len(places)) % folds
        self.said: dict[str, FloatArray] = {}

    def texts(self, places: IntArray) -> tuple[list[str], list[str]]:
        """The queries and the titles of some pairs."""
        queries = [self.judged.queries[number] for number in self.query[places].tolist()]
        return queries, [self.judged.titles[row] for row in self.row[places].tolist()]

    def by_query(self, said: FloatArray) -> dict[str, Values]:
        """nDCG@10 and Spearman's correlation of each query."""
        ranked = [np.argsort(-said[own], kind="stable")[None] for own in self.places]
        pairs = zip(ranked, self.places, strict=True)
        ndcg = [graded_ndcg_at(order, [np.arange(len(own))], [self.grade[own]], K)[0] for order, own in pairs]
        pairs = zip(ranked, self.places, strict=True)
        rank = [_spearman(said[own], self.grade[own]) for _, own in pairs]
        return {"ndcg": np.array(ndcg), "spearman": np.array(rank)}

    def kappa(self, said: FloatArray) -> float:
        """Quadratic weighted kappa of the grades that the scores of each fold are given, over all pairs."""
        given = np.empty_like(self.grade)
        for number in range(int(self.fold.max()) + 1):
            own = self.fold[self.query] == number
            shares = np.cumsum(np.bincount(self.grade[~own], minlength=4)) / (~own).sum()
            ranks = np.argsort(np.argsort(said[own], kind="stable"), kind="stable")
            given[own] = np.searchsorted(shares, (ranks + 0.5) / own.sum())
        return weighted_kappa(given, self.grade)

    def standard(self, said: FloatArray) -> FloatArray:
        """Scores less their mean, in units of their deviation, within each query."""
        found = np.empty(len(said), np.float32)
        for own in self.places:
            found[own] = (said[own] - said[own].mean()) / max(float(said[own].std()), 1e-6)
        return found


def weighted_kappa(one: IntArray, other: IntArray) -> float:
    """1 less the mean square difference of two gradings, over that of the same grades paired at random.

    Source: Cohen, "Weighted kappa", Psychological Bulletin 1968.
    """
    seen = float(((one - other) ** 2).mean())
    chance = float(((one[:, None] - np.unique(other)) ** 2 * _shares(other)).sum(axis=1).mean())
    return 1 - seen / chance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of CrowdFlower's pairs")
    parser.add_argument("--models", nargs="*", choices=sorted(READS), default=sorted(READS), help="that are taught")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument(
        "--shares", type=float, nargs="*", default=[], help="of the training queries: the curve of cross"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the figures to docs/benchmarks/relevance.md")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    figures = measured(Pairs(crowdflower(asked.data), asked.folds, asked.seed), asked)
    if asked.write:
        write("relevance", __doc__ or "", figures, figures["data_hash"])
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def measured(pairs: Pairs, asked: argparse.Namespace) -> dict[str, Any]:
    """A row a system, the best with labels against the best without, and the learning curve."""
    started = time.process_time()
    without_labels(pairs)
    pairs.said["stacked"] = stacked(pairs, 1.0, asked.seed)
    log.info("%s", {name: row_of(pairs, name) for name in pairs.said})
    seconds = {"without_labels": time.process_time() - started}
    for name in asked.models:
        begun = time.process_time()
        pairs.said[name] = _taught(pairs, READS[name], 1.0, asked)
        seconds[name] = time.process_time() - begun
        log.info("%s=%s", name, row_of(pairs, name))
    if "cross" in pairs.said:
        pairs.said["cross_feedback"] = pairs.standard(pairs.said["cross"]) + pairs.standard(pairs.said["feedback"])
    curve = {"stacked": {str(share): _of_stacked(pairs, share) for share in (0.1, 0.25, 0.5, 1.0)}, "cross": {}}
    for share in asked.shares:
        taught = _taught(pairs, "together", share, asked)
        curve["cross"][str(share)] = round(float(pairs.by_query(taught)["ndcg"].mean()), 4)
    found = {name: pairs.by_query(pairs.said[name])["ndcg"] for name in pairs.said}
    half = pairs.judged.validation
    before = max(UNTAUGHT, key=lambda name: float(found[name].mean()))
    after = max(found.keys() - set(SIGNALS), key=lambda name: float(found[name][half].mean()))
    lead = paired_bootstrap(found[after], found[before])
    return {
        "benchmark": "relevance",
        "queries": len(pairs.places),
        "pairs": len(pairs.query),
        "best_without_labels": before,
        "best_with_labels": after,
        "before": float(found[before].mean()),
        "after": float(found[after].mean()),
        "gain": lead.mean,
        "interval": [lead.low, lead.high],
        "gain_over_feedback": float((found[after] - found["feedback"]).mean()),
        "cpu_s": time.process_time() - started,
        "seconds": seconds,
        "systems": {name: row_of(pairs, name) for name in pairs.said},
        "curve": curve,
        "data_hash": pairs.judged.data_hash,
    }


def without_labels(pairs: Pairs) -> None:
    import torch

    from shopkeeper.encode.bm25 import Bm25
    from shopkeeper.encode.coverage import Coverage
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.reranker import packaged
    from shopkeeper.encode.teacher import ByFeedback

    judged, at = pairs.judged, (pairs.query, pairs.row)
    model = TextModel.load(find(choose("auto", judged.titles)))
    queries, products = model.vectors(judged.queries, "query"), model.vectors(judged.titles, "passage")
    teacher = ByFeedback(judged.corpus.fields, torch.from_numpy(products), weight=0.0, feedback=1.0)
    pairs.said["bm25"] = Bm25(judged.corpus.fields).scores(judged.queries)[at]
    pairs.said["coverage"] = Coverage(judged.corpus.fields).scores(judged.queries)[at]
    pairs.said["frozen"] = (queries @ products.T)[at]
    pairs.said["feedback"] = teacher.scores(judged.queries, torch.from_numpy(queries)).numpy()[at]
    pairs.said["zero_shot"] = packaged().scores(*pairs.texts(np.arange(len(pairs.query))))


def stacked(pairs: Pairs, share: float, seed: int) -> FloatArray:
    """Ridge regression of the grade on what is known without labels, from a share of the training queries."""
    table = np.stack([pairs.said[name] for name in SIGNALS], axis=1).astype(np.float64)
    found = np.empty(len(table), np.float32)
    for number in range(int(pairs.fold.max()) + 1):
        own, known = pairs.fold[pairs.query] == number, np.isin(pairs.query, _drawn(pairs, number, share, seed))
        scaled = (table - table[known].mean(axis=0)) / table[known].std(axis=0)
        grades = pairs.grade[known] - pairs.grade[known].mean()
        square = scaled[known].T @ scaled[known] + PENALTY * np.eye(table.shape[1])
        found[own] = scaled[own] @ np.linalg.solve(square, scaled[known].T @ grades)
    return found


def _of_stacked(pairs: Pairs, share: float) -> float:
    said = [stacked(pairs, share, seed) for seed in range(DRAWINGS if share < 1 else 1)]
    return round(float(np.mean([pairs.by_query(each)["ndcg"].mean() for each in said])), 4)


def _drawn(pairs: Pairs, number: int, share: float, seed: int) -> IntArray:
    """A share of the queries outside a fold."""
    others = np.flatnonzero(pairs.fold != number)
    return np.random.default_rng([seed, number]).permutation(others)[: round(share * len(others))]


def _taught(pairs: Pairs, reads: str, share: float, asked: argparse.Namespace) -> FloatArray:
    """What is said of each fold by a model that learnt from a share of the queries of the others."""
    found = np.empty(len(pairs.query), np.float32)
    for number in range(asked.folds):
        drawn = _drawn(pairs, number, share, asked.seed)
        own = np.flatnonzero(pairs.fold[pairs.query] == number)
        found[own] = _learnt(pairs, reads, np.flatnonzero(np.isin(pairs.query, drawn)), own, round(share * STEPS))
        log.info("reads=%s share=%s fold=%d queries=%d", reads, share, number, len(drawn))
    return found


def _learnt(pairs: Pairs, reads: str, known: IntArray, own: IntArray, steps: int) -> FloatArray:
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.reranker import packaged
    from shopkeeper.encode.training import Schedule, train

    cross = packaged() if reads == "together" else None
    model = cross.model if cross else TextModel.load(find(choose("auto", pairs.judged.titles)))
    margins = pairs.said["zero_shot"][known] if cross is None else None
    judgements = Judgements(pairs.texts(known)[0], pairs.row[known], pairs.grade[known], margins)
    task = _to_the_end(reads, cross)
    method = plugins.load("method", "frozen")
    schedule = Schedule(steps=steps, every=steps, head_rate=1e-4)
    corpus = replace(pairs.judged.corpus, judged=judgements)
    train(model, method(method.Settings(**METHOD[reads])), task, corpus, schedule)
    if cross:
        return cross.scores(*pairs.texts(own))
    queries, products = pairs.texts(own)
    return np.asarray((model.vectors(queries, "query") * model.vectors(products, "passage")).sum(axis=1), np.float32)


def _to_the_end(reads: str, cross: Any) -> Any:
    """The task for a fixed number of steps: it holds out a query at most, and what was learnt last counts."""
    relevance = plugins.load("task", "relevance")

    class ToTheEnd(relevance):  # type: ignore[misc, valid-type]  # a plug-in's class is known when it is loaded
        measurements = 0

        def score(self, model: Any) -> float:
            self.measurements += 1
            return float(self.measurements)

    return ToTheEnd(relevance.Settings(reads=reads, held_out=1e-6), cross)


def row_of(pairs: Pairs, name: str) -> dict[str, float]:
    values, half = pairs.by_query(pairs.said[name]), pairs.judged.validation
    return {
        "ndcg": round(float(values["ndcg"].mean()), 4),
        "validation": round(float(values["ndcg"][half].mean()), 4),
        "test": round(float(values["ndcg"][~half].mean()), 4),
        "spearman": round(float(values["spearman"].mean()), 4),
        "kappa": round(pairs.kappa(pairs.said[name]), 4),
    }


def _spearman(said: FloatArray, grades: IntArray) -> float:
    return float(spearmanr(said, grades)[0]) if np.ptp(grades) > 0 and np.ptp(said) > 0 else 0.0


def _shares(grades: IntArray) -> Values:
    _, counts = np.unique(grades, return_counts=True)
    return np.asarray(counts / counts.sum(), np.float64)


if __name__ == "__main__":
    main()
