"""What adapting the language model to a shop gains, on queries that people judged.

    python -m benchmarks.adapt --task NAME --data FOLDER [--method full] [--minutes 60] [--seeds 3] [--write]

icecat       without labels: the model reads the catalogue alone, then dense retrieval over all products is judged by
             ratings that it never saw. nDCG@10 with gain 2^r - 1, what nobody judged counting 0; `judged` is the share
             of the first ten that somebody judged, `condensed` nDCG@10 over judged products alone. Queries without a
             relevant product are left out.
crowdflower  without labels: the model reads the titles alone, then the judged products of each query are ranked.
             nDCG@10 with gain 2^(y - 1) - 1 of the median y of 1 to 4, and the mean over queries of Spearman's
             correlation of cosine and y. It learns what it agrees on with a second encoder (`distillation`), and a
             query is moved towards what it finds among all titles, as searches are (recall.semantic's `feedback`);
             `adapted_alone` is without that, `frozen_moved` that without learning.

Settings were chosen on the queries whose hash is even (`validation`); `test` has the others. `frozen` is the model as
it comes, on the same product texts; `title` the same on titles alone. `settings` are those of the task that are not the
default. Intervals are paired bootstraps over queries of the mean over seeds, 95 %.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.judged import LOADERS, Judged, Values, scores
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.ensemble import about_mean
from shopkeeper.encode.weights import choose, find
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.relevance_feedback import moved
from shopkeeper.types import FloatArray


@dataclass(frozen=True)
class Lesson:
    """Which task a set is learnt by, for so many steps, and what feedback counts when it is searched.

    `rate` is that of the method; None is its own.
    """

    task: str
    steps: int
    rate: float | None = None
    feedback: float = 0.0


LESSONS: Mapping[str, Lesson] = {
    "icecat": Lesson("matching", 500),
    "crowdflower": Lesson("distillation", 600, rate=1e-4, feedback=1.0),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=sorted(LOADERS), default="icecat")
    parser.add_argument("--data", type=Path, required=True, help="folder of the set that --task names")
    parser.add_argument("--method", choices=plugins.names("method"), default="full")
    parser.add_argument("--minutes", type=float, default=60.0, help="processor minutes of one training")
    parser.add_argument("--steps", type=int, help="of one training; by default what was chosen for the set")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--teachers", nargs="+", help="encoders that teach beside the model, where the set has any")
    parser.add_argument("--write", action="store_true", help="write the set's figures to docs/benchmarks/adapt.md")
    asked = parser.parse_args()
    figures = measured(LOADERS[asked.task](asked.data), asked)
    if asked.write:
        write("adapt", __doc__ or "", figures, figures["data_hash"], asked.task)
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def measured(judged: Judged, asked: argparse.Namespace) -> dict[str, Any]:
    """Before and after, over all queries and over each half."""
    from shopkeeper.encode.model import TextModel

    weights, lesson = find(choose("auto", judged.titles)), LESSONS[asked.task]
    frozen = TextModel.load(weights)
    passages = frozen.vectors(judged.corpus.texts, "passage")
    queries = frozen.vectors(judged.queries, "query")
    before = scores(judged, queries, passages)
    kinds: dict[str, list[Mapping[str, Values]]] = {"adapted": [], "adapted_alone": []}
    seconds, best = [], []
    for seed in range(asked.seeds):
        started = time.process_time()
        model, task, searches = _adapted(TextModel.load(weights), judged, asked, seed)
        seconds.append(time.process_time() - started)
        best.append(searches)
        read = model.vectors(judged.corpus.texts, "passage") if task.moves_products else passages
        alone = model.vectors(judged.queries, "query"), read
        kinds["adapted"].append(scores(judged, *_searched(*alone, lesson.feedback)))
        kinds["adapted_alone"].append(scores(judged, *alone))
    after = kinds["adapted"]
    means = {name: {key: np.mean([run[key] for run in runs], axis=0) for key in before} for name, runs in kinds.items()}
    mean, half = means["adapted"], judged.validation
    unlearnt = _means(scores(judged, *_searched(queries, passages, lesson.feedback)))
    bare = judged.titles == judged.corpus.texts
    titles = {} if bare else _means(scores(judged, queries, frozen.vectors(judged.titles, "passage")))
    return {
        "benchmark": "adapt",
        "task": asked.task,
        "learnt_by": lesson.task,
        "method": asked.method,
        "model": weights.model,
        "settings": _settings(asked),
        "feedback": lesson.feedback,
        "queries": len(judged.queries),
        "products": len(judged.corpus),
        **_gain(before["ndcg"], mean["ndcg"]),
        **({"spearman": _gain(before["spearman"], mean["spearman"])} if "spearman" in before else {}),
        "cpu_s": float(np.mean(seconds)),
        "title": titles,
        "frozen": _means(before),
        "adapted": _means(mean),
        **({"frozen_moved": unlearnt, "adapted_alone": _means(means["adapted_alone"])} if lesson.feedback else {}),
        "validation": {"before": _means(before, half), "after": _means(mean, half)},
        "test": {"before": _means(before, ~half), "after": _means(mean, ~half)},
        "seeds": [_means(run) for run in after],
        "held_out": best,
        "data_hash": judged.data_hash,
    }


def _settings(asked: argparse.Namespace) -> dict[str, Any]:
    return {"teachers": tuple(asked.teachers)} if asked.teachers else {}


def _searched(queries: FloatArray, passages: FloatArray, feedback: float) -> tuple[FloatArray, FloatArray]:
    """The vectors by which a search compares, about their mean where queries move towards what they find."""
    if not feedback:
        return queries, passages
    passages, queries = about_mean((passages, queries))
    return moved(queries, passages, feedback), passages


def _adapted(model: Any, judged: Judged, asked: argparse.Namespace, seed: int) -> tuple[Any, Any, dict[str, float]]:
    """The model after learning, the task it learnt, and what it gained on what that task held out."""
    from shopkeeper.encode.training import Schedule, train

    lesson = LESSONS[asked.task]
    method, kind = plugins.load("method", asked.method), plugins.load("task", lesson.task)
    task = kind(kind.Settings(**_settings(asked)))
    schedule = Schedule(steps=asked.steps or lesson.steps, minutes=asked.minutes, seed=seed)
    rate = {} if lesson.rate is None else {"learning_rate": lesson.rate}
    history = train(model, method(method.Settings(**rate)), task, judged.corpus, schedule)
    searches = {"step": history.best.step, "before": history.points[0].score, "after": history.best.score}
    return model, task, searches


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
