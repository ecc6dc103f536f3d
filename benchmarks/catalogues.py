"""Catalogues as what an encoder learns from, by the name of their folder."""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import yaml  # type: ignore[import-untyped]  # it comes with transformers, without types

from benchmarks.judged import icecat
from shopkeeper.encode.corpus import Corpus
from shopkeeper.types import BoolArray


def load(folder: Path) -> tuple[Corpus, str]:
    """The catalogue in a folder of a known name, and the sha256 of its file."""
    if folder.name not in LOADERS:
        raise SystemExit(f"--data {folder}: unknown catalogue '{folder.name}'. Known: {', '.join(sorted(LOADERS))}")
    return LOADERS[folder.name](folder)


def part(corpus: Corpus, kept: BoolArray) -> Corpus:
    """These products alone."""
    rows = np.flatnonzero(kept).tolist()
    return Corpus(
        [corpus.texts[row] for row in rows],
        [corpus.fields[row] for row in rows],
        [corpus.brands[row] for row in rows],
        categories=[corpus.categories[row] for row in rows],
        attributes=[corpus.attributes[row] for row in rows] if corpus.attributes else (),
    )


def _icecat(folder: Path) -> tuple[Corpus, str]:
    judged = icecat(folder)
    return judged.corpus, judged.data_hash


def retail_demo_store(folder: Path) -> tuple[Corpus, str]:
    """2,465 products with a title, a description and a category of two levels; no brands and no attributes."""
    content = (folder / "products.yaml.gz").read_bytes()
    products = yaml.load(gzip.decompress(content), yaml.CSafeLoader)
    corpus = Corpus(
        [f"{product['name']}. {product['description']}" for product in products],
        [(str(product["name"]), str(product["description"])) for product in products],
        [""] * len(products),
        categories=[(str(product["category"]), str(product["style"])) for product in products],
    )
    return corpus, hashlib.sha256(content).hexdigest()


LOADERS: Mapping[str, Callable[[Path], tuple[Corpus, str]]] = {
    "icecat": _icecat,
    "retail_demo_store": retail_demo_store,
}
