"""How searches end that a shop has no product for: 10,000 Chinese queries, and all those of Icecat.

    python -m benchmarks.zero_results --data FOLDER_OF_ZH_QUERIES [--icecat FOLDER_OF_ICECAT] [--write]

The Chinese shop is invented (`testing/chinese_shop.py`: some 4,300 products of 1,700 kinds, the same at every run), the
queries are real ones of a far larger shop, drawn evenly with a seed. What was chosen for this (the bars of meaning, the
order in which words give way) was chosen on 600 other queries, which are left out here. Icecat: every query of the
ratings, those without a relevant product too, over all 19,406 products, with purchases drawn at random.

Each query is asked of the whole shop, as over HTTP: understanding, all sources, rules, and what stands beside a search
that found nothing. `empty` is the share of queries whose page shows no product at all; `only_popular` of those where
nothing was found and what others buy stands apart, called that (`total` is 0). `whole`: what is shown is what was asked
for. `words`: no product has every word, and the page says which those shown have. `filters`: what words state was
widened or dropped. `meaning`: no product has any of the words. `in_part_by` counts the queries in all of these ways.
"""

import argparse
import csv
import gzip
import hashlib
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson

from benchmarks.icecat_shop import shelf
from benchmarks.page import write
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.instead import answer_or_instead
from shopkeeper.flow.learn import learn
from shopkeeper.flow.shop import Shop
from shopkeeper.store.folder import create, open_folder
from shopkeeper.testing import chinese_shop
from shopkeeper.types import Page, Product

log = logging.getLogger("benchmarks.zero_results")
ASKED, LOOKED_AT, LOOKED_SEED, SEED = 10_000, 600, 100, 1


def main() -> None:
    """Prints one JSON line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of zh_queries")
    parser.add_argument("--icecat", type=Path, help="the folder of icecat")
    parser.add_argument("--queries", type=int, default=ASKED)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/zero_results.md")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    content = (asked.data / "train.query.txt.gz").read_bytes()
    figures: dict[str, object] = {"zh": chinese(content, asked.queries)}
    if asked.icecat:
        figures["icecat"] = icecat(asked.icecat)
    print(orjson.dumps(figures).decode())
    if asked.write:
        write("zero_results", __doc__ or "", figures, hashlib.sha256(content).hexdigest())


def chinese(content: bytes, n: int) -> Mapping[str, float]:
    """How so many queries end in the invented shop."""
    lines = gzip.decompress(content).decode().splitlines()
    queries = [line.partition("\t")[2] for line in lines]
    looked_at = np.random.default_rng(LOOKED_SEED).choice(len(queries), LOOKED_AT, replace=False)
    rest = np.setdiff1d(np.arange(len(queries)), looked_at)
    drawn = np.random.default_rng(SEED).choice(rest, n, replace=False)
    with tempfile.TemporaryDirectory() as folder:
        path = chinese_shop.chinese_shop(Path(folder) / "shop")
        learn(path)
        with open_shop(path) as shop:
            return endings(shop, [queries[at] for at in drawn])


def icecat(data: Path) -> Mapping[str, float]:
    """How every query of the ratings ends over all of Icecat's products."""
    catalog = shelf(data, "en").catalog
    products = [
        Product(
            product_id=product_id,
            title=title,
            brand=brand,
            category=catalog.category_paths[kind],
            price=None if np.isnan(price) else float(price),
            currency=catalog.currency,
        )
        for product_id, title, brand, kind, price in zip(
            catalog.product_ids, catalog.titles, catalog.brands, catalog.categories, catalog.prices, strict=True
        )
    ]
    rated = (data / "ratings.csv").read_text(encoding="utf-8").splitlines()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop"
        create(path, chinese_shop.SETTINGS.replace("zahuo", "icecat").replace("CNY", catalog.currency))
        with open_folder(path, writable=True) as opened:
            opened.products.upsert(products)
            opened.events.append(chinese_shop.purchases(products, time.time()))
        learn(path)
        with open_shop(path) as shop:
            return endings(shop, queries_of(rated))


def queries_of(rated: Sequence[str]) -> list[str]:
    """The distinct queries of a file of ratings."""
    return list(dict.fromkeys(line["query"] for line in csv.DictReader(rated)))


def endings(shop: Shop, queries: Sequence[str]) -> dict[str, float]:
    """The share of queries that end in each way, and the milliseconds of a page."""
    ways: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    took: list[float] = []
    for at, query in enumerate(queries):
        started = time.process_time()
        page = answer_or_instead(ask(shop, scene="search", query=query), shop)
        took.append((time.process_time() - started) * 1e3)
        ended[ending(page)] += 1
        ways.update(page.relaxed.how if page.relaxed else ())
        if at % 1000 == 999:
            log.info("%d of %d: %s", at + 1, len(queries), dict(ended))
    n = len(queries)
    shares = {name: round(ended[name] / n, 4) for name in ("empty", "only_popular", "whole", "in_part")}
    by = {f"in_part_by.{way}": round(ways[way] / n, 4) for way in ("words", "filters", "meaning")}
    middle, late = np.percentile(took, (50, 99)).round(2).tolist()
    return {"queries": n, "products": len(shop.catalog), **shares, **by, "p50_ms": middle, "p99_ms": late}


def ending(page: Page) -> str:
    """How the search ended."""
    if page.items:
        return "in_part" if page.relaxed else "whole"
    return "only_popular" if page.instead is not None and page.instead.items else "empty"


if __name__ == "__main__":
    main()
