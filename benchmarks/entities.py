"""What a model that learnt the shop says of words and of whole texts: what they name, and where they belong.

    python -m benchmarks.entities --data FOLDER [--method full] [--steps 60] [--seeds 3] [--products 4000] [--write]

The folder is that of Icecat or of the retail demo store; of a larger one so many products are drawn for `entities`.
Icecat has no categories: those are its product types, which few products have. The demo store has no attributes: what
its words name is the last name of the category.

`entities` is F1 of whole spans on held-out titles and searches. Nobody labelled them: right is what the product's own
attributes say (`encode/projection.py`), and what the shop does not know for a product counts neither way. `lookup`
finds the values of the products that were learnt from, the longest first; `frozen` is a linear layer on the untouched
model's words, `after` the same after teaching, `both` what lookup finds and, where that finds nothing, the model.
`known` are the held-out products of the task. For `unseen` every eighth value of at most 100 products was taken, by a
hash of it, and all products that have one were kept from learning: `found` is the share of those values that is named
right, where lookup can find none, and `f1` that of everything in these products' titles and searches.

`category` is the mean of the balanced accuracies of held-out titles and searches: `frozen` is logistic regression on
the untouched model's vectors, `after` the same head after teaching.

Each figure is the mean over seeds, the lowest and the highest seed. Settings were chosen on products that are neither
in `known` nor in `unseen`.
"""

import argparse
import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.catalogues import load, part
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.entity_examples import Example, counted, of_products, whole
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.projection import Span, Told, Value, atoms, in_characters, spans
from shopkeeper.encode.tasks.category import Category
from shopkeeper.encode.tasks.entities import LABELS, Entities
from shopkeeper.encode.training import Point, Schedule, Watch, train
from shopkeeper.encode.weights import choose, find

EIGHTH, MOST = 8, 100
"""Every eighth value of at most so many products is never seen in training."""
JUDGED = 500
"""Products with unseen values that are judged, at most."""
Figures = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder named icecat or retail_demo_store")
    parser.add_argument("--method", choices=plugins.names("method"), default="full")
    parser.add_argument("--steps", type=int, default=60, help="of 32 texts each")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--products", type=int, default=4000, help="of a larger catalogue so many are drawn")
    parser.add_argument(
        "--write", action="store_true", help="write the catalogue's part of docs/benchmarks/entities.md"
    )
    asked = parser.parse_args()
    started = time.process_time()
    corpus, digest = load(asked.data)
    runs = [measured(corpus, asked, seed) for seed in range(asked.seeds)]
    figures = {
        "benchmark": "entities",
        "data": asked.data.name,
        "method": asked.method,
        "steps": asked.steps,
        "seeds": asked.seeds,
        **means(runs),
        "cpu_s": round(time.process_time() - started),
    }
    if asked.write:
        write("entities", __doc__ or "", figures, digest, asked.data.name)
    print(orjson.dumps(figures).decode())


def measured(corpus: Corpus, asked: argparse.Namespace, seed: int) -> Figures:
    """Both tasks, each taught to a model of its own."""
    some = corpus.some(asked.products, np.random.default_rng(seed))
    model = find(choose("auto", [fields[0] for fields in some.fields]))
    method = plugins.load("method", asked.method)
    schedule = Schedule(steps=asked.steps, every=max(asked.steps // 2, 1), seed=seed)

    category = Category(Category.Settings())
    history = train(TextModel.load(model), method(method.Settings()), category, corpus, schedule)
    figures: Figures = {"category": {"frozen": history.points[0].score, "after": history.best.score}}

    says = Told(LABELS)
    attributes = some.attributes or [{}] * len(some)
    said = [says.values(*own) for own in zip(some.brands, some.categories, attributes, strict=True)]
    values = unseen(said)
    kept = np.array([not values & own.keys() for own in said])
    others = of_products(part(some, ~kept), LABELS, np.random.default_rng(seed + 1))
    tagging, frozen = Entities(Entities.Settings()), dict[str, list[list[Span]]]()
    judged = {"unseen": [example for example in others if example.row < JUDGED]}

    def measured_at(point: Point) -> None:
        if point.step == 0:
            judged["known"] = tagging.held_out
            frozen.update({name: _told(tagging, own) for name, own in judged.items()})

    watch = Watch(measured=measured_at)
    train(TextModel.load(model), method(method.Settings()), tagging, part(some, kept), schedule, watch)
    for name, own in judged.items():
        found = {"lookup": lookup(tagging, own), "frozen": frozen[name], "after": _told(tagging, own)}
        found["both"] = [_joined(*pair) for pair in zip(found["lookup"], found["after"], strict=True)]
        figures[name] = _scores(own, found, tagging.tagger.labels, values)
    return figures


def unseen(said: Sequence[Mapping[Value, str]]) -> set[Value]:
    """The values that nothing is learnt from."""
    counts = Counter(value for own in said for value in own)
    hashes = {value: hashlib.sha256(" ".join(value).encode()).digest()[0] for value in counts}
    return {value for value, n in counts.items() if n <= MOST and hashes[value] % EIGHTH == 0}


def lookup(tagging: Entities, examples: Sequence[Example]) -> list[list[Span]]:
    """What the values of the products that were learnt from name."""
    said = [atoms(example.text) for example in examples]
    return [in_characters(own, spans(own, tagging.known)) for own in said]


def _told(tagging: Entities, examples: Sequence[Example]) -> list[list[Span]]:
    return tagging.tagger.spans_of([(example.text, example.kind) for example in examples])


def _joined(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    """All of the first, and of the second what lies beside it."""
    free = [span for span in second if all(span.end <= own.start or own.end <= span.start for own in first)]
    return sorted([*first, *free])


def _scores(
    examples: Sequence[Example], told: Mapping[str, list[list[Span]]], labels: Sequence[str], values: set[Value]
) -> Figures:
    """Of each way of telling F1 on titles, on searches and of each label, and how many unseen values it found."""
    figures: Figures = {}
    for name, said in told.items():
        own: Figures = {"f1": whole(counted(examples, said, labels)).f1}
        for kind, shown in (("passage", "titles"), ("query", "searches")):
            at = [place for place, example in enumerate(examples) if example.kind == kind]
            counts = counted([examples[place] for place in at], [said[place] for place in at], labels)
            own[shown] = whole(counts).f1
        own["labels"] = {label: each.f1 for label, each in counted(examples, said, labels).items() if each.named}
        new, found = 0, 0
        for example, spans_of in zip(examples, said, strict=True):
            right = {span[:3] for span in spans_of}
            wanted = {
                span[:3]
                for span in example.spans
                if span.label in labels
                and tuple(atom.said for atom in atoms(example.text[span.start : span.end])) in values
            }
            new, found = new + len(wanted), found + len(wanted & right)
        if new:
            own |= {"values": new, "found": found / new}
        figures[name] = own
    return figures


def means(runs: Sequence[Figures]) -> Figures:
    """Of each figure the mean over seeds, the lowest and the highest."""
    found: Figures = {}
    for key, first in runs[0].items():
        own = [run[key] for run in runs if key in run]
        if isinstance(first, dict):
            found[key] = means(own)
        else:
            found[key] = [round(float(value), 3) for value in (np.mean(own), min(own), max(own))]
    return found


if __name__ == "__main__":
    main()
