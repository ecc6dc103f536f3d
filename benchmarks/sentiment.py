"""What reviews say, from 32 labelled ones and from reviews of other goods.

    python -m benchmarks.sentiment --data FOLDER [--reviews FOLDER [--teach 300]] [--part nine] [--write]

`few_shot`: five splits of EPRSTMT, 32 reviews to learn from and 32 to be judged by each. `alone` learns from the 32
and a few sentences that say the labels (`described`), with the untouched model; with `--contrastive` the upper layers
taught by pairs are a choice too. `untouched` may also start from a head taught on the reviews of other goods
(`--reviews`). `transferred` (`--teach STEPS`) has two experts taught on those reviews, the model itself and letters
(`encode/letters.py`), and a head on what both say, taught on the reviews of two categories that no expert saw (ASIDE)
and carried on by the 32 (`encode/panel.py`). How each learns, and how strongly, is chosen on the 32 by
cross-validation. `before` is `alone`, `after` `transferred`. `no_examples` are the starts, the experts and their panel
as they are. Intervals are over the reviews judged; `interval_by_text` over different ones, since some stand in several
splits. Nothing was chosen on the judged sides: the rest was tried on draws of 32 from the other reviews, and each
split's way on the other splits' reviews to learn from, which no split judges.

`nine`: a head taught on eight categories of reviews tells those of the ninth apart, all nine in turn; its strength is
chosen by leaving out each of the eight. `before` is snownlp, which was taught on shop reviews of its own, maybe some of
these; `after` the head. Every third review is judged. At most `--each` reviews a category, as many good as bad where
there are.

The vectors are the untouched model's but for `transferred`. Accuracy is in percent over all judged reviews; intervals
are paired bootstraps over them, 95 %. `cpu_s` is without reading the other reviews where `--vectors` kept them (150 CPU
s), and without teaching where `--taught` kept the model (330; `taught.model_cpu_s` is its loading then).
"""

import argparse
import csv
import gzip
import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import torch

from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.corpus import Corpus, Reviews
from shopkeeper.encode.few_shot import described, learnt
from shopkeeper.encode.letters import lettered
from shopkeeper.encode.logistic import Head, fitted
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.panel import HEAD, Panel, Reader, stacked, transferred
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weights import Weights, choose, find
from shopkeeper.measure.statistics import bootstrap, paired_bootstrap
from shopkeeper.types import BoolArray, FloatArray

SPLITS = 5
MAX_TOKENS = 128
THIRD = 3
"""Every third review is judged: snownlp takes 20 ms for one."""
STRENGTHS = (0.0001, 0.0003, 0.001)
WORDS = {
    "Positive": (
        "很好",
        "非常满意",
        "质量很好，很喜欢",
        "物美价廉，值得购买",
        "好评",
        "满意，会再来买",
        "非常不错，推荐",
    ),
    "Negative": (
        "很差",
        "非常失望",
        "质量很差，很后悔",
        "不值这个价，不要买",
        "差评",
        "不满意，不会再买",
        "太差了，不推荐",
    ),
}
Labelled = tuple[list[str], list[str]]
ASIDE = ("平板", "手机")
"""Set aside, so that experts are weighed on goods they do not know: nearest to what EPRSTMT's reviews to learn from are
about, which no category is."""
TAUGHT, WEIGHED = 10000, 250
"""Reviews of each category at most: what experts are taught by, and what weighs them."""
TEACHING: dict[str, dict[str, Any]] = {
    "method": {"layers": 6, "learning_rate": 1e-4},
    "task": {"spread": 0.08},
    "schedule": {"every": 150},
}
TEACHING_TOKENS = 64


