"""The order of judged pairs by everything a search knows of them, against every single signal.

    python -m benchmarks.search_rerank --data FOLDER [--write]

7,361 pairs of CrowdFlower, titles alone, 186 queries in five folds by query: what ranks a query learnt from others.
nDCG@10 with gain 2^(y - 1) - 1 of the median y of 1 to 4, `spearman` the mean over queries of the correlation of score
and y, `kappa` the quadratic weighted kappa of grades given by share (see benchmarks/relevance.py).

bm25, coverage, frozen, feedback, zero_shot   single signals, without labels: words; the share of words held, by rarity;
              the encoder as it comes; the same with its query moved towards what it finds first; the packaged
              cross-encoder as it comes
blend         the shop's ranker `blend` over the five, each from 0 to 1 within its query
trees         the shop's ranker `lambdarank` over the five, as they are and from 0 to 1 within their query
linear        ridge regression of the grade on the five
full          the sum of trees and linear, each standardised over all pairs, so that queries can be compared

`lead` is full's less the best single signal's, a paired bootstrap over queries, 95 %. Queries whose hash is even are
`validation`, on which the parts were chosen. Needs the package that `shopkeeper.encode.reranker` names.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.judged import crowdflower
from benchmarks.page import write
from benchmarks.relevance import SIGNALS, Pairs, row_of, stacked, without_labels
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.rank.rankers.blend import Blend
from shopkeeper.rank.rankers.lambdarank import Lambdarank
from shopkeeper.types import Candidates, FeatureTable, FloatArray, IntArray

PARTS = ("trees", "linear")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of CrowdFlower's pairs")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the figures to docs/benchmarks/search_rerank.md")
    asked = parser.parse_args()
    figures = measured(Pairs(crowdflower(asked.data), asked.folds, asked.seed), asked.seed)
    if asked.write:
        write("search_rerank", __doc__ or "", figures, figures["data_hash"])
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def measured(pairs: Pairs, seed: int) -> dict[str, Any]:
    """A row a system, and the full ranker against the best single signal."""
    started = time.process_time()
    without_labels(pairs)
    ms = {"signals": _ms(pairs, started)}
    begun = time.process_time()
    raw = np.stack([pairs.said[name] for name in SIGNALS], axis=1).astype(np.float32)
    inside = np.stack([_inside(pairs, pairs.said[name]) for name in SIGNALS], axis=1)
    pairs.said["blend"] = _taught(pairs, _table("match", inside), lambda: Blend(Blend.Settings()))
    both = np.concatenate((raw, inside), axis=1)
    pairs.said["trees"] = _taught(pairs, _table("signals", both), lambda: Lambdarank(Lambdarank.Settings()))
    pairs.said["linear"] = stacked(pairs, 1.0, seed)
    parts = [(said - said.mean()) / said.std() for said in (pairs.said[name] for name in PARTS)]
    pairs.said["full"] = np.sum(parts, axis=0, dtype=np.float32)
    ms["rankers"] = _ms(pairs, begun)
    found = {name: pairs.by_query(pairs.said[name]) for name in pairs.said}
    best = max(SIGNALS, key=lambda name: float(found[name]["ndcg"].mean()))
    leads = {key: paired_bootstrap(found["full"][key], found[best][key]) for key in ("ndcg", "spearman")}
    full = row_of(pairs, "full")
    return {
        "benchmark": "search_rerank",
        "queries": len(pairs.places),
        "pairs": len(pairs.query),
        "ndcg@10": full["ndcg"],
        "spearman": full["spearman"],
        "kappa": full["kappa"],
        "best_signal": best,
        "lead": {key: [lead.mean, lead.low, lead.high] for key, lead in leads.items()},
        "parts": {name: row_of(pairs, name) for name in pairs.said},
        "ms_a_pair": ms,
        "cpu_s": time.process_time() - started,
        "data_hash": pairs.judged.data_hash,
    }


def _ms(pairs: Pairs, since: float) -> float:
    return round(1000 * (time.process_time() - since) / len(pairs.query), 3)


def _inside(pairs: Pairs, said: FloatArray) -> FloatArray:
    """Scores from 0, the least of their query, to 1, its best."""
    found = np.zeros(len(said), np.float32)
    for own in pairs.places:
        found[own] = (said[own] - said[own].min()) / max(float(np.ptp(said[own])), 1e-9)
    return found


def _table(file: str, values: FloatArray) -> FeatureTable:
    """The values as columns of a feature file."""
    return FeatureTable(tuple(f"{file}.{column}" for column in range(values.shape[1])), values)


def _taught(pairs: Pairs, table: FeatureTable, made: Callable[[], Blend | Lambdarank]) -> FloatArray:
    """What is said of each fold by a ranker that learnt from the others."""
    found = np.empty(len(pairs.query), np.float32)
    for number in range(int(pairs.fold.max()) + 1):
        own = np.flatnonzero(pairs.fold[pairs.query] == number)
        others = np.flatnonzero(pairs.fold[pairs.query] != number)
        sizes = np.unique(pairs.query[others], return_counts=True)[1]
        ranker = made()
        ranker.learn(
            table.take(others), pairs.grade[others].astype(np.float32), np.concatenate(([0], np.cumsum(sizes)))
        )
        found[own] = ranker.score(_candidates(own), table.take(own))
    return found


def _candidates(own: IntArray) -> Candidates:
    """The pairs as candidates of one request, offered by nobody: the table says all there is."""
    nothing = np.zeros((len(own), 0), np.float32)
    rows, fused = own.astype(np.int32), np.zeros(len(own), np.float32)
    return Candidates(np.array([0, len(own)], np.int64), rows, (), nothing, nothing, fused, nothing.astype(np.int32))


if __name__ == "__main__":
    main()
