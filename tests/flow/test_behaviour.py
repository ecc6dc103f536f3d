"""Claims:

1. searches teach by what was chosen on their pages and what stood above it; what stood below says nothing.
2. an event that names its search but no page that is kept teaches by what was chosen alone.
3. the last days teach nothing, not even about a page from before them: they measure, each search and text once.
4. a search that one shopper alone asked, or chose after, is not what a model reads.
5. products of one text are one: the best that was done about any of them on a page counts.
6. pairs are of different texts: those to learn from, those to stop by and those to measure with are of days that follow
   one another; the last begin where the version's own measuring begins.
7. a corpus is filled with what is asked for, and with nothing else.
8. every task says which parts of a corpus it learns from, and whether products must be encoded again.
"""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
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


def behaviour(folder: ShopFolder, **twins: str) -> Behaviour:
    """With `twins` products have the text of others, both by id."""
    catalog = folder.products.catalog()
    shelf = Shelf.of(folder, len(catalog))
    for product_id, other in twins.items():
        shelf.texts[catalog.row_of[product_id]] = shelf.texts[catalog.row_of[other]]
    return Behaviour(folder, None, catalog, shelf)


def by_two(name: str, product_id: str, action: Action = "click", **more: object) -> list[Event]:
    return [chosen(f"{name}{user}", product_id, action, user_id=user, **more) for user in ("u1", "u2")]


def page(folder: ShopFolder, name: str, query: str, product_ids: tuple[str, ...], when: float = OLD) -> None:
    n = len(product_ids)
    each = (1.0,) * n
    folder.exposures.append(
        exposure(
            name, "", when, query=query, product_ids=product_ids, positions=range(n), scores=each, propensities=each
        )
    )
    folder.exposures.flush()


def grades(found: Behaviour) -> dict[tuple[str, int], int]:
    judged = found.judged()
    return {(query, row): grade for query, row, grade in zip(judged.queries, judged.rows, judged.grades, strict=True)}


def test_what_stood_above_the_last_choice_was_passed_over(folder: ShopFolder) -> None:
    shelf = [product.product_id for product in products()]
    page(folder, "r1", "  Milk", tuple(shelf[:4]))
    page(folder, "r2", "milk", tuple(shelf[:4]))
    page(folder, "r3", "butter", tuple(shelf[:4]))
    folder.events.append(
        [
            chosen("c1", shelf[2], request_id="r1"),
            chosen("c2", shelf[2], "purchase", request_id="r2", user_id="u2"),
            chosen("c3", shelf[0], request_id="r2"),
            chosen("c4", shelf[0], "dismiss", request_id="r3"),
        ]
    )
    assert grades(behaviour(folder)) == {("milk", 0): 1, ("milk", 1): 0, ("milk", 2): 3}


def test_events_that_name_their_search_teach_by_what_was_chosen(folder: ShopFolder) -> None:
    folder.events.append([*by_two("c", "DA0A", "add_to_cart", query="milk"), chosen("g", "gone", query="milk")])
    assert grades(behaviour(folder)) == {("milk", 0): 3}


def test_the_last_days_measure_and_do_not_teach(folder: ShopFolder) -> None:
    page(folder, "r1", "butter", ("DA0A", "DA1A"))
    folder.events.append([*by_two("c", "DA0A", query="milk", timestamp=NEW), *by_two("o", "DA1A", request_id="r1")])
    folder.events.append(by_two("l", "DA0A", "purchase", request_id="r1", timestamp=NEW))
    found = behaviour(folder)
    assert grades(found) == {("butter", 0): 0, ("butter", 3): 1 + 1}
    assert found.asked_later() == [("milk", 0), ("butter", 0)]


def test_what_one_shopper_alone_chose_after_is_not_taught(folder: ShopFolder) -> None:
    alone = [chosen(f"c{at}", "DA0A", query="my secret") for at in range(9)]
    folder.events.append([*alone, chosen("n", "DA0A", query="my secret", user_id="")])
    assert not len(behaviour(folder).judged())


def test_products_of_one_text_are_one(folder: ShopFolder) -> None:
    page(folder, "r1", "milk", ("DA0B", "DA0A", "DA1A"))
    folder.events.append(by_two("c", "DA0B", "purchase", request_id="r1") + by_two("d", "DA1A", request_id="r1"))
    found = behaviour(folder, DA0B="DA0A")
    assert grades(found) == {("milk", 0): 3, ("milk", 3): 2}


def test_what_one_shopper_alone_asked_is_not_read(folder: ShopFolder) -> None:
    asked = [
        Event(event_id=f"{query}{at}", timestamp=when, action="search", user_id=f"u{at % n}", query=query)
        for query, n, when in (("milk", 9, OLD), ("my secret", 1, OLD), ("rye", 9, NEW))
        for at in range(20)
    ]
    folder.events.append(asked)
    assert behaviour(folder).queries() == ["milk"]


def test_pairs_to_learn_from_to_stop_by_and_to_measure_with_follow_one_another(folder: ShopFolder) -> None:
    folder.events.append([Event(event_id="ahead", timestamp=NOW + 0.9 * DAY, action="search", query="milk")])
    found, goods = behaviour(folder), Corpus(["a"], [("a",)], [""])
    taught = found.added_to(goods, {"pairs"})
    assert taught.pairs is not None and taught.later is not None
    week = found.together(found.edge, np.inf)
    assert len(taught.pairs) > len(taught.later) > 0 and len(week) > 0
    assert list(taught.pairs.texts) == list(taught.later.texts) == list(week.texts)
    assert (taught.pairs.lefts != taught.pairs.rights).all() and all(taught.pairs.texts)
    days, held = found.known.log.days, found.folder.settings.learn.holdout_days
    assert found.edge == pytest.approx(days.max() - held, abs=1e-6)


def test_a_corpus_is_filled_with_what_is_asked_for(folder: ShopFolder) -> None:
    found, goods = behaviour(folder), Corpus(["a"], [("a",)], [""])
    assert found.added_to(goods, ()) is goods
    judged = found.added_to(goods, {"judged"})
    assert judged.judged is not None and judged.pairs is None
    assert found.added_to(goods, {"queries"}).queries == []


@pytest.mark.parametrize("name", plugins.names("task"))
def test_every_task_says_what_it_learns_from_and_whether_products_move(name: str) -> None:
    plugin = plugins.load("task", name)
    task = plugin(plugin.Settings())
    assert set(task.learns_from) <= {field.name for field in fields(Corpus)}
    assert task.moves_products in (True, False, None)
