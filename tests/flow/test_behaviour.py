"""Claims:

1. searches teach by what was chosen on their pages and what stood above it; what stood below says nothing.
2. an event that names its search but no page that is kept teaches by what was chosen alone.
3. the last days teach nothing: they measure, each search and product once.
4. a search that one shopper alone asked is not among the queries that a model reads.
5. pairs are of different texts, those before the last days to learn from, those since to measure with.
6. a corpus is filled with what is asked for, and with nothing else.
7. every task says which parts of a corpus it learns from, and whether products must be encoded again.
"""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from shopkeeper import plugins
from shopkeeper.encode.corpus import Corpus
from shopkeeper.flow.behaviour import Behaviour
from shopkeeper.flow.vectors import Shelf
from shopkeeper.store.folder import ShopFolder, create, open_folder
from shopkeeper.testing.shops import DAY, SETTINGS, events, products
from shopkeeper.types import Action, Event
from tests.store.worlds import exposure

NOW = 1_780_000_000.0
OLD, NEW = NOW - 30 * DAY, NOW - 2 * DAY


def chosen(name: str, product_id: str, action: Action = "click", **more: object) -> Event:
    plain = {"event_id": name, "timestamp": OLD, "action": action, "user_id": "u1", "product_id": product_id}
    return Event(**{**plain, **more})  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[ShopFolder]:
    create(tmp_path / "shop", SETTINGS)
    with open_folder(tmp_path / "shop", writable=True) as opened:
        opened.products.upsert(products())
        opened.events.append(events(NOW))
        yield opened


def behaviour(folder: ShopFolder) -> Behaviour:
    catalog = folder.products.catalog()
    return Behaviour.of(folder, None, catalog, Shelf.of(folder, len(catalog)))


def page(folder: ShopFolder, name: str, query: str, product_ids: tuple[str, ...], when: float = OLD) -> None:
    n = len(product_ids)
    each = (1.0,) * n
    folder.exposures.append(
        exposure(
            name, "", when, query=query, product_ids=product_ids, positions=range(n), scores=each, propensities=each
        )
    )
    folder.exposures.flush()


def test_what_stood_above_the_last_choice_was_passed_over(folder: ShopFolder) -> None:
    shelf = [product.product_id for product in products()]
    page(folder, "r1", "  Milk", tuple(shelf[:4]))
    page(folder, "r2", "milk", tuple(shelf[:4]))
    page(folder, "r3", "butter", tuple(shelf[:4]))
    folder.events.append(
        [
            chosen("c1", shelf[2], request_id="r1"),
            chosen("c2", shelf[2], "purchase", request_id="r2"),
            chosen("c3", shelf[0], request_id="r2"),
            chosen("c4", shelf[0], "dismiss", request_id="r3"),
        ]
    )
    found = behaviour(folder).judged()
    told = {(query, row): grade for query, row, grade in zip(found.queries, found.rows, found.grades, strict=True)}
    assert told == {("milk", 0): 1, ("milk", 1): 0, ("milk", 2): 3}


def test_events_that_name_their_search_teach_by_what_was_chosen(folder: ShopFolder) -> None:
    folder.events.append([chosen("c1", "DA0A", "add_to_cart", query="milk"), chosen("c2", "gone", query="milk")])
    found = behaviour(folder).judged()
    assert (list(found.queries), found.rows.tolist(), found.grades.tolist()) == (["milk"], [0], [3])


def test_the_last_days_measure_and_do_not_teach(folder: ShopFolder) -> None:
    folder.events.append([chosen(f"c{at}", "DA0A", query="milk", timestamp=NEW) for at in range(2)])
    found = behaviour(folder)
    assert not len(found.judged())
    assert found.asked_later() == [("milk", 0)]


def test_what_one_shopper_alone_asked_is_not_read(folder: ShopFolder) -> None:
    asked = [
        Event(event_id=f"{query}{at}", timestamp=when, action="search", user_id=f"u{at % n}", query=query)
        for query, n, when in (("milk", 9, OLD), ("my secret", 1, OLD), ("rye", 9, NEW))
        for at in range(20)
    ]
    folder.events.append(asked)
    assert behaviour(folder).queries() == ["milk"]


def test_pairs_before_the_last_days_are_learnt_and_those_since_measure(folder: ShopFolder) -> None:
    before, later = behaviour(folder).together()
    assert len(before) > len(later) > 0 and list(before.texts) == list(later.texts)
    assert (before.lefts != before.rights).all() and all(before.texts)


def test_a_corpus_is_filled_with_what_is_asked_for(folder: ShopFolder) -> None:
    found, goods = behaviour(folder), Corpus(["a"], [("a",)], [""])
    assert found.added_to(goods, ()) is goods
    judged = found.added_to(goods, {"judged"})
    assert judged.judged is not None and judged.pairs is None
    assert found.added_to(goods, {"pairs"}).later is not None


@pytest.mark.parametrize("name", plugins.names("task"))
def test_every_task_says_what_it_learns_from_and_whether_products_move(name: str) -> None:
    plugin = plugins.load("task", name)
    task = plugin(plugin.Settings())
    assert set(task.learns_from) <= {field.name for field in fields(Corpus)}
    assert task.moves_products in (True, False, None)
