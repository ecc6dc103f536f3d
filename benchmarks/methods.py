"""All methods of adapting the language model, on one task: what each gains, learns, takes and weighs.

    python -m benchmarks.methods --data FOLDER [--steps 150] [--batch 96] [--seeds 1] [--methods full,lora] [--write]
    python -m benchmarks.methods --data FOLDER --methods adapter --rates 3e-4,1e-3,3e-3

The task is `icecat` of `benchmarks.adapt`: the model reads the catalogue alone, and is judged by ratings it never saw.
`after` and `gain` are nDCG@10 over all products and queries, `validation` and `test` that of the halves; intervals are
paired bootstraps over queries of the mean over seeds, 95 %. `parameters` is how many numbers learnt, `cpu_s` one
training without making its queries (the same for all), `adapter_bytes` the files of `encode.adapters.save_adapter`.
With `--rates` every method is taught at each rate and only the validation half is looked at: that is
how the defaults were chosen.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.judged import Judged, Values, icecat, scores
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.adapters import save_adapter
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Schedule, Task, train
from shopkeeper.encode.weights import Weights, choose, find
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.types import FloatArray

COLUMNS = ("after", "gain", "interval", "validation", "test", "parameters", "cpu_s", "adapter_bytes", "best_step")


class Ready:
    """A task that was made ready once, by an untouched model: every method learns from the same."""

    def __init__(self, task: Task, model: TextModel, corpus: Corpus, seed: int) -> None:
        task.prepare(model, corpus, seed)
        self.loss, self.score = task.loss, task.score

    def prepare(self, model: TextModel, corpus: Corpus, seed: int) -> None:
        """Nothing is left to do."""


@dataclass(frozen=True)
class World:
    """What all trainings share."""

    judged: Judged
    weights: Weights
    tasks: Sequence[Ready]
    passages: FloatArray
    before: Values
    steps: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with products.jsonl.gz and ratings.csv")
    parser.add_argument("--methods", default=",".join(plugins.names("method")))
    parser.add_argument("--rates", default="", help="learning rates to compare on the validation half")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--batch", type=int, default=96, help="queries of one step")
    parser.add_argument("--queries", type=int, default=24_000, help="generated queries to learn from")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/methods.md")
    asked = parser.parse_args()
    world = prepared(icecat(asked.data), asked)
    names = asked.methods.split(",")
    half = world.judged.validation
    common = {
        "benchmark": "methods",
        "task": "icecat",
        "model": world.weights.model,
        "steps": asked.steps,
        "batch": asked.batch,
        "seeds": asked.seeds,
        "before": float(world.before[half].mean() if asked.rates else world.before.mean()),
    }
    if asked.rates:
        rates = [float(rate) for rate in asked.rates.split(",")]
        found = {name: {f"{rate:g}": _validated(world, name, rate) for rate in rates} for name in names}
        print(orjson.dumps(common | {"validation": found}).decode())
        return
    figures = common | {"methods": {name: measured(world, name) for name in names}}
    if asked.write:
        write("methods", f"{__doc__}\n{table(figures['methods'])}", figures, world.judged.data_hash)
    print(orjson.dumps(figures).decode())


def prepared(judged: Judged, asked: argparse.Namespace) -> World:
    """The frozen model's answers, and the task made ready for each seed."""
    weights = find(choose("auto", judged.titles))
    frozen = TextModel.load(weights)
    passages = frozen.vectors(judged.corpus.texts, "passage")
    before = scores(judged, frozen.vectors(judged.queries, "query"), passages)["ndcg"]
    kind = plugins.load("task", "matching")
    settings = kind.Settings(batch=asked.batch, queries=asked.queries)
    tasks = [Ready(kind(settings), frozen, judged.corpus, seed) for seed in range(asked.seeds)]
    return World(judged, weights, tasks, passages, before, asked.steps)


def measured(world: World, name: str) -> dict[str, Any]:
    """A row of the table: the means over seeds."""
    runs = [_taught(world, name, seed, None) for seed in range(len(world.tasks))]
    after = np.mean([run["ndcg"] for run in runs], axis=0)
    lead = paired_bootstrap(after, world.before)
    half = world.judged.validation
    return {
        "after": round(float(after.mean()), 4),
        "gain": round(float((after - world.before).mean()), 4),
        "interval": [round(lead.low, 4), round(lead.high, 4)],
        "validation": round(float(after[half].mean()), 4),
        "test": round(float(after[~half].mean()), 4),
        "parameters": runs[0]["parameters"],
        "cpu_s": round(float(np.mean([run["cpu_s"] for run in runs])), 1),
        "adapter_bytes": runs[0]["adapter_bytes"],
        "best_step": [run["best_step"] for run in runs],
    }


def _validated(world: World, name: str, rate: float) -> float:
    """What one learning rate gives, on the validation half alone."""
    half = world.judged.validation
    runs = [_taught(world, name, seed, rate) for seed in range(len(world.tasks))]
    return round(float(np.mean([run["ndcg"][half].mean() for run in runs])), 4)


def _taught(world: World, name: str, seed: int, rate: float | None) -> dict[str, Any]:
    """One training: nDCG@10 by query, and what it took."""
    model = TextModel.load(world.weights)
    kind = plugins.load("method", name)
    method = kind(kind.Settings() if rate is None else kind.Settings(learning_rate=rate))
    schedule = Schedule(steps=world.steps, every=max(1, world.steps // 3), seed=seed)
    started = time.process_time()
    history = train(model, method, world.tasks[seed], world.judged.corpus, schedule)
    cpu_s = time.process_time() - started
    with tempfile.TemporaryDirectory() as folder:
        weight = save_adapter(model, method, Path(folder)) if model.adapted else 0
    return {
        "ndcg": scores(world.judged, model.vectors(world.judged.queries, "query"), world.passages)["ndcg"],
        "parameters": history.n_parameters,
        "cpu_s": cpu_s,
        "adapter_bytes": weight,
        "best_step": history.best.step,
    }


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The methods by what they gained, as a table."""
    ordered = sorted(rows.items(), key=lambda row: -row[1]["gain"])
    lines = [f"| `{name}` | {' | '.join(str(row[column]) for column in COLUMNS)} |" for name, row in ordered]
    head = f"| method | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 1)}"
    return "\n".join(["## Methods", "", head, *lines])


if __name__ == "__main__":
    main()
