"""What making the language model smaller costs and gains, on queries that people judged.

    python -m benchmarks.compress --data FOLDER [--model FOLDER] [--steps 300] [--write]

Dense retrieval over the 19,406 products of Icecat, the frozen default encoder or the one that `--model` names. Every
technique learns from queries generated from the catalogue; ratings are never learnt from. Products are read by the
original, as a shop keeps them; `both` is with products read by the technique too.

bytes      model or table as files, without the tokenizer
single     queries a second, one at a time, and batch product texts a second: as a multiple of the fp32 ONNX file of the
           same graph, and of PyTorch in fp32; one thread, processor time, best of several rounds that take turns
agreement  mean cosine with the original over judged and known-item queries; overlap: of the first ten products
recall     recall@10 of products rated over 0; ndcg: nDCG@10 with gain 2^r - 1; known: the share of searches for a
           product known by some of its words that find it in the first ten. `lost` is original less technique, with a
           paired bootstrap over queries (95 %). Settings were chosen on the queries whose hash is even (`validation`).
dimensions nDCG@10 lost by the first 64, 128 and 256 numbers: cut, principal directions, learnt (`nested`).
"""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import orjson
import torch

from benchmarks.judged import Judged, K, icecat
from benchmarks.page import write
from shopkeeper import plugins
from shopkeeper.encode.artefact import MODEL
from shopkeeper.encode.compress.dimensions import SIZES, Dimensions, cut, nested, principal
from shopkeeper.encode.compress.imitation import Imitation, agreement
from shopkeeper.encode.compress.pruned import pruned
from shopkeeper.encode.compress.shallow import every_second, least_missed, shallow
from shopkeeper.encode.compress.table import VECTORS, WORDS, Table
from shopkeeper.encode.compress.tabulated import fitted, tabulated
from shopkeeper.encode.encoder import OnnxEncoder
from shopkeeper.encode.export import export
from shopkeeper.encode.generated import generated, known_items
from shopkeeper.encode.graph import onnx_of
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.training import Schedule, train
from shopkeeper.encode.weights import choose, find
from shopkeeper.measure.ranking import Scores, graded_ndcg_at, recall_at
from shopkeeper.measure.statistics import paired_bootstrap
from shopkeeper.types import FloatArray, IntArray

Reads = Callable[[Sequence[str]], FloatArray]
CALIBRATION = 256
ROUNDS = 3


@dataclass(frozen=True)
class Reader:
    """One way of reading: queries for their vectors; for their time alone, one by one, and many together."""

    queries: Reads
    passages: Reads
    alone: Reads