@dataclass(frozen=True)
class Others:
    """Reviews of other goods, in the same order: texts, labels, categories, vectors."""

    texts: Sequence[str]
    labels: Sequence[str]
    categories: Sequence[str]
    vectors: FloatArray

    def of(self, without: Sequence[str]) -> BoolArray:
        """bool (n,): reviews of all categories but these."""
        return ~np.isin(np.array(self.categories), without)

    def head(self, kept: BoolArray, strength: float) -> Head:
        """What these reviews give."""
        rows = np.flatnonzero(kept)
        return fitted(self.vectors[rows], [self.labels[row] for row in rows.tolist()], strength)

    def right(self, head: Head, kept: BoolArray) -> BoolArray:
        """bool (reviews kept,): whether the head tells each right."""
        rows = np.flatnonzero(kept)
        told = head.predicted(self.vectors[rows])
        return np.array([label == self.labels[row] for label, row in zip(told, rows.tolist(), strict=True)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with train_0.json and dev_0.json to 4")
    parser.add_argument("--reviews", type=Path, help="folder with reviews.csv.gz: category, label 1 or 0, review")
    parser.add_argument("--part", choices=["few_shot", "nine"], help="only these figures; the page keeps the others")
    parser.add_argument("--each", type=int, default=1000, help="reviews of each category at most")
    parser.add_argument("--teach", type=int, default=0, help="teach the model this many steps by those reviews")
    parser.add_argument("--taught", type=Path, help="folder that keeps the taught model from run to run")
    parser.add_argument("--contrastive", action="store_true", help="teaching the upper layers is a choice too")
    parser.add_argument("--vectors", type=Path, help="folder that keeps the reviews' vectors from run to run")
    parser.add_argument("--write", action="store_true", help="write the figures to docs/benchmarks/sentiment.md")
    asked = parser.parse_args()
    started = time.process_time()
    sides = [[labelled(asked.data / f"{side}_{at}.json") for side in ("train", "dev")] for at in range(SPLITS)]
    splits = [(train, dev) for train, dev in sides]
    weights = find(choose("auto", splits[0][0][0]))
    model = TextModel.load(weights, MAX_TOKENS)
    known = {text for split in splits for side in split for text in side[0]}
    starts, panel = {"described": described(model, WORDS)}, None
    figures: dict[str, dict[str, Any]] = {}
    if asked.reviews:
        others = _others(model, asked.reviews, asked.each, known, asked.vectors)
        table = _left_out(others)
        if asked.part != "few_shot":
            figures["nine"] = nine(others, table)
        starts["reviews"] = others.head(others.of([]), _strength(table, sorted(set(others.categories)), ()))
    if asked.part != "nine":
        about: dict[str, Any] = {}
        if asked.reviews and asked.teach:
            panel, about["taught"] = taught(weights, asked.reviews, known, asked.teach, asked.taught)
        figures["few_shot"] = {**about, **few_shot(model, splits, starts, asked.contrastive, panel)}
    cpu_s = round(time.process_time() - started, 1)
    digest = _digest([*asked.data.glob("*.json"), *(asked.reviews.glob("*.gz") if asked.reviews else [])])
    for part, own in figures.items() if asked.write else ():
        write("sentiment", __doc__ or "", {"model": weights.model, **own, "cpu_s": cpu_s}, digest, part)
    whole = {"benchmark": "sentiment", "model": weights.model, **figures, "cpu_s": cpu_s}
    print(orjson.dumps(whole, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def few_shot(
    model: TextModel,
    splits: Sequence[tuple[Labelled, Labelled]],
    starts: dict[str, Head],
    contrastive: bool,
    panel: Panel | None,
) -> dict[str, Any]:
    """Alone, and with what other reviews taught; the judged side of a split is looked at once each."""
    allowed = {"alone": {"described": starts["described"]}}
    if "reviews" in starts:
        allowed["untouched"] = starts
    right: dict[str, list[BoolArray]] = defaultdict(list)
    ways: dict[str, Counter[str]] = defaultdict(Counter)
    started = time.process_time()
    for seed, ((texts, labels), (judged, wanted)) in enumerate(splits):
        for name, own in allowed.items():
            heard = learnt(model, texts, labels, seed, own, contrastive and name == "alone")
            right[name].append(np.array(heard.predict(judged)) == wanted)
            ways[name][heard.way] += 1
        vectors = model.vectors(judged, "query")
        told = {name: start.predicted(vectors) for name, start in starts.items()}
        if panel:
            gone_on = transferred(panel, texts, labels, seed)
            right["transferred"].append(np.array(gone_on.predict(judged)) == wanted)
            ways["transferred"][gone_on.way] += 1
            told |= {"panel": panel.predict(judged)} | {
                type(each).__name__.lower(): [panel.head.labels[at] for at in each.log_likelihoods(judged).argmax(1)]
                for each in panel.experts
            }
        for name, labels_told in told.items():
            right[f"no_examples.{name}"].append(np.array(labels_told) == wanted)
    cpu_s = round(time.process_time() - started, 1)
    judged_texts = [text for _, (texts, _) in splits for text in texts]
    found: dict[str, Any] = {"cpu_s": cpu_s, "judged": len(judged_texts), "different": len(set(judged_texts))}
    found |= {name: _accuracy(right[name], judged_texts) | {"ways": own} for name, own in ways.items()}
    alone = {name: 100 * float(np.mean(each)) for name, each in right.items() if name.startswith("no_examples.")}
    after = right.get("transferred", right.get("untouched"))
    return found | alone | (_gain(np.concatenate(right["alone"]), np.concatenate(after)) if after else {})


def _accuracy(right: Sequence[BoolArray], texts: Sequence[str]) -> dict[str, Any]:
    """Over all splits and by split; the second interval draws different texts, not reviews."""
    values = 100.0 * np.concatenate(right)
    _, places = np.unique(np.array(texts), return_inverse=True)
    by_text = bootstrap(np.bincount(places, values) / np.bincount(places))
    sure = bootstrap(values)
    return {
        "accuracy": sure.mean,
        "interval": [sure.low, sure.high],
        "interval_by_text": [by_text.low, by_text.high],
        "splits": [round(100 * float(one.mean()), 1) for one in right],
    }


def taught(
    weights: Weights, folder: Path, known: set[str], steps: int, keep: Path | None
) -> tuple[Panel, dict[str, Any]]:
    """The model and letters, taught by other reviews and weighed by those of the categories ASIDE; how it was done."""
    texts, labels, categories = drawn(folder, TAUGHT, known)
    rows = np.flatnonzero(~np.isin(categories, ASIDE)).tolist()
    reviews = Reviews([texts[row] for row in rows], [labels[row] for row in rows])
    started = time.process_time()
    reader = _reader(weights, reviews, steps, keep)
    model_s, started = time.process_time() - started, time.process_time()
    letters = lettered(reviews.texts, reviews.labels)
    letters_s = time.process_time() - started
    weighing = [
        (text, label) for text, label, category in zip(*drawn(folder, WEIGHED, known), strict=True) if category in ASIDE
    ]
    panel = stacked((reader, letters), [text for text, _ in weighing], [label for _, label in weighing])
    about = {"steps": steps, "tokens": TEACHING_TOKENS, **TEACHING, "reviews": len(reviews), "aside": " ".join(ASIDE)}
    seconds = {"model_cpu_s": round(model_s, 1), "letters_cpu_s": round(letters_s, 1)}
    return panel, {**about, "weighed_by": len(weighing), **seconds}


def _reader(weights: Weights, reviews: Reviews, steps: int, keep: Path | None) -> Reader:
    """The model taught the task `sentiment`, or the one that was kept of the same.

    Nothing is dropped out: random numbers take half of the time, and few reviews are read twice.
    """
    told = [f"{weights.sha256} {TEACHING} {TEACHING_TOKENS} {steps}", *reviews.texts]
    kept = keep / hashlib.sha256("\n".join(told).encode()).hexdigest()[:16] if keep else None
    if kept and (kept / HEAD).exists():
        return Reader.open(kept, MAX_TOKENS)
    frozen, sentiment = plugins.load("method", "frozen"), plugins.load("task", "sentiment")
    task = sentiment(sentiment.Settings(**TEACHING["task"]))
    model = TextModel.load(weights, TEACHING_TOKENS)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    schedule = Schedule(steps=steps, **TEACHING["schedule"])
    train(model, frozen(frozen.Settings(**TEACHING["method"])), task, Corpus([], [], [], reviews=reviews), schedule)
    model.max_tokens = MAX_TOKENS
    reader = Reader(model, task.head)
    if kept:
        reader.save(kept)
    return reader


def nine(others: Others, table: dict[tuple[str, str], dict[float, float]]) -> dict[str, Any]:
    """Each category told apart by a head taught on the others, and by snownlp."""
    from snownlp import SnowNLP  # type: ignore[import-untyped]  # it has no types

    names = np.array(others.categories)
    judged = np.arange(len(names)) % THIRD == 0
    started = time.process_time()
    good = [SnowNLP(others.texts[row]).sentiments > 0.5 for row in np.flatnonzero(judged).tolist()]
    seconds = round(time.process_time() - started, 1)
    theirs, ours = np.zeros(len(names), bool), np.zeros(len(names), bool)
    theirs[judged] = np.array(good) == (np.array(others.labels)[judged] == "Positive")
    by_category = {}
    for category in sorted(set(others.categories)):
        own, strength = judged & (names == category), _strength(table, sorted(set(others.categories)), (category,))
        ours[own] = others.right(others.head(names != category, strength), own)
        by_category[category] = {
            "snownlp": round(100 * float(theirs[own].mean()), 1),
            "head": round(100 * float(ours[own].mean()), 1),
            "strength": strength,
        }
    judging = {"judged": int(judged.sum()), "reviews": len(names), "snownlp_cpu_s": seconds}
    return {**_gain(theirs[judged], ours[judged]), **judging, **by_category}


def _left_out(others: Others) -> dict[tuple[str, str], dict[float, float]]:
    """By two categories, the first judged by a head that saw neither: accuracy by strength.

    Where both are the same, that category alone was left out.
    """
    names = sorted(set(others.categories))
    table: dict[tuple[str, str], dict[float, float]] = defaultdict(dict)
    for strength in STRENGTHS:
        for pair in [*combinations(names, 2), *((name, name) for name in names)]:
            head = others.head(others.of(pair), strength)
            for first, second in {pair, pair[::-1]}:
                table[first, second][strength] = float(others.right(head, ~others.of([first])).mean())
    return table


def _strength(table: dict[tuple[str, str], dict[float, float]], names: Sequence[str], without: Sequence[str]) -> float:
    """The strength at which categories that were left out are told best, one that is judged never counting."""
    known = [name for name in names if name not in without]
    return max(STRENGTHS, key=lambda at: np.mean([table[name, (*without, name)[0]][at] for name in known]))


def _gain(before: BoolArray, after: BoolArray) -> dict[str, Any]:
    lead = paired_bootstrap(100.0 * after, 100.0 * before)
    return {
        "before": 100 * float(before.mean()),
        "after": 100 * float(after.mean()),
        "gain": lead.mean,
        "interval": [lead.low, lead.high],
    }


def labelled(file: Path) -> Labelled:
    """Texts and labels of a file with one JSON object a line."""
    rows = [orjson.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [row["sentence"] for row in rows], [row["label"] for row in rows]


def drawn(folder: Path, each: int, known: set[str]) -> tuple[list[str], list[str], list[str]]:
    """Texts, labels and categories: half of each label; none that is known, stands twice or has both labels."""
    with gzip.open(folder / "reviews.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [(row["category"], row["label"], row["review"].strip("\ufeff \n")) for row in csv.DictReader(file)]
    labels = defaultdict(set)
    for _, label, text in rows:
        labels[text].add(label)
    by_kind: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    seen = {"", *known}
    for category, label, text in rows:
        if text not in seen and len(labels[text]) == 1:
            by_kind[category, label][text] = None
            seen.add(text)
    draw = np.random.default_rng(0)
    found = []
    for (category, label), texts in sorted(by_kind.items()):
        places = draw.permutation(len(texts))[: each // 2]
        found += [(list(texts)[at], "Positive" if label == "1" else "Negative", category) for at in places]
    return [text for text, _, _ in found], [label for _, label, _ in found], [category for _, _, category in found]


def _others(model: TextModel, folder: Path, each: int, known: set[str], keep: Path | None) -> Others:
    texts, labels, categories = drawn(folder, each, known)
    key = hashlib.sha256("\n".join([model.weights.sha256, str(model.max_tokens), *texts]).encode()).hexdigest()[:16]
    kept = keep / f"{key}.npy" if keep else None
    if kept and kept.exists():
        return Others(texts, labels, categories, np.load(kept, allow_pickle=False))
    vectors = model.vectors(texts, "query")
    if kept:
        np.save(kept, vectors, allow_pickle=False)
    return Others(texts, labels, categories, vectors)


def _digest(files: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(file.read_bytes())
    return whole.hexdigest()


if __name__ == "__main__":
    main()
