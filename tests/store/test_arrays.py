"""Values to Arrow and back.

1. Texts, numbers and numbers with gaps are the arrays that Arrow itself would make, and read back as they were.
2. A server opens a shop, with days and a tail, without importing pandas or duckdb.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from shopkeeper.store.arrays import numbers, numbers_of, numbers_or_none, packed_of, texts, texts_of


@pytest.mark.parametrize("values", [[], [""], ["tea", "", "mug"], ["tea", "茶杯", "", "Löwe", "🍵"]])
def test_texts_are_those_of_arrow(values: list[str]) -> None:
    made = texts(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.string()))
    for column in (made, made.dictionary_encode(), made[1:], made[:1]):
        assert packed_of(pa.chunked_array([column])) == texts_of(pa.chunked_array([column])) == column.to_pylist()


def test_coded_texts_of_several_pieces_are_read_back() -> None:
    pieces = [texts(["tea", "mug", "tea"]).dictionary_encode(), texts(["mug", "茶"]).dictionary_encode()]
    found = texts_of(pa.chunked_array(pieces))
    assert found == ["tea", "mug", "tea", "mug", "茶"]
    assert found[1] is found[3]
    assert packed_of(pa.chunked_array(pieces)) == found


@pytest.mark.parametrize("kind", [pa.int64(), pa.int32(), pa.float64(), pa.timestamp("us", tz="UTC")])
def test_numbers_with_gaps_are_those_of_arrow(kind: pa.DataType) -> None:
    values = [3, None, 0, None, 5, 6, 7, 8, None, 9]
    made = numbers_or_none(values, kind)
    made.validate(full=True)
    assert made.equals(pa.array(values, kind))
    assert len(numbers_or_none([], kind)) == 0


def test_numbers_are_read_back() -> None:
    values = np.array([3, -1, 2**40], np.int64)
    made = numbers(values, pa.int64())
    assert made.equals(pa.array(values))
    two = pa.chunked_array([made, made.slice(1)])
    assert numbers_of(two).tolist() == [3, -1, 2**40, -1, 2**40]


def test_a_column_of_no_pieces_is_read_as_an_empty_one() -> None:
    assert numbers_of(pa.chunked_array([], pa.int64())).dtype == np.int64
    assert texts_of(pa.chunked_array([], pa.dictionary(pa.int32(), pa.string()))) == []


def test_opening_a_shop_imports_no_pandas_and_no_duckdb(shop_folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "import shopkeeper.serve.server; from shopkeeper.flow.build import open_shop\n"
        "with open_shop(Path(sys.argv[1])) as shop: assert len(shop.folder.events) and shop.trained\n"
        "print([name for name in ('pandas', 'duckdb', 'ibis') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(shop_folder)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
