"""The order of arrival.

1. What arrived since a number is found by arrival, whatever the events' own clocks say, in tail and lake.
2. A number is given once, even where its event was erased and the shop was opened again.
"""

from pathlib import Path

from shopkeeper.store.folder import open_folder
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
