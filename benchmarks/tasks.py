"""Several tasks on one encoder against each task alone: what each gains or loses by the others.

    python -m benchmarks.tasks --data FOLDER [--method full] [--steps 45] [--seeds 3] [--write]

The folder is that of Icecat, of which those products are taken whose product type is known. `matching` finds products
by some of their words (mean reciprocal rank), `category` tells the product type of titles and searches (balanced
accuracy), `entities` the words that name a brand, a type, a colour (F1 of whole spans), `masked` guesses words left out
of titles (share said right); all on held-out products, which are the same for all tasks. `frozen` is the untouched
model, with a head fitted to its vectors where the task has one; `alone` was taught that task; `together` all of them,
with learnt weights (`encode/weighting.py`), as many batches of each task as alone. Each is measured after all of its
steps and every third of them, and keeps the best: alone of its own score, together of the mean gain. `difference` is
together less alone, `interval` from the lowest seed to the highest. The steps are few, so that all of it takes a
quarter of an hour.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.catalogues import load, part
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.contract import Task
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import History, Schedule, train
from shopkeeper.encode.weights import Weights, choose, find

SETTINGS: dict[str, dict[str, object]] = {
    "matching": {"batch": 32, "queries": 4000},
    "category": {"batch": 16},
    "entities": {"batch": 16, "first": 1000},
    "masked": {"batch": 16},
}
COLUMNS = ("frozen", "alone", "together", "difference")
Scores = dict[str, dict[str, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder named icecat")
    parser.add_argument("--method", choices=plugins.names("method"), default="full")
    parser.add_argument("--tasks", default=",".join(SETTINGS))
    parser.add_argument("--steps", type=int, default=45, help="a batch of each task")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/tasks.md")
    asked = parser.parse_args()
    started = time.process_time()
    corpus, digest = load(asked.data)
    corpus = part(corpus, np.array([bool(path) for path in corpus.categories]))
    weights = find(choose("auto", [fields[0] for fields in corpus.fields]))
    # read once for all trainings
    corpus = replace(corpus, vectors=TextModel.load(weights).vectors(corpus.texts, "passage"))
    runs = [measured(corpus, weights, asked, seed) for seed in range(asked.seeds)]
    rows = {name: row([run[name] for run in runs]) for name in asked.tasks.split(",")}
    figures = {
        "benchmark": "tasks",
        "data": asked.data.name,
        "model": weights.model,
        "method": asked.method,
        "steps": asked.steps,
        "products": len(corpus),
        "seeds": asked.seeds,
        "tasks": rows,
        "cpu_s": round(time.process_time() - started),
    }
    if asked.write:
        write("tasks", f"{__doc__}\n{table(rows)}", figures, digest)
    print(orjson.dumps(figures).decode())


def measured(corpus: Corpus, weights: Weights, asked: argparse.Namespace, seed: int) -> Scores:
    """Of each task its held-out score untouched, alone and together."""
    names = asked.tasks.split(",")

    def taught(*tasks: str) -> History:
        method = plugins.load("method", asked.method)
        schedule = Schedule(steps=asked.steps, every=max(asked.steps // 3, 1), seed=seed)
        return train(TextModel.load(weights), method(method.Settings()), list(map(made, tasks)), corpus, schedule)

    alone = {name: taught(name) for name in names}
    together = taught(*names)
    return {
        name: {
            "frozen": own.points[0].scores[name],
            "alone": own.best.scores[name],
            "together": together.best.scores[name],
            "difference": together.best.scores[name] - own.best.scores[name],
        }
        for name, own in alone.items()
    }


def made(name: str) -> Task:
    """The task, with the settings of this benchmark."""
    kind = plugins.load("task", name)
    task: Task = kind(kind.Settings(**SETTINGS.get(name, {})))
    return task


def row(runs: Sequence[dict[str, float]]) -> dict[str, Any]:
    """The means over seeds; the differences from the lowest to the highest."""
    found: dict[str, Any] = {column: round(float(np.mean([run[column] for run in runs])), 4) for column in COLUMNS}
    differences = [run["difference"] for run in runs]
    return found | {"interval": [round(min(differences), 4), round(max(differences), 4)]}


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The tasks as a table."""
    columns = (*COLUMNS, "interval")
    lines = [f"| `{name}` | {' | '.join(str(own[column]) for column in columns)} |" for name, own in rows.items()]
    return "\n".join(["## Tasks", "", f"| task | {' | '.join(columns)} |", f"|{'---|' * (len(columns) + 1)}", *lines])


if __name__ == "__main__":
    main()
