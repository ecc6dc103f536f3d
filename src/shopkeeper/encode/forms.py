"""The forms of a taught model side by side: how large and how fast each is, and what it still says and finds."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from shopkeeper.encode.card import Form
from shopkeeper.encode.corpus import Corpus
from shopkeeper.encode.encoder import OnnxEncoder
from shopkeeper.encode.generated import known_items
from shopkeeper.encode.model import TextModel
from shopkeeper.types import FloatArray, IntArray

SEARCHES, TIMED, AMONG, FIRST = 300, 60, 1000, 10


def compared(
    model: TextModel, export: Path, corpus: Corpus, vectors: FloatArray | None, seed: int, agreement: float
) -> tuple[Form, Form]:
    """The model as it was taught (float32, in PyTorch) and its int8 export in this folder, on the same searches.

    vectors float32 (len(corpus), d) are what answers where products stay as they were; else AMONG of them, which are
    then all there are, are read by the export, as a version's are. Without held-out products that have words enough
    only sizes are told.
    """
    import torch

    draw = np.random.default_rng(seed)
    held = draw.permutation(np.flatnonzero(corpus.held_out))[:SEARCHES].tolist()
    known = known_items(corpus.fields, held, draw)
    served = OnnxEncoder(export)
    sizes = sum(parameter.numel() * 4 for parameter in model.parameters()), _bytes(export)
    if not known:
        return Form("float32", sizes[0]), Form("int8", sizes[1], agreement)
    queries = [query for _, query in known]
    places = np.array([place for place, _ in known])
    if vectors is None:
        among, places = _among(corpus, places, draw)
        vectors = served.encode([corpus.texts[at] for at in among], "passage")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    slow = _seconds(partial(_read, model), queries[:TIMED])
    fast = _seconds(lambda query: served.encode([query], "query"), queries[:TIMED])
    torch.set_num_threads(threads)
    found = [
        _found(said, vectors, places) for said in (model.vectors(queries, "query"), served.encode(queries, "query"))
    ]
    return Form("float32", sizes[0], 1.0, 1.0, found[0]), Form("int8", sizes[1], agreement, slow / fast, found[1])


def _among(corpus: Corpus, places: IntArray, draw: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Places of products that are searched, ascending: those that are meant and others; and which of them are meant."""
    others = draw.permutation(len(corpus))[:AMONG]
    among = np.union1d(places, others)
    return among, np.searchsorted(among, places)


def _read(model: TextModel, query: str) -> None:
    """In 32 bits: to read one search in 16 takes longer."""
    import torch

    with torch.inference_mode():
        model(*model.padded(model.ids([query], "query")))


def _seconds(read: Callable[[str], object], queries: list[str]) -> float:
    read("warm-up")
    started = time.process_time()
    for query in queries:
        read(query)
    return time.process_time() - started


def _found(asked: FloatArray, goods: FloatArray, places: IntArray) -> float:
    """The share of the queries float32 (n, d) whose product, goods[places], is among the FIRST nearest."""
    cosines = asked @ goods.T
    own = cosines[np.arange(len(places)), places]
    return float(((cosines > own[:, None]).sum(axis=1) < FIRST).mean())


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())
