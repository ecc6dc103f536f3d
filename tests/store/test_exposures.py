"""Exposures.

1. What is appended is read back whole, before it is written and after, features to the last bit.
2. Flushing and closing make everything durable.
3. A full buffer counts what it loses and never blocks.
4. A disk that is full is counted as a loss by the writing thread and raised to whoever flushes.
5. Erasing a shopper reaches exposures that are not written yet.
6. A closed shop takes no more.
7. A span of time is read oldest first, its searches alone if asked.
8. The writing thread writes one batch at a time; what came meanwhile waits for the next one.
9. Arrays are kept as numpy saves them.
10. One whose feature values cannot be made is counted; the others are kept, and no word of it reaches the log.
11. What was said of the moment is part of it.
12. A page counts once among those shown, whether it waits, is being written or was written meanwhile.
"""

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from shopkeeper.errors import StorageFull, StoreError
from shopkeeper.exposure import Exposure
from shopkeeper.store import exposures as module
from shopkeeper.store.database import Database
from shopkeeper.store.exposures import Exposures
from shopkeeper.store.folder import ShopFolder, open_folder
from tests.store.worlds import exposure


def test_an_exposure_is_read_back_whole(folder: ShopFolder) -> None:
    shown = exposure("r1")
    folder.exposures.append(shown)
    assert same(folder.exposures.get("r1"), shown)
    folder.exposures.flush()
    assert same(folder.exposures.get("r1"), shown)
    assert folder.exposures.get("r2") is None


def test_an_empty_page_is_an_exposure_too(folder: ShopFolder) -> None:
    empty = exposure(
        "r1", product_ids=(), positions=(), scores=(), propensities=(), rows=lambda: np.empty((0, 3), "f4")
    )
    folder.exposures.append(empty)
    folder.exposures.flush()
    assert same(folder.exposures.get("r1"), empty)


def test_closing_makes_everything_durable(path: Path) -> None:
    with open_folder(path, writable=True) as folder:
        for number in range(700):
            folder.exposures.append(exposure(f"r{number}"))
    with open_folder(path, writable=False) as folder:
        assert all(folder.exposures.get(f"r{number}") is not None for number in range(700))


