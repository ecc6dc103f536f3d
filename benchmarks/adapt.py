"""What adapting the language model to a shop gains, on queries that people judged.

    python -m benchmarks.adapt --task NAME --data FOLDER [--method full] [--minutes 60] [--seeds 3] [--write]

icecat       without labels: the model reads the catalogue alone, then dense retrieval over all products is judged by
             ratings that it never saw. nDCG@10 with gain 2^r - 1, what nobody judged counting 0; `judged` is the share
             of the first ten that somebody judged, `condensed` nDCG@10 over judged products alone. Queries without a
             relevant product are left out.
crowdflower  without labels: the model reads the titles alone, then the judged products of each query are ranked.
             nDCG@10 with gain 2^(y - 1) - 1 of the median y of 1 to 4, and the mean over queries of Spearman's
             correlation of cosine and y.

Settings were chosen on the queries whose hash is even (`validation`), those of CrowdFlower with a sketch of the task;
`test` has the others. `frozen` is the model as
it comes, on the same product texts; `title` the same on titles alone. `settings` are those of `[encode.matching]` that
are not the default. Intervals are paired bootstraps over queries of the mean over seeds, 95 %.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.judged import LOADERS, Judged, Values, scores
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.weights import choose, find
from shopkeeper.measure.statistics import paired_bootstrap

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "icecat": {},
    "crowdflower": {
        "queries": 8000,
        "lengths": (0.2, 0.45, 0.35),
        "batch": 64,
        "temperature": 0.05,
        "teacher": "feedback",
    },
}
STEPS = {"icecat": 500, "crowdflower": 130}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=sorted(LOADERS), default="icecat")
    parser.add_argument("--data", type=Path, required=True, help="folder of the set that --task names")
    parser.add_argument("--method", choices=plugins.names("method"), default="full")
    parser.add_argument("--minutes", type=float, default=60.0, help="processor minutes of one training")
    parser.add_argument("--steps", type=int, help="of one training; by default what was chosen for the set")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the set's figures to docs/benchmarks/adapt.md")
    asked = parser.parse_args()
    figures = measured(LOADERS[asked.task](asked.data), asked)
    if asked.write:
        write("adapt", __doc__ or "", figures, figures["data_hash"], asked.task)
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def measured(judged: Judged, asked: argparse.Namespace) -> dict[str, Any]:
    """Before and after, over all queries and over each half."""
    from shopkeeper.encode.model import TextModel

    weights = find(choose("auto", judged.titles))
    frozen = TextModel.load(weights)
    passages = frozen.vectors(judged.corpus.texts, "passage")
    queries = frozen.vectors(judged.queries, "query")
    before = scores(judged, queries, passages)
    after, seconds, best = [], [], []
    for seed in range(asked.seeds):
        started = time.process_time()
        model, searches = _adapted(TextModel.load(weights), judged, asked, seed)
        seconds.append(time.process_time() - started)
        best.append(searches)
        learnt = SETTINGS[asked.task].get("product_vectors") == "learn"
        read = model.vectors(judged.corpus.texts, "passage") if learnt else passages
        after.append(scores(judged, model.vectors(judged.queries, "query"), read))
    mean = {key: np.mean([run[key] for run in after], axis=0) for key in before}
    half = judged.validation
    bare = judged.titles == judged.corpus.texts
    titles = {} if bare else _means(scores(judged, queries, frozen.vectors(judged.titles, "passage")))
    return {
        "benchmark": "adapt",
        "task": asked.task,
        "method": asked.method,
        "model": weights.model,
        "settings": dict(SETTINGS[asked.task]),
        "queries": len(judged.queries),
        "products": len(judged.corpus),
        **_gain(before["ndcg"], mean["ndcg"]),
        **({"spearman": _gain(before["spearman"], mean["spearman"])} if "spearman" in before else {}),
        "cpu_s": float(np.mean(seconds)),
        "title": titles,
        "frozen": _means(before),
        "adapted": _means(mean),
        "validation": {"before": _means(before, half), "after": _means(mean, half)},
        "test": {"before": _means(before, ~half), "after": _means(mean, ~half)},
        "seeds": [_means(run) for run in after],
        "held_out_searches": best,
        "data_hash": judged.data_hash,
    }


def _adapted(model: Any, judged: Judged, asked: argparse.Namespace, seed: int) -> tuple[Any, dict[str, float]]:
    """The model after learning, and what it gained on its own held-out searches."""
    from shopkeeper.encode.training import Schedule, train

    method, matching = plugins.load("method", asked.method), plugins.load("task", "matching")
    task = matching(matching.Settings(**SETTINGS[asked.task]))
    schedule = Schedule(steps=asked.steps or STEPS[asked.task], minutes=asked.minutes, seed=seed)
    history = train(model, method(method.Settings()), task, judged.corpus, schedule)
    searches = {"step": history.best.step, "before": history.points[0].score, "after": history.best.score}
    return model, searches


def _gain(before: Values, after: Values) -> dict[str, Any]:
    lead = paired_bootstrap(after, before)
    return {
        "before": float(before.mean()),
        "after": float(after.mean()),
        "gain": float((after - before).mean()),
        "interval": [lead.low, lead.high],
    }


def _means(found: Mapping[str, Values], which: Any = slice(None)) -> dict[str, float]:
    return {key: round(float(values[which].mean()), 4) for key, values in found.items()}


if __name__ == "__main__":
    main()
