"""A grocer of twenty products and thirty shoppers, for the durability benchmark and the tests of the server."""

import time
from pathlib import Path

import numpy as np

from shopkeeper.store.folder import create, open_folder
from shopkeeper.types import Event, Product

DAY = 86_400.0
SHELF = {
    "Drinks": [
        "Green tea, 20 bags",
        "Black tea, 50 bags",
        "Ground coffee, 500 g",
        "Orange juice, 1 l",
        "Oat drink, 1 l",
    ],
    "Bakery": ["Rye bread", "Wheat rolls, 6", "Butter croissants, 4", "Apple cake", "Oat cookies"],
    "Dairy": ["Whole milk, 1 l", "Salted butter, 250 g", "Plain yogurt, 500 g", "Goat cheese", "Cream, 200 ml"],
    "Household": ["Dish soap", "Paper towels, 4 rolls", "Laundry powder, 2 kg", "Sponges, 3", "Candles, 10"],
}
SETTINGS = """
[shop]
name = "{name}"
title = "The {name}"
currency = "EUR"

[encode]
weights = "none"

[recall]  # a busy machine is no reason for an empty page here: what a late source does is tested elsewhere
budget_ms = 30000
deadline_ms = 30000

[rank]
windows = 1

[learn]
min_events = 50
holdout_days = 7
margin = 0.3

[serve]
requests_per_minute = {requests_per_minute}
open = {open}
"""


def make(
    path: Path,
    *,
    name: str = "grocer",
    requests_per_minute: int = 1_000_000,
    is_open: bool = True,
    now: float | None = None,
) -> None:
    """Makes the shop with eight weeks of purchases that end an hour before `now`; it has not learnt yet."""
    text = SETTINGS.format(name=name, requests_per_minute=requests_per_minute, open=str(is_open).lower())
    create(path, text)
    with open_folder(path, writable=True) as folder:
        folder.products.upsert(products())
        folder.events.append(purchases(time.time() if now is None else now))


def products() -> list[Product]:
    """p00 to p19, five a department, at 1.49 to 4.99."""
    titles = [(department, title) for department, shelf in SHELF.items() for title in shelf]
    return [
        Product(
            product_id=f"p{row:02d}", title=title, category=(department,), price=1.49 + row % 8 * 0.5, currency="EUR"
        )
        for row, (department, title) in enumerate(titles)
    ]


def purchases(now: float, n_users: int = 30, weeks: int = 8) -> list[Event]:
    """Each shopper comes once a week, on a day of their own, for three of five favourites and one other thing."""
    random = np.random.default_rng(7)
    events: list[Event] = []
    for user in range(n_users):
        favourites = random.choice(20, 5, replace=False)
        for week in range(weeks):
            visit = now - 3600.0 - DAY * (7 * week + user % 7)
            basket = [*random.choice(favourites, 3, replace=False), random.integers(20)]
            events.extend(
                Event(
                    event_id=f"u{user}-w{week}-{line}",
                    timestamp=visit + line,
                    action="purchase",
                    user_id=f"u{user}",
                    session_id=f"u{user}-w{week}",
                    product_id=f"p{int(row):02d}",
                    value=1.49,
                )
                for line, row in enumerate(basket)
            )
    return events
