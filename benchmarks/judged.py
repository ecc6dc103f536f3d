"""Catalogues with judged products: how they are read, and how vectors of queries and products score on them."""

import csv
import gzip
import hashlib
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy.stats import spearmanr

from shopkeeper.encode.corpus import Corpus
from shopkeeper.measure.ranking import graded_ndcg_at
from shopkeeper.types import BoolArray, FloatArray, IntArray

K = 10
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """A catalogue and queries with judged products: rows and grades (from 0) of each query, in the same order.

    `whole`: a query is asked of all products; otherwise of those that were judged for it, where one that was judged
    twice stands twice.
    """

    corpus: Corpus
    titles: list[str]
    queries: list[str]
    rows: list[IntArray]
    grades: list[IntArray]
    whole: bool
    data_hash: str

    @property
    def validation(self) -> BoolArray:
        """bool (n,): the queries that settings were chosen on."""
        digests = [hashlib.sha256(query.encode()).hexdigest() for query in self.queries]
        return np.array([int(digest, 16) % 2 == 0 for digest in digests], bool)


def scores(judged: Judged, queries: FloatArray, passages: FloatArray) -> dict[str, Values]:
    """By query: nDCG@10; of all products also the judged share of the first ten and nDCG@10 over judged ones alone, of
    judged pairs also Spearman's correlation of cosine and grade (0 where all grades are equal)."""
    cosines = queries @ passages.T
    own = [cosines[at, rows] for at, rows in enumerate(judged.rows)]
    places = [np.arange(len(rows)) for rows in judged.rows]
    known = np.full((len(queries), max(map(len, places))), -1, np.int64)
    for line, near in zip(known, own, strict=True):
        line[: len(near)] = np.argsort(-near, kind="stable")
    condensed = graded_ndcg_at(known, places, judged.grades, K)
    if not judged.whole:
        return {"ndcg": condensed, "spearman": np.array(list(map(_correlation, own, judged.grades)))}
    ranked = np.argsort(-cosines, axis=1, kind="stable")[:, :K]
    share = [float(np.isin(first, rows).mean()) for first, rows in zip(ranked, judged.rows, strict=True)]
    return {
        "ndcg": graded_ndcg_at(ranked, judged.rows, judged.grades, K),
        "judged": np.array(share),
        "condensed": condensed,
    }


def _correlation(cosines: FloatArray, grades: IntArray) -> float:
    return float(spearmanr(cosines, grades)[0]) if np.ptp(grades) > 0 else 0.0


def icecat(folder: Path) -> Judged:
    """19,406 products and ratings 0 to 3 of some of them; queries without a relevant product are left out."""
    content = (folder / "products.jsonl.gz").read_bytes()
    ratings = (folder / "ratings.csv").read_bytes()
    products = [orjson.loads(line) for line in gzip.decompress(content).splitlines()]
    row_of = {str(product["id"]): row for row, product in enumerate(products)}
    by_query: dict[str, dict[int, int]] = defaultdict(dict)
    for line in csv.DictReader(ratings.decode().splitlines()):
        if line["product_id"] in row_of:
            by_query[line["query"]][row_of[line["product_id"]]] = int(line["rating"])
    rated = {query: list(own.items()) for query, own in by_query.items() if max(own.values()) > 0}
    corpus = Corpus(
        [f"{product['title']}. {product.get('short_description', '')}" for product in products],
        [_fields(product) for product in products],
        [str(product.get("supplier", "")) for product in products],
        categories=[tuple(_kinds(product)[:1]) for product in products],
        attributes=[_said(product) for product in products],
    )
    return _judged(corpus, [str(product["title"]) for product in products], rated, True, content + ratings)


def crowdflower(folder: Path) -> Judged:
    """The titles alone of 7,361 judged pairs; relevance 1 to 4 is grade 0 to 3. Some pairs are judged twice."""
    content = (folder / "judged_pairs.csv.gz").read_bytes()
    pairs = list(csv.DictReader(io.StringIO(gzip.decompress(content).decode(), newline="")))
    titles = sorted({pair["product_title"] for pair in pairs})
    row_of = {title: row for row, title in enumerate(titles)}
    by_query: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for pair in pairs:
        by_query[pair["query"]].append((row_of[pair["product_title"]], int(pair["median_relevance"]) - 1))
    return _judged(Corpus(titles, [(title,) for title in titles], [""] * len(titles)), titles, by_query, False, content)


LOADERS: Mapping[str, Callable[[Path], Judged]] = {"icecat": icecat, "crowdflower": crowdflower}


def _judged(
    corpus: Corpus, titles: list[str], rated: Mapping[str, Sequence[tuple[int, int]]], whole: bool, content: bytes
) -> Judged:
    return Judged(
        corpus=corpus,
        titles=titles,
        queries=list(rated),
        rows=[np.array([row for row, _ in own], np.int64) for own in rated.values()],
        grades=[np.array([grade for _, grade in own], np.int64) for own in rated.values()],
        whole=whole,
        data_hash=hashlib.sha256(content).hexdigest(),
    )


def _fields(product: Mapping[str, Any]) -> Sequence[str]:
    """Title, short description and type."""
    return str(product["title"]), str(product.get("short_description", "")), " ".join(_kinds(product))


def _kinds(product: Mapping[str, Any]) -> list[str]:
    """What kind of thing it is, as far as its attributes say; the catalogue has no categories."""
    types = (str(product.get(f"attr_t_{key}", "")) for key in ("product_type", "type"))
    return [word for word in types if word and not word.isdigit() and word != "Original"]


def _said(product: Mapping[str, Any]) -> dict[str, str]:
    """The attributes that are texts, by name."""
    return {key.removeprefix("attr_t_"): str(said) for key, said in product.items() if key.startswith("attr_t_")}