def test_a_full_buffer_counts_what_it_loses(folder: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CAPACITY", 2)
    with folder.exposures._one_at_a_time:  # the writer is busy
        for number in range(5):
            folder.exposures.append(exposure(f"r{number}"))
        assert folder.exposures.lost == 3
    folder.exposures.flush()
    assert [folder.exposures.get(f"r{number}") is not None for number in range(5)] == [True, True, False, False, False]


def test_a_full_disk_is_counted_and_raised(path: Path) -> None:
    database = Database(path / "shop.db", writable=True)
    full(database)
    kept = Exposures(database)
    with pytest.raises(StorageFull, match=r"the disk or quota is full. Nothing of this call was kept"):
        while True:  # either this thread or the writer, which can only count, meets the full disk first
            kept.append(exposure("r2", query="x" * 500_000))
            kept.flush()
    assert kept.lost >= 1
    assert kept.get("r2") is None
    kept.close()
    database.close()


def test_one_that_cannot_be_made_is_counted_and_the_others_are_kept(
    folder: ShopFolder, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> NDArray[np.float32]:
        raise ValueError("a shopper's words")

    for number in range(5):
        shown = exposure(f"r{number}")
        folder.exposures.append(dataclasses.replace(shown, rows=broken) if number == 2 else shown)
    folder.exposures.flush()
    assert [folder.exposures.get(f"r{number}") is not None for number in range(5)] == [True, True, False, True, True]
    assert folder.exposures.lost == 1
    assert "ValueError" in caplog.text and "words" not in caplog.text


def test_erasing_reaches_what_is_not_written_yet(folder: ShopFolder) -> None:
    folder.exposures.append(exposure("r1", "ann"))
    folder.exposures.flush()
    with folder.exposures._changed:
        folder.exposures._waiting["r2"] = exposure("r2", "ann")
        folder.exposures._waiting["r3"] = exposure("r3", "bob")
    assert folder.exposures.erase("ann") == 2
    assert [folder.exposures.get(name) is None for name in ("r1", "r2", "r3")] == [True, True, False]


def test_a_closed_shop_takes_no_more(path: Path) -> None:
    folder = open_folder(path, writable=True)
    folder.close()
    with pytest.raises(StoreError, match=r"the shop is closed; this exposure was not kept. Open the shop again"):
        folder.exposures.append(exposure("r1"))


def test_a_span_is_read_oldest_first(folder: ShopFolder) -> None:
    for name, moment in (("c", 30.0), ("a", 10.0), ("b", 20.0), ("d", 40.0)):
        folder.exposures.append(exposure(name, timestamp=moment))
    folder.exposures.flush()
    assert [shown.request_id for shown in folder.exposures.between(10.0, 40.0)] == ["a", "b", "c"]


def test_searches_of_a_span_are_read_alone(folder: ShopFolder) -> None:
    for name, query in (("r1", "tea"), ("r2", ""), ("r3", "mug")):
        folder.exposures.append(exposure(name, query=query))
    folder.exposures.flush()
    assert [found.request_id for found in folder.exposures.between(0, 9, searches=True)] == ["r1", "r3"]
    assert len(list(folder.exposures.between(0, 9))) == 3


def full(database: Database) -> None:
    """Makes the database refuse to grow, as a quota would."""
    with database._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    sa.event.listen(
        database._engine, "begin", lambda opened: opened.exec_driver_sql(f"PRAGMA max_page_count={pages}").fetchall()
    )


def same(found: Exposure | None, expected: Exposure) -> bool:
    if found is None:
        return False
    alike = all(
        getattr(found, field.name) == getattr(expected, field.name)
        for field in dataclasses.fields(Exposure)
        if field.name != "rows"
    )
    return alike and found.features.tobytes() == expected.features.tobytes() and found.features.dtype == np.float32


def test_the_writing_thread_writes_one_batch_at_a_time(folder: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 60.0)
    for number in range(5):
        folder.exposures.append(exposure(f"r{number}"))
    monkeypatch.setattr(module, "_BATCH", 3)
    folder.exposures._write_once()
    assert list(folder.exposures._waiting) == ["r3", "r4"]
    assert len(list(folder.exposures.between(0.0, 1e12))) == 3


@pytest.mark.parametrize("shape", [(0, 3), (2, 3), (300, 70)])
def test_arrays_are_kept_as_numpy_saves_them(shape: tuple[int, int]) -> None:
    array = np.random.default_rng(0).random(shape).astype(np.float32)
    for each in (array, array.astype(np.float64), array.T.copy().T):
        content = io.BytesIO()
        np.save(content, np.ascontiguousarray(each), allow_pickle=False)
        assert module._npy(each) == content.getvalue()


def test_what_was_said_of_the_moment_is_part_of_it(folder: ShopFolder) -> None:
    shown = exposure("r1", context={"weather": "rain", "地方": "北京"})
    folder.exposures.append(shown)
    folder.exposures.flush()
    found = folder.exposures.get("r1")
    assert found is not None and found.context == shown.context == {"weather": "rain", "地方": "北京"}


def test_a_page_counts_once_among_those_shown(folder: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    exposures = folder.exposures
    exposures.append(exposure("r1"))
    exposures.flush()
    exposures._waiting["r2"] = exposure("r2")
    assert exposures._take()  # taken from the buffer, and not in the table yet
    exposures._waiting["r3"] = exposure("r3")
    assert exposures.times_shown() == {"tea": 3, "mug": 3}
    writing = dict(exposures._writing)
    exposures._keep()
    exposures._writing = writing  # in the table, and not let go of yet
    assert exposures.times_shown() == {"tea": 3, "mug": 3}
