"""Claims:

1. a copy read back is the table and what it was made from, and takes no memory of Arrow's pool, which gives none back.
2. what was read stays as it was when the file is replaced or deleted meanwhile.
3. an empty file, one cut short and one that was changed are as good as none.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from shopkeeper.store.arrays import numbers, numbers_of, texts, texts_of
from shopkeeper.store.copies import Copy

N = 50_000


def table(last: int) -> pa.Table:
    rows = np.arange(N, dtype=np.int32) // 7
    rows[-1] = last
    said = texts([f"t{row % 100}" for row in range(N)])
    return pa.Table.from_arrays(
        [numbers(rows, pa.int32()), said, said.dictionary_encode()], names=["n", "said", "coded"]
    )


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    made = Copy(tmp_path / "cache" / "some.arrow")
    made.write(table(5), {"state": [1, 2]})
    return made


def test_a_copy_read_back_takes_no_memory_of_arrows_pool(copy: Copy) -> None:
    expected = table(5)
    before = pa.default_memory_pool().bytes_allocated()
    found = copy.read()
    assert found is not None
    assert numbers_of(found[0].column("n"))[-1] == 5
    assert texts_of(found[0].column("coded"))[101] == texts_of(found[0].column("said"))[101] == "t1"
    assert pa.default_memory_pool().bytes_allocated() == before
    assert found[0].equals(expected) and found[1] == {"state": [1, 2]}


def test_what_was_read_stays_when_the_file_goes(copy: Copy) -> None:
    found = copy.read()
    copy.write(table(6), {})
    again = copy.read()
    copy.forget()
    assert found is not None and again is not None and copy.read() is None
    assert [numbers_of(each[0].column("n"))[-1] for each in (found, again)] == [5, 6]


def test_a_damaged_file_is_as_good_as_none(copy: Copy, caplog: pytest.LogCaptureFixture) -> None:
    whole = copy.path.read_bytes()
    for damaged in (b"", whole[:100], whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        copy.path.write_bytes(damaged)
        assert copy.read() is None
    assert caplog.text.count("cache=some.arrow unreadable") == 4
