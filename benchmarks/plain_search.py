"""The same catalogue in other engines, in this process and as they come: what a search by words alone costs."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks.latency import quantiles
from shopkeeper.text import tokens
from shopkeeper.types import Catalog

K = 12
FIELDS = ("title", "brand", "category", "description")
HEAP_BYTES = 200_000_000


def texts(catalog: Catalog) -> Iterator[tuple[str, str, str, str]]:
    """Title, brand, category and description of each product."""
    paths = [" ".join(path) for path in catalog.category_paths]
    said = catalog.descriptions or [""] * len(catalog)
    for row, place in enumerate(catalog.categories.tolist()):
        yield catalog.titles[row], catalog.brands[row], paths[place], said[row]


def tantivy_ms(catalog: Catalog, queries: Sequence[str]) -> dict[str, float]:
    """Milliseconds of the best K products by BM25 over the four fields; any word may match."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    for name in FIELDS:
        builder.add_text_field(name)
    builder.add_integer_field("row", fast=True)
    with tempfile.TemporaryDirectory() as folder:
        index = tantivy.Index(builder.build(), path=folder)
        writer = index.writer(heap_size=HEAP_BYTES, num_threads=1)
        for row, said in enumerate(texts(catalog)):
            document = tantivy.Document()
            for name, text in zip(FIELDS, said, strict=True):
                document.add_text(name, text)
            document.add_integer("row", row)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        searcher = index.searcher()

        def search(query: str) -> None:
            asked = index.parse_query(" ".join(tokens(query)), list(FIELDS))
            hits = searcher.search(asked, limit=K, count=False).hits
            searcher.fast_field_values("row", [address for _, address in hits])

        return _timed(search, queries)


def bm25s_ms(catalog: Catalog, queries: Sequence[str]) -> dict[str, float]:
    """Milliseconds of the best K products by BM25 over all words of the four fields together."""
    import bm25s

    index = bm25s.BM25()
    index.index(bm25s.tokenize([" ".join(own) for own in texts(catalog)], show_progress=False), show_progress=False)

    def search(query: str) -> None:
        asked = bm25s.tokenize([query], show_progress=False, return_ids=False)
        index.retrieve(asked, k=K, show_progress=False)

    return _timed(search, queries)


def _timed(search: Callable[[str], None], queries: Sequence[str]) -> dict[str, float]:
    spans = []
    for query in queries:
        started = time.perf_counter()
        search(query)
        spans.append((time.perf_counter() - started) * 1e3)
    return quantiles(spans)
