"""A small real shop on disk, with habits a test can rely on: a folder, a catalogue, a log, and if asked a version.

Shopper u7 buys the same staples every week (rows 7 mod 12 and its neighbour) and something else now and then.
"""

import time
from pathlib import Path

import numpy as np

from shopkeeper.store.folder import create, open_folder
from shopkeeper.types import Event, Product

SETTINGS = """\
[shop]
name = "small"
title = "Small Shop"

[encode]
weights = "none"

[learn]
min_events = 10
margin = 0.1  # with habits this plain, nothing beats what a shopper buys most often

[recall]  # a busy machine is no reason for an empty page here: what a late source does is tested elsewhere
budget_ms = 30000
deadline_ms = 30000

[rank]
windows = 2
"""
SHELVES = {
    "Dairy": ["Whole milk, 1 l", "Butter, 250 g", "Plain yogurt, 4 pk", "Cheddar cheese, 200 g"],
    "Bakery": ["White bread", "Rye bread", "Butter croissant", "Chocolate muffin"],
    "Produce": ["Bananas, 1 kg", "Red apples, 1 kg", "Carrots, 500 g", "Tomatoes, 500 g"],
    "Drinks": ["Orange juice, 1 l", "Green tea, 20 ct", "Ground coffee, 500 g", "Sparkling water, 6 pk"],
    "Household": ["Dish soap, 500 ml", "Paper towels, 4 rolls", "Laundry powder, 2 kg", "Light bulb, 60 w"],
}
BRANDS = ("Alder", "Birch", "Cedar")
DAY = 86_400.0


def products() -> list[Product]:
    """Sixty products: each of twenty titles from three brands, in five departments."""
    return [
        Product(
            product_id=f"{department[:2].upper()}{place}{brand[0]}",
            title=f"{brand} {title[0].lower()}{title[1:]}",
            brand=brand,
            category=(department, title.split(",", maxsplit=1)[0]),
            price=round(1.0 + place + 0.5 * BRANDS.index(brand), 2),
            currency="EUR",
        )
        for department, titles in SHELVES.items()
        for place, title in enumerate(titles)
        for brand in BRANDS
    ]


def events(now: float, n_users: int = 40, weeks: int = 10, seed: int = 0) -> list[Event]:
    """Purchases up to an hour before `now` (UTC seconds): a basket a shopper a week, three staples and a surprise."""
    rng = np.random.default_rng(seed)
    shelf = [product.product_id for product in products()]
    log = []
    for user in range(n_users):
        staples = [user % 12, (user + 1) % 12, 12 + user % 30]
        for week in range(weeks):
            then = now - (weeks - 1 - week) * 7 * DAY - 3600 - user * 60
            for line, row in enumerate([*staples, int(rng.integers(len(shelf)))]):
                log.append(
                    Event(
                        event_id=f"u{user}-w{week}-{line}",
                        timestamp=then,
                        action="purchase",
                        user_id=f"u{user}",
                        session_id=f"u{user}-w{week}",
                        product_id=shelf[row],
                    )
                )
    return log


def small_shop(path: Path, *, settings: str = SETTINGS, now: float | None = None, learnt: bool = True) -> Path:
    """Makes the shop in this folder and returns the folder; `learnt` gives it a first version."""
    moment = time.time() if now is None else now
    create(path, settings)
    with open_folder(path, writable=True) as folder:
        folder.products.upsert(products())
        folder.events.append(events(moment))
    if learnt:
        from shopkeeper.flow.learn import learn

        learn(path)
    return path
