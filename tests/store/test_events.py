"""The event log.

1. What is appended is read back, field by field, to the microsecond; days and tail are one table.
2. An event_id counts once for ever: in one call, later, after its day was compacted, with another time, after erasure,
   from a file, and from a file that brings it twice.
3. A table is imported whole or not at all; full days are in the lake, the rest in the tail.
4. Compaction moves full days older than tail_days, keeps every event once, and goes on over late arrivals
   and over moments before 1970.
5. Whatever step of compaction, import or erasure fails, the log holds every event once, at once and after reopening.
6. The log's hash says what is in it, not where or in which order it came.
7. Interactions are ordered by user, day, arrival; sessions are baskets, days where there is no session.
8. The tail reaches into the lake.
9. Erasure removes a shopper from tail and lake and counts; nothing of the id is left in any file.
10. On a full disk nothing is acknowledged, nothing is kept, and the next call works.
11. Many callers at once: each event is accepted exactly once.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa

from shopkeeper.errors import IntakeError, StorageFull
from shopkeeper.store.database import Database
from shopkeeper.store.events import ImportCounts, event_keys
from shopkeeper.store.folder import ShopFolder, open_folder
from shopkeeper.store.lake import DAY_US, Lake
from shopkeeper.store.schema import EVENTS
from shopkeeper.store.upkeep import Upkeep
from shopkeeper.types import ACTION_CODES, Event
from tests.store.test_exposures import full
from tests.store.worlds import DAY, event, file_limit, products, table

WHOLE = Event(
    event_id="w",
    timestamp=1_700_000_000.123456,
    action="search",
    user_id="ann",
    session_id="s",
    product_id="茶",
    query="green tea",
    request_id="r",
    position=3,
    quantity=1.5,
    value=0.1,
    context={"device": "phone", "a": "b"},
)


def ids(folder: ShopFolder) -> list[str]:
    return sorted(folder.events.table().to_pyarrow()["event_id"].to_pylist())


def day_files(folder: ShopFolder) -> list[str]:
    return sorted(file.parent.name for file in (folder.path / "events").glob("day=*/*.parquet"))


def test_an_event_is_read_back_whole_from_tail_and_lake(folder: ShopFolder) -> None:
    plain = event("p", 10)
    folder.events.append([WHOLE, plain])
    assert folder.events.tail(0.0) == [plain, WHOLE]
    assert folder.events.last_timestamp() == WHOLE.timestamp
    before = folder.events.table().order_by("event_id").to_pyarrow()
    assert before.schema.names == EVENTS.names
    assert folder.events.compact(WHOLE.timestamp + 10 * DAY) == 2
    assert folder.events.tail(0.0) == [plain, WHOLE]
    assert folder.events.last_timestamp() == WHOLE.timestamp
    assert folder.events.table().order_by("event_id").to_pyarrow().to_pylist() == before.to_pylist()
    assert len(folder.events) == 2


def test_an_event_id_counts_once_for_ever(folder: ShopFolder) -> None:
    assert folder.events.append([event("a", 10), event("b", 10), event("a", 11)]) == [
        "accepted",
        "accepted",
        "duplicate",
    ]
    assert folder.events.append([event("b", 10), event("c", 10)]) == ["duplicate", "accepted"]
    folder.events.compact(20 * DAY)
    assert folder.events.append([event("a", 10), event("a", 19.5), event("d", 10)]) == [
        "duplicate",
        "duplicate",
        "accepted",
    ]
    lines = table(("a", 12, "x", "tea"), ("e", 12, "x", "tea"), ("e", 13, "x", "tea"), ("f", 19, "x", "tea"))
    assert folder.events.import_table(lines, now=20 * DAY) == ImportCounts(accepted=2, duplicate=2)
    assert folder.events.import_table(lines, now=20 * DAY) == ImportCounts(accepted=0, duplicate=4)
    assert folder.events.append([event("e", 30), event("f", 30)]) == ["duplicate", "duplicate"]
    assert ids(folder) == ["a", "b", "c", "d", "e", "f"]
    folder.events.erase("ann")
    assert folder.events.append([event("a", 10)]) == ["duplicate"]


def test_more_events_than_one_lookup_holds_are_told_apart(folder: ShopFolder) -> None:
    many = [event(f"e{number}", 10) for number in range(1_203)]
    assert set(folder.events.append(many[:1_202])) == {"accepted"}
    assert folder.events.append(many).count("accepted") == 1


def test_keys_do_not_depend_on_the_machine() -> None:
    assert event_keys(["a", ""]).tolist() == [3_405_396_810_240_292_928, -5_426_141_060_434_712_860]


def test_full_days_go_to_the_lake_and_the_rest_to_the_tail(folder: ShopFolder) -> None:
    lines = table(("a", 10.0, "u", "p"), ("b", 17.99, "u", "p"), ("c", 18.0, "u", "p"), ("d", 10.5, "u", "p"))
    assert folder.events.import_table(lines, now=20.5 * DAY).accepted == 4
    assert day_files(folder) == ["day=1970-01-11", "day=1970-01-18"]
    assert [found.event_id for found in folder.events.tail(0.0)] == ["a", "d", "b", "c"]
    assert folder.events.import_table(lines.slice(0, 0)) == ImportCounts(0, 0)


def test_times_of_any_precision_are_taken(folder: ShopFolder) -> None:
    lines = table(("a", 10, "u", "p"))
    for number, kind in enumerate([pa.timestamp("ns"), pa.timestamp("s", "UTC"), pa.timestamp("ns", "UTC")]):
        stamp = pa.array([864_000 * 10 ** (9 if kind.unit == "ns" else 0)], kind)
        named = lines.set_column(0, "event_id", pa.array([f"e{number}"]))
        assert folder.events.import_table(named.set_column(1, "timestamp", stamp)).accepted == 1
    nanoseconds = lines.set_column(1, "timestamp", pa.array([864_000 * 10**9 + 1_999], pa.timestamp("ns")))
    folder.events.import_table(nanoseconds)
    assert [found.timestamp for found in folder.events.tail(0.0)] == [864_000.0] * 3 + [864_000.000001]


def test_a_table_with_a_gap_is_refused_whole(folder: ShopFolder) -> None:
    lines = table(("a", 10, "u", "p"), ("b", 11, "u", "p"))
    with pytest.raises(IntakeError, match="no column 'action', which is required"):
        folder.events.import_table(lines.drop_columns(["action"]))
    gap = lines.set_column(0, "event_id", pa.array(["a", None]))
    with pytest.raises(IntakeError, match="column 'event_id' is required and empty in row 1"):
        folder.events.import_table(gap)
    assert ids(folder) == []


def test_compaction_takes_full_days_and_what_came_late(folder: ShopFolder) -> None:
    folder.events.append([event("a", 10.2), event("b", 17.999), event("c", 18.0), event("d", 20.1)])
    assert folder.events.compact(20.9 * DAY) == 2
    assert folder.events.compact(20.9 * DAY) == 0
    folder.events.append([event("late", 10.1)])
    assert folder.events.compact(20.9 * DAY) == 1
    assert day_files(folder) == ["day=1970-01-11", "day=1970-01-11", "day=1970-01-18"]
    assert ids(folder) == ["a", "b", "c", "d", "late"]


def test_compaction_takes_days_before_1970(folder: ShopFolder) -> None:
    before = [event("a", -0.5), event("b", -1), event("c", -1.25), event("d", 0.5)]
    assert before[0].timestamp == -43_200
    folder.events.append(before)
    assert folder.events.compact(20 * DAY) == 4
    assert day_files(folder) == ["day=1969-12-30", "day=1969-12-31", "day=1970-01-01"]
    assert folder.events.since(-1) == before
    assert folder.events.compact(20 * DAY) == 0


def test_a_day_that_is_gone_when_its_turn_comes_is_no_failure(
    folder: ShopFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Upkeep, "_full_days", lambda *_: [10 * DAY_US])
    assert folder.events.compact(20 * DAY) == 0


def crash(*_: object, **__: object) -> Any:
    raise RuntimeError("killed here")


BREAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "before a file is written": lambda patch: patch.setattr(Lake, "_draft", crash),
    "before the names are noted": lambda patch: patch.setattr(Lake, "_expect", crash),
    "before the files are renamed": lambda patch: patch.setattr(Path, "replace", crash),
    "before the folders are synced": lambda patch: patch.setattr("shopkeeper.store.lake.sync", crash),
    "before the transaction ends": lambda patch: patch.setattr(Lake, "register", crash),
    "before old files are deleted": lambda patch: patch.setattr(Lake, "sweep", crash),
}


LAST = "before old files are deleted"
"""Only erasure replaces files."""


@pytest.mark.parametrize(
    ("step", "job"),
    [(step, job) for step in BREAKS for job in ("compact", "import", "erase") if step != LAST or job == "erase"],
)
def test_a_failure_at_any_step_neither_loses_nor_doubles(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str, job: str
) -> None:
    lines = table(("x", 12, "bob", "tea"), ("y", 12, "bob", "tea"))
    with open_folder(path, writable=True) as folder:
        folder.events.import_table(table(("l", 10, "ann", "tea"), ("m", 10, "bob", "tea")), now=20 * DAY)
        folder.events.append([event("a", 10, "ann"), event("b", 11, "bob"), event("c", 19, "ann")])
        jobs: dict[str, Callable[[], object]] = {
            "compact": lambda: folder.events.compact(20 * DAY),
            "import": lambda: folder.events.import_table(lines, now=20 * DAY),
            "erase": lambda: folder.events.erase("ann"),
        }
        with monkeypatch.context() as patch:
            BREAKS[step](patch)
            with pytest.raises(RuntimeError, match="killed here"):
                jobs[job]()
        before = ["b", "m"] if step == LAST else ["a", "b", "c", "l", "m"]
        assert ids(folder) == before
    with open_folder(path, writable=True) as folder:
        assert ids(folder) == before
        named = {entry.parent.name + "/" + entry.name for entry in (path / "events").glob("day=*/*")}
        with folder.events._database.reading() as connection:
            assert named == set(folder.events._lake.files(connection))
        jobs[job]()
        after = {"compact": before, "import": sorted([*before, "x", "y"]), "erase": ["b", "m"]}
        assert ids(folder) == after[job]
        assert folder.events.append([event("a", 10)]) == ["duplicate"]


def test_the_hash_says_what_is_there_not_where(path: Path, tmp_path: Path, folder: ShopFolder) -> None:
    empty = folder.events.data_hash()
    folder.events.append([event("a", 10), event("b", 11)])
    content = folder.events.data_hash()
    assert len(content) == 64 and content != empty
    folder.events.compact(20 * DAY)
    assert folder.events.data_hash() == content
    folder.events.append([event("c", 12)])
    assert folder.events.data_hash() != content
    folder.close()
    from shopkeeper.store.folder import create

    create(tmp_path / "other", "")
    with open_folder(tmp_path / "other", writable=True) as other:
        other.events.append([event("b", 11)])
        other.events.append([event("a", 10)])
        assert other.events.data_hash() == content


def test_interactions_are_columns_in_order(folder: ShopFolder) -> None:
    folder.products.upsert(products("tea", "mug"))
    folder.products.delete(["mug"])
    morning = Event(
        event_id="4", timestamp=12.25 * DAY, action="click", user_id="bob", product_id="tea", session_id="s"
    )
    folder.events.append(
        [
            event("1", 12.5, "bob", "mug"),
            event("2", 12.5, "bob", "tea"),
            event("3", 11.0, "ann", "tea", "view"),
            morning,
            event("5", 13.0, "bob", "unknown"),
            event("6", 13.0, "", "tea"),
            event("7", 13.5, "ann", ""),
            Event(event_id="8", timestamp=19.5 * DAY, action="click", user_id="bob", product_id="tea", session_id="s"),
            Event(event_id="9", timestamp=19.5 * DAY, action="purchase", user_id="ann", product_id="tea", quantity=2.5),
        ]
    )

    def check() -> None:
        log = folder.events.interactions(folder.products.catalog(), folder.users)
        assert log.users.tolist() == [0, 0, 0, 0, 1, 1]  # bob came first
        assert log.rows.tolist() == [0, 1, 0, 0, 0, 0]
        assert log.days.tolist() == [12.25, 12.5, 12.5, 19.5, 11.0, 19.5]
        assert log.actions.tolist() == [
            ACTION_CODES[a] for a in ("click", "purchase", "purchase", "click", "view", "purchase")
        ]
        assert log.quantities.tolist() == [1, 1, 1, 1, 1, 2.5]
        assert log.offsets.tolist() == [0, 4, 6]
        session, first, second, again, view, bought = log.baskets.tolist()
        assert session == again and first == second
        assert len({session, first, view, bought}) == 4
        assert log.baskets.min() == 0 and log.baskets.max() == 3
        kinds = (log.users, log.rows, log.days, log.actions, log.quantities, log.baskets, log.offsets)
        assert [a.dtype.str[1:] for a in kinds] == ["i4", "i4", "f8", "i1", "f4", "i4", "i8"]

    check()
    folder.events.compact(20 * DAY)
    check()


def test_an_empty_log_has_columns_too(folder: ShopFolder) -> None:
    folder.users.ensure(["ann"])
    log = folder.events.interactions(folder.products.catalog(), folder.users)
    assert (len(log.rows), log.n_users, log.offsets.tolist()) == (0, 1, [0, 0])


def test_an_erased_shoppers_events_are_nobodys(folder: ShopFolder) -> None:
    folder.products.upsert(products("tea"))
    folder.events.append([event("1", 10, ""), event("2", 10, "ann")])
    folder.users.erase("ann")
    assert len(folder.events.interactions(folder.products.catalog(), folder.users).rows) == 0


def test_the_tail_reaches_into_the_lake(folder: ShopFolder) -> None:
    folder.events.append([event("a", 10.25), event("b", 10.5), event("c", 10.75), event("d", 19)])
    folder.events.compact(20 * DAY)
    assert [found.event_id for found in folder.events.tail(10.5 * DAY)] == ["b", "c", "d"]
    assert folder.events.tail(19 * DAY + 1) == []


def test_erasure_removes_a_shopper_everywhere(folder: ShopFolder) -> None:
    secret = "ann-secret-4711"
    lines = table(("a", 10, secret, "tea"), ("b", 10, "bob", "tea"), ("c", 11, secret, "tea"))
    folder.events.import_table(lines, now=20 * DAY)
    folder.events.append([event("d", 10, secret), event("e", 19, secret), event("f", 19, "bob")])
    folder.events.compact(20 * DAY)
    assert folder.events.erase(secret) == 4
    assert folder.events.erase(secret) == 0
    assert ids(folder) == ["b", "f"]
    assert len(folder.events) == 2
    assert day_files(folder) == ["day=1970-01-11"]
    folder.users.erase(secret)
    folder.events._database.truncate_log()
    files = [file for file in folder.path.rglob("*") if file.is_file()]
    assert [file.name for file in files if secret.encode() in file.read_bytes()] == []


def test_on_a_full_quota_nothing_is_acknowledged(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        folder.events.append([event("a", 10)])
        limit = max(file.stat().st_size for file in path.iterdir()) + 20_000
        big = [event(f"big{number}", 10, "x" * 1_000) for number in range(200)]
        with file_limit(limit), pytest.raises(StorageFull, match=r"shop.db: no room to write .* Free some space"):
            folder.events.append(big)
        assert ids(folder) == ["a"]
        assert set(folder.events.append(big)) == {"accepted"}
        assert len(folder.events) == 201


def test_an_import_over_the_quota_leaves_nothing(path: Path) -> None:
    random = np.random.default_rng(0).bytes(40_000).hex()
    lines = table(*((f"e{number}{random[number * 40 : number * 40 + 40]}", 10, "u", "p") for number in range(2_000)))
    with open_folder(path, writable=True) as folder:
        with file_limit(30_000), pytest.raises(StorageFull, match="events: no room to write"):
            folder.events.import_table(lines, now=20 * DAY)
        assert [file for file in (path / "events").rglob("*") if file.is_file()] == []
        assert folder.events.import_table(lines, now=20 * DAY).accepted == 2_000


def test_a_full_database_refuses_and_recovers(path: Path) -> None:
    database = Database(path / "shop.db", writable=True)
    full(database)
    with pytest.raises(StorageFull, match="database or disk is full"), database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO users (row, user_id) VALUES (0, ?)", ("x" * 100_000,))
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM users").scalar() == 0
    with pytest.raises(sa.exc.OperationalError, match="no such table"), database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (0)")
    database.close()


def test_many_callers_at_once_get_each_event_in_once(folder: ShopFolder) -> None:
    def send(caller: int) -> list[str]:
        return [folder.events.append([event(f"e{number}", 10)])[0] for number in range(caller, caller + 30)]

    with ThreadPoolExecutor(8) as pool:
        outcomes = [outcome for found in pool.map(send, range(8)) for outcome in found]
    assert outcomes.count("accepted") == 37
    assert len(ids(folder)) == len(folder.events) == 37
    assert folder.events.table().event_id.nunique().to_pyarrow().as_py() == 37


def test_one_callers_error_reaches_that_caller(folder: ShopFolder) -> None:
    bad = Event(event_id="x", timestamp=float("nan"), action="click")
    with pytest.raises(ValueError, match="cannot convert float NaN to integer"):
        folder.events.append([bad])
    assert folder.events.append([event("ok", 10)]) == ["accepted"]
