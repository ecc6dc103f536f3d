"""A corpus as files of a folder, so that another process learns from it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.encode.corpus import Corpus, Judgements, Reviews
from shopkeeper.encode.pairs import Pairs

TEXTS, ARRAYS, VECTORS = "texts.json", "arrays.npz", "vectors.npy"


def write(corpus: Corpus, folder: Path) -> None:
    """Writes the corpus into an existing folder."""
    texts: dict[str, Any] = {
        "texts": list(corpus.texts),
        "fields": [list(own) for own in corpus.fields],
        "brands": list(corpus.brands),
        "reviews": [list(corpus.reviews.texts), list(corpus.reviews.labels)],
        "queries": list(corpus.queries),
        "categories": list(corpus.categories),
        "attributes": [dict(told) for told in corpus.attributes],
    }
    arrays: dict[str, NDArray[Any]] = {}
    if corpus.judged is not None:
        texts["judged"] = list(corpus.judged.queries)
        arrays |= {"judged.rows": corpus.judged.rows, "judged.grades": corpus.judged.grades}
        if corpus.judged.taught is not None:
            arrays["judged.taught"] = corpus.judged.taught
    for name, pairs in (("pairs", corpus.pairs), ("later", corpus.later)):
        if pairs is not None:
            texts[name] = {"texts": list(pairs.texts), "kind": pairs.kind}
            arrays |= {f"{name}.lefts": pairs.lefts, f"{name}.rights": pairs.rights, f"{name}.weights": pairs.weights}
    (folder / TEXTS).write_text(json.dumps(texts), encoding="utf-8")
    np.savez(folder / ARRAYS, allow_pickle=False, **arrays)
    if corpus.vectors is not None:
        np.save(folder / VECTORS, corpus.vectors, allow_pickle=False)


def read(folder: Path) -> Corpus:
    """The corpus that `write` wrote; its vectors stay on the disk until they are looked at."""
    texts = json.loads((folder / TEXTS).read_text(encoding="utf-8"))
    with np.load(folder / ARRAYS, allow_pickle=False) as saved:
        arrays = dict(saved)

    def pairs(name: str) -> Pairs | None:
        if name not in texts:
            return None
        lefts, rights, weights = (arrays[f"{name}.{column}"] for column in ("lefts", "rights", "weights"))
        return Pairs(texts[name]["texts"], lefts, rights, weights, texts[name]["kind"])

    judged = None
    if "judged" in texts:
        judged = Judgements(
            texts["judged"], arrays["judged.rows"], arrays["judged.grades"], arrays.get("judged.taught")
        )
    vectors = folder / VECTORS
    return Corpus(
        texts=texts["texts"],
        fields=texts["fields"],
        brands=texts["brands"],
        vectors=np.load(vectors, mmap_mode="r", allow_pickle=False) if vectors.is_file() else None,
        judged=judged,
        pairs=pairs("pairs"),
        later=pairs("later"),
        reviews=Reviews(*texts["reviews"]),
        queries=texts["queries"],
        categories=[tuple(path) for path in texts["categories"]],
        attributes=texts["attributes"],
    )
