"""An invented general shop in Chinese: a few thousand products with brands, categories, attributes and prices.

What it sells is listed by hand in `chinese_shop.toml`; nothing is taken from anybody's products or queries.
"""

import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from shopkeeper.store.folder import create, open_folder
from shopkeeper.types import Event, Product

SETTINGS = """\
[shop]
name = "zahuo"
title = "杂货铺"
currency = "CNY"

[encode]
minutes = 0

[recall]  # a busy machine is no reason for an empty page here: what a late source does is tested elsewhere
budget_ms = 30000
deadline_ms = 30000

[rank]
windows = 1

[learn]
margin = 1.0  # nobody's habits are in this shop: no version is better than another
"""
DAY = 86_400.0
FEWEST, MOST = 2, 3
"""Products of one kind."""
SIZES = ("女码", "男码", "鞋码", "童码")


def products(seed: int = 0) -> list[Product]:
    """Two or three products of each kind on the shelf, the same for the same seed."""
    rng = np.random.default_rng(seed)
    told = tomllib.loads(files("shopkeeper.testing").joinpath("chinese_shop.toml").read_text(encoding="utf-8"))
    lists = {name: words.split() for name, words in told["lists"].items()}
    made = [
        product
        for shelf in told["shelf"]
        for kind in dict.fromkeys(shelf["sells"].split())
        for product in _of_kind(kind, shelf, lists, told["brands"].split(), rng)
    ]
    return [Product(product_id=f"zh{at:05d}", **fields) for at, fields in enumerate(made)]


def _of_kind(
    kind: str,
    shelf: Mapping[str, Any],
    lists: Mapping[str, Sequence[str]],
    brands: Sequence[str],
    rng: np.random.Generator,
) -> Iterator[dict[str, Any]]:
    low, high = shelf["price"]
    middle = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    for brand in rng.choice(brands, int(rng.integers(FEWEST, MOST + 1)), replace=False):
        said = {name: str(rng.choice(lists[name])) for name in shelf["says"]}
        before = [value for name, value in said.items() if name not in (*SIZES, "颜色", "规格", "容量", "件数")]
        after = [value for name, value in said.items() if name in (*SIZES, "颜色", "规格", "容量", "件数")]
        price = min(max(middle * float(rng.lognormal(0, 0.3)), low), high)
        yield {
            "title": " ".join([f"{brand}{''.join(before)}{kind}", *after]),
            "brand": str(brand),
            "category": (*shelf["path"].split("/"), kind),
            "price": round(price, 1),
            "currency": "CNY",
            "attributes": {"尺码" if name in SIZES else name: value for name, value in said.items()},
        }


def purchases(shelf: Sequence[Product], now: float, n_users: int = 200, weeks: int = 8, seed: int = 0) -> list[Event]:
    """Baskets of three a shopper a week, some products bought far more often than others."""
    rng = np.random.default_rng(seed)
    wanted = rng.permutation(1.0 / np.arange(1, len(shelf) + 1) ** 0.7)
    shares = wanted / wanted.sum()
    return [
        Event(
            event_id=f"u{user}-w{week}-{line}",
            timestamp=now - (weeks - 1 - week) * 7 * DAY - 3600 - user * 60,
            action="purchase",
            user_id=f"u{user}",
            session_id=f"u{user}-w{week}",
            product_id=shelf[int(row)].product_id,
        )
        for user in range(n_users)
        for week in range(weeks)
        for line, row in enumerate(rng.choice(len(shelf), 3, p=shares))
    ]


def chinese_shop(path: Path, *, settings: str = SETTINGS, now: float | None = None, seed: int = 0) -> Path:
    """Makes the shop in this folder, which has not learnt yet, and returns the folder."""
    shelf = products(seed)
    create(path, settings)
    with open_folder(path, writable=True) as folder:
        folder.products.upsert(shelf)
        folder.events.append(purchases(shelf, time.time() if now is None else now, seed=seed))
    return path
