"""Whether a query that complains or praises is told, and a search for products is not taken for either.

    python -m benchmarks.complaints --data FOLDER [--write]

The folder holds `zh_reviews`, `zh_eprstmt`, `zh_queries` and `en_customer_support`. Nobody labelled searches by how
they feel, so reviews stand for what is typed to complain: `short` are those of at most 20 characters. The Chinese
words were chosen on the half of `zh_reviews` and of `zh_queries` whose hash is even; the figures are of the other
half, looked at once. EPRSTMT was looked at while choosing; the English words were written by hand and tried on the
810 questions of `dev.csv`, the figures are of `train.csv`. English complaints are the questions of the intent
`complaint`.

`precision` and `recall` of negative and positive; intervals are 95 %, a bootstrap over texts. `taken` is the share of
searches for products that are taken for a complaint or for praise, `noticed` that for which the service is named
because of it. `us` is the time of one query in microseconds of the processor.
"""

import argparse
import csv
import gzip
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson

from benchmarks.page import write
from shopkeeper.measure.statistics import bootstrap
from shopkeeper.types import BoolArray
from shopkeeper.understand.question import service_of
from shopkeeper.understand.sentiment import sentiment_of
from shopkeeper.understood import Sentiment

SHORT = 20
LABELS: Mapping[str, Sentiment] = {"0": "negative", "1": "positive", "Negative": "negative", "Positive": "positive"}
Labelled = Sequence[tuple[str, Sentiment | None]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the four folders")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/complaints.md")
    asked = parser.parse_args()
    reviews, few = reviewed(asked.data / "zh_reviews" / "reviews.csv.gz"), split(asked.data / "zh_eprstmt")
    figures = {
        "benchmark": "complaints",
        "zh_reviews": told(reviews),
        "zh_reviews_short": told([own for own in reviews if len(own[0]) <= SHORT]),
        "eprstmt": told(few),
        "en_customer_support": told(questions(asked.data / "en_customer_support" / "train.csv.gz")),
        "zh_queries": taken(asked.data / "zh_queries" / "train.query.txt.gz"),
    }
    digest = hashlib.sha256((asked.data / "zh_reviews" / "reviews.csv.gz").read_bytes()).hexdigest()
    if asked.write:
        write("complaints", __doc__ or "", figures, digest)
    print(orjson.dumps(figures).decode())


def is_reported(text: str) -> bool:
    """Whether the text is of the half that nothing was chosen on."""
    return bool(hashlib.blake2b(text.encode()).digest()[0] % 2)


def reviewed(file: Path) -> Labelled:
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        rows = [(row["review"], LABELS[row["label"]]) for row in csv.DictReader(opened)]
    return [own for own in rows if is_reported(own[0])]


def split(folder: Path) -> Labelled:
    """The different reviews of all ten files."""
    lines = [line for file in sorted(folder.glob("*.json")) for line in file.read_text(encoding="utf-8").splitlines()]
    return list({own["sentence"]: LABELS[own["label"]] for own in map(json.loads, lines)}.items())


def questions(file: Path) -> Labelled:
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    return [(row["utterance"], "negative" if row["intent"] == "complaint" else None) for row in rows]


def told(texts: Labelled) -> dict[str, object]:
    """Precision and recall of each side."""
    found = [sentiment_of(text) for text, _ in texts]
    figures: dict[str, object] = {"texts": len(texts)}
    for side in ("negative", "positive"):
        said = np.array([own == side for own in found])
        true = np.array([own == side for _, own in texts])
        if true.any():
            figures[side] = {"precision": _share(true[said]), "recall": _share(said[true])}
    return figures


def _share(right: BoolArray) -> list[float]:
    own = bootstrap(right.astype(np.float64))
    return [round(number, 3) for number in (own.mean, own.low, own.high)]


def taken(file: Path) -> dict[str, float]:
    """Of searches for products."""
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        queries = [line.rstrip("\n").split("\t")[1] for line in opened]
    queries = [query for query in queries if is_reported(query)]
    started = time.process_time()
    found = [sentiment_of(query) for query in queries]
    spent = time.process_time() - started
    complaining = [query for query, own in zip(queries, found, strict=True) if own == "negative"]
    noticed = [query for query in complaining if service_of(query, complains=True) and not service_of(query)]
    return {
        "queries": len(queries),
        "taken.negative": round(len(complaining) / len(queries), 6),
        "taken.positive": round(found.count("positive") / len(queries), 6),
        "noticed": round(len(noticed) / len(queries), 6),
        "us": round(1e6 * spent / len(queries), 1),
    }


if __name__ == "__main__":
    main()
