"""How long a search takes as the catalogue grows: the whole page, over HTTP, with one client.

    python -m benchmarks.search_speed --products N --data FOLDER [--keep FOLDER] [--write]

The folder is that of Icecat, whose 19,406 products are multiplied with varied words until there are N
(`benchmarks/varied_catalogue.py`); a shop is made of them, learns (no events; the language model as it comes) and is
served by a process of its own. With `--keep` the shop stays in that folder, and is taken as it is where it is there.

The language model reads Icecat's own products. So that a million of them need not cost an hour, the vector of each
varied product is its original's, moved at random to a cosine of about .9; every one is different, and is scanned,
stored and compared like any other. Queries, and products that come while the shop serves, are read by the model.

Queries: Icecat's judged ones, and one to three words of titles (as in `benchmarks/latency.py`, one in ten mistyped);
of these one in ten with a brand and a price, and one in ten with a number of the title. None is asked twice.

p50_ms, p99_ms     a page of 12, at the client, from the first byte out to the last byte in, after 100 others
suggest_p99_ms     completions of the first letters of the same queries
visible_ms         from PUT of a product no other is like until a search has found it: the slowest of 20
rss_mb             of the server, the most that is seen: after the searches, after the completions, and after each
                   product that comes or goes; `rss_files_mb` of it are pages of files, which the system may take
                   back, and `rss_searching_mb` is before any product came
ratio_to_tantivy   p50_ms for the median of plain tantivy in one process: the best 12 by any word of the same fields
ratio_to_bm25s     the same for bm25s over all words of these fields
"""

import argparse
import gc
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson
import psutil

from benchmarks.latency import Asker, quantiles, typed
from benchmarks.page import write
from benchmarks.plain_search import bm25s_ms, tantivy_ms
from benchmarks.server_process import Client, ServerProcess
from benchmarks.varied_catalogue import catalogue, in_parts, invented
from shopkeeper.encode.vectors import encode_products, keep_vectors, product_text
from shopkeeper.flow.build import encoder_of
from shopkeeper.flow.learn import learn
from shopkeeper.ports import Encoder
from shopkeeper.store.folder import ShopFolder, create, open_folder
from shopkeeper.text import tokens
from shopkeeper.types import Catalog, FloatArray, Product

SETTINGS = """[shop]
name = "speed"

[encode]
minutes = 0

[learn]
min_events = 0

[serve]
requests_per_minute = 100000000
"""
WARM_UP, VISIBLE = 100, 20
CHUNK = 19_406
"""So many products are Icecat's own, and so many are made of them each time."""
NEAR = 0.9
"""The cosine of a varied product's vector and its original's."""
PATIENCE_S = 600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/icecat"), help="folder of Icecat")
    parser.add_argument("--keep", type=Path, help="where the shop is, or is to stay; by default it is removed")
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/search_speed.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        shop = asked.keep or Path(scratch) / "shop"
        made = {} if (shop / "versions" / "current").exists() else make(shop, asked.data, asked.products)
        figures, data_hash = measure(shop, asked.data, asked.requests, np.random.default_rng(asked.seed))
    if asked.write:
        write("search_speed", __doc__ or "", made | figures, data_hash, part=f"{asked.products:,} products")
    print(orjson.dumps({"benchmark": "search_speed", "products": asked.products, **made, **figures}).decode())


def make(shop: Path, data: Path, n: int) -> dict[str, float]:
    """The shop, learnt, and the CPU seconds that each step took."""
    create(shop, SETTINGS)
    spans: dict[str, float] = {}
    random, original = np.random.default_rng(1), np.empty((0, 0), np.float32)
    with open_folder(shop, writable=True) as folder:
        for some in in_parts(catalogue(data, n), CHUNK):
            with took(spans, "import_cpu_s"):
                folder.products.upsert(some)
            with took(spans, "vectors_cpu_s"):
                if not len(original):  # the first are Icecat's own
                    encoder = _encoder(folder)
                    original = encode_products(encoder, list(map(_text, some)), shop / "cache")
                else:
                    moved = near(original[: len(some)], random)
                    keep_vectors(shop / "cache", encoder.fingerprint, list(map(_text, some)), moved)
            print(f"imported {len(folder.products)}", spans, file=sys.stderr)
        folder.keep_copies()
    with took(spans, "learn_cpu_s"):
        learn(shop, lambda *step: print(*step, round(time.process_time()), file=sys.stderr))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return {name: round(value, 1) for name, value in spans.items()} | {"made_peak_mb": peak}


def _encoder(folder: ShopFolder) -> Encoder:
    found = encoder_of(folder, folder.products.catalog())
    assert found is not None, "the settings name no encoder"
    return found


@contextmanager
def took(spans: dict[str, float], name: str) -> Iterator[None]:
    """Adds the CPU seconds of what happens inside."""
    started = time.process_time()
    yield
    spans[name] = spans.get(name, 0.0) + time.process_time() - started


def near(vectors: FloatArray, random: np.random.Generator) -> FloatArray:
    """float32 (n, d): unit vectors whose cosine with these is about NEAR."""
    aside = random.standard_normal(vectors.shape, np.float32)
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    moved = NEAR * vectors + np.float32(np.sqrt(1 - NEAR**2)) * aside
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)


