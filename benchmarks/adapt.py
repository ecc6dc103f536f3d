"""What adapting the language model to a shop gains, on queries that people judged.

    python -m benchmarks.adapt --task icecat --data FOLDER [--method full] [--minutes 60] [--seeds 3] [--write]

icecat   without labels: the model reads the catalogue alone, then dense retrieval over all products is judged by
         ratings that it never saw. nDCG@10 with gain 2^r - 1, what nobody judged counting 0; `judged` is the share of
         the first ten that somebody judged, `condensed` nDCG@10 over judged products alone. Queries without a relevant
         product are left out. Settings were chosen on the queries whose hash is even (`validation`); `test` has
         the others.

`frozen` is the model as it comes, on the same product texts; `title` the same on titles alone. Intervals are paired
bootstraps over queries of the mean over seeds, 95 %.
"""

import argparse
import csv
import gzip
import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.weights import choose, find
from shopkeeper.measure.ranking import graded_ndcg_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.types import FloatArray, IntArray

K = 10


@dataclass(frozen=True)
class Judged:
    """A catalogue and queries with judged products: rows and grades (0 to 3) of each query, in the same order."""

    corpus: Corpus
    titles: list[str]
    queries: list[str]
    rows: list[IntArray]
    grades: list[IntArray]
    data_hash: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=["icecat"], default="icecat")
    parser.add_argument("--data", type=Path, required=True, help="folder with products.jsonl.gz and ratings.csv")
    parser.add_argument("--method", choices=plugins.names("method"), default="full")
    parser.add_argument("--minutes", type=float, default=60.0, help="processor minutes of one training")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/adapt.md")
    asked = parser.parse_args()
    figures = measured(icecat(asked.data), asked)
    if asked.write:
        write("adapt", __doc__ or "", figures, figures["data_hash"])
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def measured(judged: Judged, asked: argparse.Namespace) -> dict[str, Any]:
    """Before and after, over all queries and over each half."""
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.training import Schedule, train

    weights = find(choose("auto", judged.titles))
    frozen = TextModel.load(weights)
    passages = frozen.vectors(judged.corpus.texts, "passage")
    before = scores(judged, frozen.vectors(judged.queries, "query"), passages)
    of_titles = scores(judged, frozen.vectors(judged.queries, "query"), frozen.vectors(judged.titles, "passage"))
    after, seconds, best = [], [], []
    for seed in range(asked.seeds):
        started = time.process_time()
        model = TextModel.load(weights)
        kinds = plugins.load("method", asked.method), plugins.load("task", "matching")
        method, task = (kind(kind.Settings()) for kind in kinds)
        schedule = Schedule(steps=asked.steps, minutes=asked.minutes, seed=seed)
        history = train(model, method, task, judged.corpus, schedule)
        seconds.append(time.process_time() - started)
        best.append({"step": history.best.step, "before": history.points[0].score, "after": history.best.score})
        after.append(scores(judged, model.vectors(judged.queries, "query"), passages))
    mean = {key: np.mean([run[key] for run in after], axis=0) for key in before}
    half = validation(judged)
    lead = paired_bootstrap(mean["ndcg"], before["ndcg"])
    return {
        "benchmark": "adapt",
        "task": asked.task,
        "method": asked.method,
        "model": weights.model,
        "queries": len(judged.queries),
        "products": len(judged.corpus),
        "before": float(before["ndcg"].mean()),
        "after": float(mean["ndcg"].mean()),
        "gain": float((mean["ndcg"] - before["ndcg"]).mean()),
        "interval": [lead.low, lead.high],
        "cpu_s": float(np.mean(seconds)),
        "title": _means(of_titles),
        "frozen": _means(before),
        "adapted": _means(mean),
        "validation": {"before": _means(before, half), "after": _means(mean, half)},
        "test": {"before": _means(before, ~half), "after": _means(mean, ~half)},
        "seeds": [_means(run) for run in after],
        "held_out_searches": best,
        "data_hash": judged.data_hash,
    }


def validation(judged: Judged) -> NDArray[np.bool_]:
    """Which queries settings may be chosen on; the others are the test's."""
    return np.array([int(hashlib.sha256(query.encode()).hexdigest(), 16) % 2 == 0 for query in judged.queries])


def scores(judged: Judged, queries: FloatArray, passages: FloatArray) -> dict[str, FloatArray]:
    """nDCG@10, the judged share of the first ten, and nDCG@10 over judged products alone, each by query."""
    cosines = queries @ passages.T
    ranked = np.argsort(-cosines, axis=1, kind="stable")[:, :K]
    known = np.full((len(queries), max(map(len, judged.rows))), -1, np.int64)
    for at, rows in enumerate(judged.rows):
        known[at, : len(rows)] = rows[np.argsort(-cosines[at, rows], kind="stable")]
    share = [float(np.isin(own, rows).mean()) for own, rows in zip(ranked, judged.rows, strict=True)]
    return {
        "ndcg": graded_ndcg_at(ranked, judged.rows, judged.grades, K),
        "judged": np.array(share),
        "condensed": graded_ndcg_at(known, judged.rows, judged.grades, K),
    }


def _means(found: Mapping[str, FloatArray], which: Any = slice(None)) -> dict[str, float]:
    return {key: round(float(values[which].mean()), 4) for key, values in found.items()}


def icecat(folder: Path) -> Judged:
    """The catalogue and its ratings; queries without a relevant product are left out."""
    content = (folder / "products.jsonl.gz").read_bytes()
    ratings = (folder / "ratings.csv").read_bytes()
    products = [orjson.loads(line) for line in gzip.decompress(content).splitlines()]
    row_of = {str(product["id"]): row for row, product in enumerate(products)}
    by_query: dict[str, dict[int, int]] = defaultdict(dict)
    for line in csv.DictReader(ratings.decode().splitlines()):
        if line["product_id"] in row_of:
            by_query[line["query"]][row_of[line["product_id"]]] = int(line["rating"])
    queries = [query for query, rated in by_query.items() if max(rated.values()) > 0]
    return Judged(
        corpus=Corpus(
            [f"{product['title']}. {product.get('short_description', '')}" for product in products],
            [_fields(product) for product in products],
            [str(product.get("supplier", "")) for product in products],
        ),
        titles=[str(product["title"]) for product in products],
        queries=queries,
        rows=[np.array(list(by_query[query])) for query in queries],
        grades=[np.array(list(by_query[query].values())) for query in queries],
        data_hash=hashlib.sha256(content + ratings).hexdigest(),
    )


def _fields(product: Mapping[str, Any]) -> Sequence[str]:
    """Title, short description and type."""
    types = (str(product.get(f"attr_t_{key}", "")) for key in ("product_type", "type"))
    kind = " ".join(word for word in types if word and not word.isdigit() and word != "Original")
    return str(product["title"]), str(product.get("short_description", "")), kind


if __name__ == "__main__":
    main()
