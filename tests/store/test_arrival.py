"""The order of arrival.

1. What arrived since a number is found by arrival, whatever the events' own clocks say, in tail and lake.
2. A number is given once, even where its event was erased and the shop was opened again.
3. While a shop opens the tail is read once, and tells the same; afterwards it is read again.
"""

import itertools
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.store import log
from shopkeeper.store.folder import ShopFolder, open_folder
from shopkeeper.types import Product
from tests.store.worlds import DAY, event


def test_what_arrived_since_goes_by_arrival_and_not_by_the_clock(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        assert folder.events.last_seq() == -1
        assert folder.events.since(-1) == []
        first = [event("a", 19.5), event("b", 10)]
        late = [event("c", 19), event("d", 10), event("e", 9)]
        folder.events.append(first)
        mark = folder.events.last_seq()
        assert mark == 1
        folder.events.append(late)
        assert folder.events.since(mark) == late
        assert folder.events.compact(20 * DAY) == 3
        assert folder.events.since(-1) == first + late
    with open_folder(path, writable=True) as folder:
        assert folder.events.since(mark) == late
        assert folder.events.last_seq() == 4
        assert folder.events.since(4) == []


def test_an_erased_events_number_is_not_given_again(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        folder.events.append([event("a", 10, "bob"), event("b", 19, "ann")])
        mark = folder.events.last_seq()
        assert folder.events.erase("ann") == 1
        assert folder.events.last_seq() == mark
    with open_folder(path, writable=True) as folder:
        later = event("c", 19, "bob")
        folder.events.append([later])
        assert folder.events.since(mark) == [later]
        assert folder.events.last_seq() == mark + 1


def told(folder: ShopFolder) -> list[list[Any]]:
    """What is told of the log: since the first event, of the last days, and of all."""
    catalog = folder.products.catalog()
    since = folder.events.past_since(0, catalog, folder.users)
    tail = folder.events.past_tail(18 * DAY, catalog, folder.users)
    whole = folder.events.interactions(catalog, folder.users)
    return [since.days.tolist(), tail.days.tolist(), whole.days.tolist()]


def test_while_a_shop_opens_the_tail_is_read_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_folder(path, writable=True) as folder:
        folder.products.upsert([Product(product_id="tea", title="Tea")])
        folder.events.append([event("a", 10), event("b", 17), event("c", 19)])
        folder.events.compact(20 * DAY)
        known, readings = told(folder), itertools.count()
        assert known == [[17.0, 19.0], [19.0], [10.0, 17.0, 19.0]]
        monkeypatch.setattr(
            "shopkeeper.store.events.coded_tail", lambda *asked: (next(readings), log.coded_tail(*asked))[1]
        )
        with folder.events.opening():
            assert told(folder) == known and next(readings) == 1
        folder.events.append([event("d", 19.5)])
        assert [days[-1] for days in told(folder)] == [19.5] * 3 and next(readings) == 5