def _text(product: Product) -> str:
    return product_text(product.title, product.brand, product.category, product.attributes, product.description)


def measure(shop: Path, data: Path, n: int, random: np.random.Generator) -> tuple[dict[str, Any], str]:
    """The figures, and the sha256 of the events, of which there are none."""
    with open_folder(shop, writable=False) as folder:
        catalog, data_hash = folder.products.catalog(), folder.events.data_hash()
    queries = drawn(catalog, data, n + WARM_UP, random)
    gc.collect()
    gc.disable()  # the client's collector is not what is measured
    with (
        tempfile.TemporaryDirectory() as scratch,
        ServerProcess([shop], Path(scratch) / "log", patience_s=PATIENCE_S) as server,
        Client(server.port) as client,
    ):
        asker = Asker(client, "speed")
        first = [asker.search(query) for query in queries[:WARM_UP]]
        asker.stages.clear()
        page = quantiles([asker.search(query) for query in queries[WARM_UP:]])
        stages = {name: quantiles(spans) for name, spans in asker.stages.items()}
        held = [memory_of(server)]
        suggested = quantiles(list(suggestions(client, queries[WARM_UP:], random)))
        held.append(memory_of(server))
        visible = quantiles(list(visibles(client, lambda: held.append(memory_of(server)))))
        ready = server.ready_s
    gc.enable()
    plain = {"tantivy": tantivy_ms(catalog, queries), "bm25s": bm25s_ms(catalog, queries)}
    figures = {
        **page,
        "suggest_p50_ms": suggested["p50_ms"],
        "suggest_p99_ms": suggested["p99_ms"],
        "visible_ms": visible["max_ms"],
        "visible_p50_ms": visible["p50_ms"],
        "rss_mb": max(held)[0],
        "rss_files_mb": max(held)[1],
        "rss_searching_mb": max(held[:2])[0],
        **{f"ratio_to_{name}": round(page["p50_ms"] / own["p50_ms"], 2) for name, own in plain.items()},
        "ready_s": round(ready, 1),
        "queries": len(queries) - WARM_UP,
        "first": quantiles(first),
        **plain,
        "stages": stages,
    }
    return figures, data_hash


def drawn(catalog: Catalog, data: Path, n: int, random: np.random.Generator) -> list[str]:
    """At most `n` different queries, in no order."""
    judged = (data / "ratings.csv").read_text(encoding="utf-8").splitlines()[1:]
    queries = dict.fromkeys(line.split(",")[0] for line in judged)
    for row in random.integers(len(catalog), size=2 * n).tolist():
        queries[_asked(catalog, row, random)] = None
    found = list(queries)[: n + 1]
    return [found[at] for at in random.permutation(len(found)).tolist() if found[at]][:n]


def _asked(catalog: Catalog, row: int, random: np.random.Generator) -> str:
    path = catalog.category_paths[catalog.categories[row]]
    query, kind = typed(catalog.titles[row], path, random), random.random()
    if kind < 0.1:
        return f"{catalog.brands[row].lower()} {query} under {int(random.integers(10, 1000))}"
    numbers = [word for word in tokens(catalog.titles[row]) if any(letter.isdigit() for letter in word)]
    return f"{query} {numbers[int(random.integers(len(numbers)))]}" if kind < 0.2 and numbers else query


def suggestions(client: Client, queries: Sequence[str], random: np.random.Generator) -> Iterator[float]:
    """Milliseconds for the completions of the beginnings of these queries."""
    for query in queries:
        client.get(f"/v1/speed/suggest?q={quote(query[: int(random.integers(1, 13))])}")
        yield client.seconds * 1e3


def memory_of(server: ServerProcess) -> tuple[int, int]:
    """Megabytes that the server holds now, and how many of them are pages of files."""
    memory = psutil.Process(server.process.pid).memory_info()
    return memory.rss >> 20, memory.shared >> 20


def visibles(client: Client, changed: Callable[[], None]) -> Iterator[float]:
    """Milliseconds until each new product is found; all are taken away in the end. `changed` hears of every change."""
    ids = []
    for at in range(VISIBLE):
        word = invented(10**9 + at)
        ids.append(f"visible-{at}")
        product = {"product_id": ids[-1], "title": f"{word} table lamp", "brand": word, "price": 20.0}
        started = time.perf_counter()
        client.put("/v1/speed/products", [product | {"attributes": {"material": "Steel"}, "currency": "USD"}])
        while not _found(client.post("/v1/speed/search", {"query": word.lower(), "k": 12}), ids[-1]):
            assert time.perf_counter() - started < PATIENCE_S, f"{word} is never found"
        yield (time.perf_counter() - started) * 1e3
        changed()
    for product_id in ids:
        client.delete(f"/v1/speed/products/{product_id}")
        changed()


def _found(page: Mapping[str, Any], product_id: str) -> bool:
    return any(item["product_id"] == product_id for item in page["items"])


if __name__ == "__main__":
    main()
