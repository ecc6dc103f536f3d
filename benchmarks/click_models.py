"""Which model of clicks tells best what shoppers click on pages that it has not seen.

    python -m benchmarks.click_models --data FOLDER [--splits 3] [--write]

The folder's sessions are of ten queries, 5,000 pages of each, with the documents in another order on almost every page
(of one query in 105 orders): documents and places are not bound to one another, as they are in most logs. The set looks
generated (exactly 5,000 pages of each query); it does not say.

A fifth of each query's pages is kept from learning, another fifth in each split. `log_likelihood` is the mean over
pages of the natural logarithm of the chance of what was clicked, each place given the clicks above it, over the places;
higher is better; what a model holds impossible, as the cascade does a second click, counts 1e-6. `perplexity` is 2 to
the mean surprise at a place before anything of the page is known; 1 knows all, and `by_rank` has it place by place.
Each is the mean over the splits, the lowest and the highest. `gain` is the log likelihood of a model less that of
`position_based`, with a 95 % interval (paired bootstrap over the kept pages of the first split). `by_place` knows no
documents, only how often each place is clicked. Nothing was tuned.

`examination` is what `position_based` learnt of the first ten places: how likely each is looked at beside the first.
"""

import argparse
import csv
import gzip
import hashlib
import io
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.page import write
from shopkeeper.measure.clicks import MODELS, ClickModel, Pages, PositionBased, log_likelihood, perplexity
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.types import IntArray

log = logging.getLogger("benchmarks.click_models")
PARTS = 5
BESIDE = "position_based"
Values = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sessions")
    parser.add_argument("--splits", type=int, default=3, choices=range(1, PARTS + 1))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the figures to docs/benchmarks/click_models.md")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    pages, queries, data_hash = sessions(asked.data)
    figures = measured(pages, queries, asked.splits, asked.seed)
    if asked.write:
        write("click_models", __doc__ or "", figures, data_hash)
    print(orjson.dumps(figures | {"data_hash": data_hash}, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def sessions(folder: Path) -> tuple[Pages, IntArray, str]:
    """All pages as wide as the widest, the query of each int64 (s,), and the hash of the files."""
    digest, numbers = hashlib.sha256(), dict[tuple[str, str], int]()
    pairs: list[list[int]] = []
    clicks: list[list[bool]] = []
    queries: list[int] = []
    for number, path in enumerate(sorted(folder.glob("*_sessions.gz"))):
        content = path.read_bytes()
        digest.update(content)
        page = ""
        for row in csv.DictReader(io.StringIO(gzip.decompress(content).decode(), newline="")):
            if row["sess_id"] != page:
                page = row["sess_id"]
                pairs.append([])
                clicks.append([])
                queries.append(number)
            pairs[-1].append(numbers.setdefault((row["query"], row["clicked_doc_id"]), len(numbers)))
            clicks[-1].append(row["clicked"] == "True")
    width = max(map(len, pairs))
    table, clicked = np.full((len(pairs), width), -1, np.int64), np.zeros((len(pairs), width), bool)
    for at, (own, which) in enumerate(zip(pairs, clicks, strict=True)):
        table[at, : len(own)], clicked[at, : len(own)] = own, which
    return Pages(table, clicked, len(numbers)), np.array(queries, np.int64), digest.hexdigest()


def measured(pages: Pages, queries: IntArray, splits: int, seed: int) -> dict[str, Any]:
    """Each model's figures over the splits."""
    part = np.empty(len(queries), np.int64)
    rng = np.random.default_rng(seed)
    for query in np.unique(queries):
        own = np.flatnonzero(queries == query)
        part[own] = rng.permutation(len(own)) % PARTS
    found: dict[str, dict[str, list[Values]]] = {name: {"log": [], "rank": [], "seconds": []} for name in MODELS}
    examination: Values = np.empty(0)
    for split in range(splits):
        learnt, kept = pages.take(np.flatnonzero(part != split)), pages.take(np.flatnonzero(part == split))
        for name, learn in MODELS.items():
            begun = time.process_time()
            model: ClickModel = learn(learnt)
            found[name]["seconds"].append(np.array([time.process_time() - begun]))
            found[name]["log"].append(log_likelihood(model, kept))
            found[name]["rank"].append(perplexity(model, kept))
            log.info("split=%d model=%s log_likelihood=%.5f", split, name, found[name]["log"][-1].mean())
            if isinstance(model, PositionBased) and not len(examination):
                examination = model.examination
    weights = pages.shown.sum(axis=0).astype(np.float64)
    return {
        "benchmark": "click_models",
        "pages": len(queries),
        "clicks": int(pages.clicks.sum()),
        "pairs": pages.n_pairs,
        "splits": splits,
        "models": {name: _row(own, found[BESIDE], weights) for name, own in found.items()},
        "examination": [round(float(value), 3) for value in examination[:10]],
    }


def _row(own: Mapping[str, list[Values]], beside: Mapping[str, list[Values]], weights: Values) -> dict[str, Any]:
    gain = paired_bootstrap(own["log"][0], beside["log"][0])
    return {
        "log_likelihood": _spread([float(values.mean()) for values in own["log"]]),
        "perplexity": _spread([float(np.average(values, weights=weights)) for values in own["rank"]]),
        "gain": [round(value, 5) for value in (gain.mean, gain.low, gain.high)],
        "by_rank": [round(float(value), 3) for value in np.mean(own["rank"], axis=0)[:10]],
        "cpu_s": round(float(np.mean(own["seconds"])), 2),
    }


def _spread(values: list[float]) -> list[float]:
    return [round(value, 5) for value in (float(np.mean(values)), min(values), max(values))]


if __name__ == "__main__":
    main()
