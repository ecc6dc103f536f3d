"""What it gains to learn from texts as others would have written them, and where a batch is hardest.

    python -m benchmarks.augmentation --data FOLDER [--set reviews] [--arms plain,noise,fgm,awp] [--seeds 3] [--write]

reviews  1,000 Chinese reviews of nine kinds of goods teach `sentiment` (32 tokens each, the upper three layers learn).
         Judged by others, as they are (`clean`) and with a fifth of their words mistyped (`mistyped`: a character of
         the same sound): accuracy in percent.
icecat   the words of 4,000 products teach `matching` (all layers learn). Judged by searches for products that nothing
         was taught from, each by three to five of its words: the mean reciprocal rank among all 4,000, as they are and
         with a third of the words mistyped (a neighbouring key; a letter left out, doubled or exchanged).

`plain` is the training as it is by default, `noise` has shares of words mistyped, left out and swapped (`ARMS`), `fgm`
and `awp` are adversarial. `untaught` is the model before. All arms have the same batches, steps and start; gains are
over `plain`, of means over seeds, with 95 % paired bootstraps over reviews or searches. `cpu_s` is one training with
what it makes ready. What is judged has learnt to the last step, better or not on what is held out. Shares and epsilons
are those of papers, chosen on nothing; with `--validate` other reviews or searches are judged, for whoever wants to.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from benchmarks.judged import icecat
from benchmarks.page import write
from benchmarks.sentiment import drawn
from shopkeeper import plugins
from shopkeeper.encode.augment import Edits, varied
from shopkeeper.encode.corpus import Corpus, Reviews
from shopkeeper.encode.generated import known_items
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weights import Weights, choose, find
from shopkeeper.measure.statistics import paired_bootstrap

LEARNT, JUDGED, PRODUCTS, SEARCHES = 1000, 300, 4000, 400
UNTAUGHT = "untaught"
ARMS: Mapping[str, tuple[Mapping[str, float], Mapping[str, Any]]] = {
    UNTAUGHT: ({}, {}),
    "plain": ({}, {}),
    "noise": ({"typing": 0.1, "deletion": 0.05, "swap": 0.05}, {}),
    "fgm": ({}, {"adversarial": "fgm"}),
    "awp": ({}, {"adversarial": "awp"}),
}
SECONDS = "cpu_s"
Values = NDArray[np.float64]
Forms = Mapping[str, list[str]]


@dataclass(frozen=True)
class World:
    """What is taught, how, and what it is judged by: texts by form, and what each is worth to a model and its task."""

    weights: Weights
    corpus: Corpus
    task: tuple[str, Mapping[str, Any]]
    method: tuple[str, Mapping[str, Any]]
    schedule: Schedule
    forms: Forms
    worth: Callable[[TextModel, Any, list[str]], Values]
    data_hash: str
    max_tokens: int = 64

    def loaded(self) -> TextModel:
        """The model as it comes."""
        return TextModel.load(self.weights, self.max_tokens)

    def judged(self, model: TextModel, task: Any) -> dict[str, Values]:
        return {form: self.worth(model, task, texts) for form, texts in self.forms.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the set that --set names")
    parser.add_argument("--set", choices=sorted(WORLDS), default="reviews")
    parser.add_argument("--arms", default="plain,noise,fgm,awp", help="plain is always among them")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epsilon", type=float, help="of fgm and awp; by default what was chosen")
    parser.add_argument("--noise", type=float, default=1.0, help="the shares of noise, times this")
    parser.add_argument("--keep", type=Path, help="folder that keeps each training's outcome, to go on from")
    parser.add_argument("--validate", action="store_true", help="judge by what settings are chosen on")
    parser.add_argument(
        "--write", action="store_true", help="write the set's figures to docs/benchmarks/augmentation.md"
    )
    asked = parser.parse_args()
    world = WORLDS[asked.set](asked.data, asked.validate)
    figures = {"benchmark": "augmentation", "set": asked.set, "model": world.weights.model} | measured(world, asked)
    if asked.write:
        write("augmentation", __doc__ or "", figures, world.data_hash, asked.set)
    print(orjson.dumps(figures).decode())


def measured(world: World, asked: argparse.Namespace) -> dict[str, Any]:
    """The figures of each arm."""
    arms = dict.fromkeys([*asked.arms.split(","), "plain", UNTAUGHT])
    runs = {arm: [_kept(world, arm, seed, asked) for seed in range(asked.seeds)] for arm in arms}
    means = {
        arm: {form: np.mean([run[form] for run in own], axis=0) for form in world.forms} for arm, own in runs.items()
    }
    figures: dict[str, Any] = {"judged": len(next(iter(world.forms.values()))), "seeds": asked.seeds}
    for arm in (UNTAUGHT, "plain", *(arm for arm in arms if arm not in {UNTAUGHT, "plain"})):
        figures[arm] = _means(means[arm])
        if arm not in {UNTAUGHT, "plain"}:
            figures[arm] |= {f"gain.{form}": _gain(means["plain"][form], means[arm][form]) for form in world.forms}
        figures[arm]["seeds"] = [_means({form: run[form] for form in world.forms}) for run in runs[arm]]
        figures[arm]["cpu_s"] = round(float(np.mean([run[SECONDS] for run in runs[arm]])), 1)
    return figures


def _kept(world: World, arm: str, seed: int, asked: argparse.Namespace) -> dict[str, Values]:
    """One run, from the folder of those that are kept where it is there."""
    told = (asked.set, asked.validate, arm, seed, asked.epsilon, asked.noise, ARMS[arm], world.schedule, world.task)
    key = hashlib.sha256(repr((told, world.method, world.max_tokens)).encode()).hexdigest()[:16]
    file = asked.keep / f"{arm}-{seed}-{key}.npz" if asked.keep else None
    if file and file.exists():
        with np.load(file, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}
    found = _run(world, arm, seed, asked)
    if file:
        np.savez(file, allow_pickle=False, **found)
    return found


def _run(world: World, arm: str, seed: int, asked: argparse.Namespace) -> dict[str, Values]:
    """Processor seconds of one training, and what each judged text is worth to what came of it."""
    shares, under = ARMS[arm]
    name, settings = world.task
    model = world.loaded()
    task = _made("task", name, {**settings, **{edit: share * asked.noise for edit, share in shares.items()}})
    schedule = replace(world.schedule, seed=seed, **under, epsilon=asked.epsilon if under else None)
    started = time.process_time()
    if arm == UNTAUGHT:
        task.prepare(model, world.corpus, seed)
    else:
        task.score = partial(next, count())  # each measurement is the best: what is judged has learnt to the end
        train(model, _made("method", *world.method), task, world.corpus, schedule)
    seconds = time.process_time() - started
    found = world.judged(model, task)
    print(f"{arm} seed={seed} cpu_s={seconds:.1f} {_means(found)}", file=sys.stderr)
    return found | {SECONDS: np.array(seconds)}


def reviews(folder: Path, validate: bool) -> World:
    """Reviews to learn from and others to be judged by, as many good as bad of each category."""
    texts, labels, _ = drawn(folder, 2 * (LEARNT + 2 * JUDGED) // 9, set())
    order = np.random.default_rng(1).permutation(len(texts)).tolist()
    learnt, begun = order[:LEARNT], LEARNT + (JUDGED if validate else 0)
    judged = order[begun : begun + JUDGED]
    assert len(judged) == JUDGED
    corpus = Corpus([], [], [], reviews=Reviews([texts[at] for at in learnt], [labels[at] for at in learnt]))
    wanted = np.array([labels[at] for at in judged])

    def worth(model: TextModel, task: Any, asked: list[str]) -> Values:
        return np.asarray(100.0 * (np.array(task.head.predicted(model.vectors(asked, "query"))) == wanted))

    return World(
        find(choose("auto", texts)),
        corpus,
        ("sentiment", {"batch": 16, "first": 100}),
        ("frozen", {}),
        Schedule(steps=32, every=32, head_rate=1e-4),
        _forms([texts[at] for at in judged], Edits(typing=0.2)),
        worth,
        hashlib.sha256((folder / "reviews.csv.gz").read_bytes()).hexdigest(),
        32,
    )


def products(folder: Path, validate: bool) -> World:
    """Some of Icecat's products, and searches for those that no training query is made from."""
    whole = icecat(folder)
    some = whole.corpus.some(PRODUCTS, np.random.default_rng(1))
    weights = find(choose("auto", some.texts))
    passages = TextModel.load(weights).vectors(some.texts, "passage")
    held = np.random.default_rng(2).permutation(np.flatnonzero(some.held_out))
    half = held[1::2] if validate else held[::2]
    rows = np.resize(half, SEARCHES).tolist()
    searches = known_items(some.fields, rows, np.random.default_rng(4 if validate else 3))
    wanted = np.array([row for row, _ in searches])

    def worth(model: TextModel, task: Any, asked: list[str]) -> Values:
        cosines = model.vectors(asked, "query") @ passages.T
        own = cosines[np.arange(len(wanted)), wanted]
        return np.asarray(1.0 / (1 + (cosines > own[:, None] + 1e-6).sum(axis=1)))

    return World(
        weights,
        replace(some, vectors=passages),
        ("matching", {"batch": 48, "queries": 4000}),
        ("full", {}),
        Schedule(steps=60, every=60),
        _forms([query for _, query in searches], Edits(typing=0.33)),
        worth,
        whole.data_hash,
    )


WORLDS = {"reviews": reviews, "icecat": products}


def _forms(texts: list[str], edits: Edits) -> Forms:
    draw = np.random.default_rng(5)
    return {"clean": texts, "mistyped": [varied(text, edits, draw) for text in texts]}


def _made(kind: str, name: str, settings: Mapping[str, Any]) -> Any:
    plugin = plugins.load(kind, name)
    return plugin(plugin.Settings(**settings))


def _means(values: Mapping[str, Values]) -> dict[str, Any]:
    return {form: round(float(own.mean()), 4) for form, own in values.items()}


def _gain(before: Values, after: Values) -> str:
    lead = paired_bootstrap(after, before)
    return f"{lead.mean:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}]"


if __name__ == "__main__":
    main()