@dataclass
class World:
    """Queries of three kinds with the original's vectors, and what has been measured of each technique."""

    judged: Judged
    model: TextModel
    learnt: list[str]
    known: list[tuple[int, str]]
    products: FloatArray
    asked: FloatArray
    first: IntArray = field(default_factory=lambda: np.empty((0, K), np.int64))
    base: dict[str, Scores] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def queries(self) -> list[str]:
        """Judged ones, then those for known products."""
        return [*self.judged.queries, *(query for _, query in self.known)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with products.jsonl.gz and ratings.csv")
    parser.add_argument("--model", default="auto", help="a folder, a package or a hub name in place of the default")
    parser.add_argument("--steps", type=int, default=300, help="of imitation, after pruning and leaving out layers")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/compress.md")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(world(asked), asked.steps, Path(folder))
    if asked.write:
        write("compress", __doc__ or "", figures, figures["data_hash"])
    print(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode())


def world(asked: argparse.Namespace) -> World:
    """The catalogue, its queries, and the original's vectors of all of them."""
    judged = icecat(asked.data)
    model = TextModel.load(find(choose(asked.model, judged.titles)))
    corpus, draw = judged.corpus, np.random.default_rng(0)
    taught = np.flatnonzero(~corpus.held_out).tolist()
    fields, brands = [corpus.fields[row] for row in taught], [corpus.brands[row] for row in taught]
    learnt = [query.typed for query in generated(fields, brands, 24_000, draw)]
    known = known_items(corpus.fields, np.flatnonzero(corpus.held_out).tolist(), draw)
    asked_for = model.vectors([*judged.queries, *(query for _, query in known)], "query")
    made = World(judged, model, learnt, known, model.vectors(corpus.texts, "passage"), asked_for)
    return first(made)


def first(held: World) -> World:
    """The same, with what the original finds."""
    held.first = first_ten(held.asked, held.products)
    held.base = scores(held, held.first)
    return held


def measured(held: World, steps: int, folder: Path) -> dict[str, Any]:
    """Every technique, quality first and then the speeds of all of them in turn."""
    started = time.process_time()
    found: dict[str, dict[str, Any]] = {}
    held.readers["torch_fp32"] = plain(held.model)
    small = {"int8": held.model, **pupils(held, steps, found)}
    for name, made in small.items():
        exported(held, name, made, folder)
        found.setdefault(name, {}).update(quality(held, held.readers[name].queries(held.queries)))
    found["int8"]["both"] = both(held, "int8")
    lesson = held.model.vectors(held.learnt, "query")
    found["table"] = of_table(held, lesson, folder)
    ratios = speeds(held)
    for name in held.readers:
        found.setdefault(name, {}).update({"bytes": held.sizes.get(name, 0)}, **ratios[name])
    return {
        "benchmark": "compress",
        "model": held.model.weights.model,
        "queries": len(held.judged.queries),
        "known_searches": len(held.known),
        "products": len(held.products),
        "original": {key: round(float(values.mean()), 4) for key, values in held.base.items()},
        **found,
        "dimensions": of_dimensions(held, lesson),
        "cpu_s": time.process_time() - started,
        "data_hash": held.judged.data_hash,
    }


def pupils(held: World, steps: int, found: dict[str, dict[str, Any]]) -> dict[str, TextModel]:
    """The pruned model and the one with half of the layers, both after imitation; what they were before is noted."""
    calibration = held.learnt[:: max(len(held.learnt) // CALIBRATION, 1)]
    n = len(held.model.layers)
    least = least_missed(held.model, calibration, max(n // 2, 1))
    regular = shallow(held.model, every_second(n))
    made = {
        "pruned": pruned(held.model, calibration, 0.5, 0.5),
        "shallow": shallow(held.model, least),
    }
    found["shallow"] = {"layers": least}
    found["every_second"] = {"untaught": agreement(held.asked, regular.vectors(held.queries, "query"))}
    for name, model in made.items():
        before = agreement(held.asked, model.vectors(held.queries, "query"))
        kind = plugins.load("method", "full")
        method = kind(kind.Settings(learning_rate=2e-4))
        started = time.process_time()
        task = Imitation(held.model, queries=4_000, texts=200)
        train(model, method, task, held.judged.corpus, Schedule(steps=steps, every=max(steps // 3, 1)))
        seconds = time.process_time() - started
        found.setdefault(name, {}).update(untaught=before, taught_cpu_s=round(seconds, 1))
    return made


def exported(held: World, name: str, model: TextModel, folder: Path) -> None:
    """What a server would run: the model saved, found, exported and opened, and beside it the same graph in float32."""
    saved, opened = folder / name / "saved", folder / name / "export"
    for made in (saved, opened):
        made.mkdir(parents=True)
    model.save(saved)
    weights = find(str(saved))
    export(weights, opened)
    served(held, name, opened)
    onnx.save(onnx_of(model), opened / MODEL)
    served(held, "onnx_fp32" if model is held.model else f"{name}_fp32", opened)


def served(held: World, name: str, opened: Path) -> None:
    """The export in this folder as a reader; notes how large the file is."""
    held.sizes[name] = (opened / MODEL).stat().st_size
    encoder = OnnxEncoder(opened)
    held.readers[name] = Reader(
        lambda texts: encoder.encode(texts, "query"),
        lambda texts: encoder.encode(texts, "passage"),
        # as passages they pass by the cache of queries
        lambda texts: np.concatenate([encoder.encode([text], "passage") for text in texts]),
    )


def plain(model: TextModel) -> Reader:
    """PyTorch in float32, texts of like length by eights."""

    def read(texts: Sequence[str], together: int) -> FloatArray:
        rows = sorted(model.ids(texts, "passage"), key=len)
        with torch.inference_mode():
            parts = [rows[start : start + together] for start in range(0, len(rows), together)]
            return np.concatenate([model(*model.padded(part)).numpy() for part in parts])

    return Reader(
        lambda texts: model.vectors(texts, "query"), lambda texts: read(texts, 8), lambda texts: read(texts, 1)
    )


def scores(held: World, ranked: Any) -> dict[str, Scores]:
    """By query: nDCG@10 and recall@10 of judged ones, whether the first ten hold the known product."""
    n = len(held.judged.queries)
    relevant = [rows[grades > 0] for rows, grades in zip(held.judged.rows, held.judged.grades, strict=True)]
    return {
        "ndcg": graded_ndcg_at(ranked[:n], held.judged.rows, held.judged.grades, K),
        "recall": recall_at(ranked[:n], relevant, K),
        "known": recall_at(ranked[n:], [np.array([row]) for row, _ in held.known], K),
    }


def first_ten(queries: FloatArray, products: FloatArray) -> Any:
    cosines = queries @ products.T
    some = np.argpartition(-cosines, K, axis=1)[:, :K]
    order = np.argsort(-np.take_along_axis(cosines, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1)


def quality(held: World, queries: FloatArray, products: FloatArray | None = None) -> dict[str, Any]:
    """Against the original: what is lost, and how alike queries and first tens are."""
    goods = held.products if products is None else products
    ranked = first_ten(queries, goods)
    after = scores(held, ranked)
    overlap = [np.isin(one, two).mean() for one, two in zip(held.first, ranked, strict=True)]
    found: dict[str, Any] = {"overlap": round(float(np.mean(overlap)), 4)}
    if queries.shape == held.asked.shape:
        found["agreement"] = round(agreement(held.asked, queries), 4)
    for key, before in held.base.items():
        found[key] = round(float(after[key].mean()), 4)
        found[f"{key}_lost"] = round(float((before - after[key]).mean()), 4)
        lead = paired_bootstrap(before, after[key])
        found[f"{key}_lost_interval"] = [round(lead.low, 4), round(lead.high, 4)]
    hashes = [hashlib.sha256(query.encode()).hexdigest() for query in held.judged.queries]
    half = np.array([int(digest, 16) % 2 == 0 for digest in hashes])
    found["ndcg_kept"] = round(float(after["ndcg"].mean() / held.base["ndcg"].mean()), 4)
    for name, which in (("validation", half), ("test", ~half)):
        found[f"{name}_ndcg_kept"] = round(float(after["ndcg"][which].mean() / held.base["ndcg"][which].mean()), 4)
    return found


def both(held: World, name: str) -> dict[str, Any]:
    """Products too are read by the technique."""
    reader = held.readers[name]
    return quality(held, reader.queries(held.queries), reader.passages(held.judged.corpus.texts))


def of_table(held: World, lesson: FloatArray, folder: Path) -> dict[str, Any]:
    """The table as read word by word, and after the fit; served from what was saved."""
    started = time.process_time()
    first = tabulated(held.model, [*held.learnt, *held.judged.titles])
    taught = np.flatnonzero(~held.judged.corpus.held_out)
    titles = [held.judged.titles[row] for row in taught.tolist()]
    table = fitted(first, [*held.learnt, *titles], np.concatenate([lesson, held.products[taught]]))
    seconds = time.process_time() - started
    table.save(folder)
    opened = Table.open(folder)
    held.sizes["table"] = sum((folder / file).stat().st_size for file in (VECTORS, WORDS))
    held.readers["table"] = Reader(
        opened.encode, opened.encode, lambda texts: np.concatenate([opened.encode([text]) for text in texts])
    )
    return {
        **quality(held, opened.encode(held.queries)),
        "rows": len(opened.vectors),
        "made_cpu_s": round(seconds, 1),
        "unfitted": quality(held, first.encode(held.queries)),
        "both": both(held, "table"),
    }


def of_dimensions(held: World, lesson: FloatArray) -> dict[str, Any]:
    """What the first numbers of each kind lose, queries and products alike."""
    kinds: dict[str, Dimensions] = {
        "cut": cut(held.model.dimensions),
        "principal": principal(np.concatenate([lesson, held.products])),
        "nested": nested(lesson, held.products),
    }
    keys = ("ndcg_lost", "ndcg_lost_interval", "recall_lost", "known_lost", "overlap")
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        for d in SIZES:
            of = quality(held, kind.first(held.asked, d), kind.first(held.products, d))
            found[f"{name}_{d}"] = {key: of[key] for key in keys}
    return found


def speeds(held: World) -> dict[str, dict[str, Any]]:
    """Texts a processor second, best of the rounds in which all take turns, and the ratios to both references."""
    queries = [query for _, query in held.known][:100]
    texts = list(held.judged.corpus.texts[:: len(held.products) // 96])
    best: dict[tuple[str, str], float] = {}
    for _ in range(ROUNDS):
        for name, reader in held.readers.items():
            for kind, read, own in (("single", reader.alone, queries), ("batch", reader.passages, texts)):
                started = time.process_time()
                read(own)
                each = (time.process_time() - started) / len(own)
                best[name, kind] = min(best.get((name, kind), each), each)
    return {
        name: {
            f"{kind}_{unit}": round(value, 2)
            for kind in ("single", "batch")
            for unit, value in (
                ("us", 1e6 * best[name, kind]),
                ("vs_onnx", best["onnx_fp32", kind] / best[name, kind]),
                ("vs_torch", best["torch_fp32", kind] / best[name, kind]),
            )
        }
        for name in held.readers
    }


if __name__ == "__main__":
    main()
