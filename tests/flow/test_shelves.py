"""Claims, of a shop learnt from a log whose answers are known:

1. a tea drinker is shown tea, a coffee drinker coffee.
2. a kettle that was bought yesterday is not shown again, its filters are; a search still finds it.
"""

import time
from collections.abc import Iterator

import pytest

from shopkeeper.flow.answer import answer
from shopkeeper.flow.ask import ask
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.learn import learn
from shopkeeper.flow.observe import observe
from shopkeeper.flow.shop import Shop
from shopkeeper.store.folder import create, open_folder
from shopkeeper.testing.shops import DAY, SETTINGS
from shopkeeper.types import Event, Product, Scene

GOODS = {
    ("Drinks", "Tea"): ["Green tea", "Black tea", "White tea", "Mint tea"],
    ("Drinks", "Coffee"): ["Ground coffee", "Espresso beans", "Filter coffee", "Decaf coffee"],
    ("Kitchen", "Kettles"): ["Steel kettle", "Glass kettle"],
    ("Kitchen", "Kettle filters"): ["Kettle filter"],
    ("Home", "Candles"): ["Red candle", "Blue candle", "Tall candle", "Round candle"],
}
SHELF = [
    Product(product_id=title.lower().replace(" ", "-"), title=title, category=path, price=5.0)
    for path, titles in GOODS.items()
    for title in titles
]
TEA = [own.product_id for own in SHELF if own.category[-1] == "Tea"]
COFFEE = [own.product_id for own in SHELF if own.category[-1] == "Coffee"]
WEEKS = 40


def log(now: float) -> list[Event]:
    """Sixty shoppers: half drink tea, half coffee, two sorts a week; a kettle once, a filter every month."""
    events = []
    for user in range(60):
        drinks, start = (COFFEE if user % 2 else TEA), now - 7 * DAY * WEEKS - user * 60
        for week in range(WEEKS):
            basket = [drinks[week % 4], drinks[(week + user // 2) % 4]]
            basket += ["steel-kettle"] * (week == user % 8) + ["kettle-filter"] * (week % 5 == user % 5)
            events += [
                Event(
                    event_id=f"{user}-{week}-{line}",
                    timestamp=start + 7 * DAY * week,
                    action="purchase",
                    user_id=f"u{user}",
                    session_id=f"{user}-{week}",
                    product_id=product_id,
                )
                for line, product_id in enumerate(dict.fromkeys(basket))
            ]
    return events


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    path, now = tmp_path_factory.mktemp("shelves") / "shop", time.time()
    create(path, SETTINGS)
    with open_folder(path, writable=True) as folder:
        folder.products.upsert(SHELF)
        folder.events.append(log(now))
    learn(path)
    with open_shop(path) as opened:
        yield opened


def shown(shop: Shop, user_id: str, scene: Scene = "home", k: int = 15, **asked: str) -> list[str]:
    page = answer(ask(shop, scene=scene, user_id=user_id, k=k, **asked), shop)  # type: ignore[arg-type]
    return [shop.catalog.product_ids[item.row] for item in page.items]


def test_a_tea_drinker_is_shown_tea_and_a_coffee_drinker_coffee(shop: Shop) -> None:
    for user_id, own, others in (("u4", TEA, COFFEE), ("u5", COFFEE, TEA)):
        first = shown(shop, user_id, k=5)
        assert first[0] in own
        # variety may let one of the other shelf in
        assert len(set(first) & set(own)) >= 3 and len(set(first) & set(others)) <= 1, (user_id, first)


def test_a_kettle_bought_yesterday_is_not_shown_again_but_its_filters_are(shop: Shop) -> None:
    before = shown(shop, "new")
    assert "steel-kettle" in before and "kettle-filter" in before
    bought = Event(
        event_id="k", timestamp=time.time() - DAY, action="purchase", user_id="new", product_id="steel-kettle"
    )
    observe([bought], shop)
    after = shown(shop, "new")
    assert "steel-kettle" not in after
    assert "kettle-filter" in after
    assert "steel-kettle" in shown(shop, "new", "search", query="kettle")
