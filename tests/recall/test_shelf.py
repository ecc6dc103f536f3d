"""Claims:

1. a shelf read back has the vectors of each row that were learnt, in half precision, small or large, of equal texts or
   different ones, and says what the one that was learnt says after products came and went.
2. of a shelf with equal vectors, and of one without, the file of vectors is that of all rows as versions keep them.
3. a shelf as versions before had it, by distinct vector alone, is read as ever.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper.recall import shelf as module
from shopkeeper.recall.shelf import ALL, OWN, VectorShelf
from shopkeeper.testing import worlds
from shopkeeper.testing.contract_world import unit_vectors
from shopkeeper.types import Catalog, FloatArray

N = 40
CATALOG = worlds.catalog([f"t{row}" for row in range(N)])


def vectors_of(*, alike: bool) -> FloatArray:
    vectors = unit_vectors(N, 0)
    if alike:
        vectors[7], vectors[30], vectors[3] = vectors[2], vectors[2], 0.0
    return vectors


def learnt(vectors: FloatArray) -> VectorShelf:
    made = VectorShelf.of(worlds.snapshot(CATALOG, [(0, 6, 1.0, "purchase")], 10.0, vectors), exact=True)
    assert made is not None
    return made


def read_back(shelf: VectorShelf, folder: Path, catalog: Catalog = CATALOG) -> VectorShelf:
    folder.mkdir()
    shelf.save(folder)
    found = VectorShelf.load(folder, catalog)
    assert found is not None
    return found


def of_rows(shelf: VectorShelf, n: int = N) -> FloatArray:
    groups = np.array([shelf.group(row) for row in range(n)], np.int32)
    return np.where((groups < 0)[:, None], np.float32(0), shelf.exact(np.maximum(groups, 0)))


@pytest.mark.parametrize("widened", [0, 1000])
@pytest.mark.parametrize("alike", [True, False])
def test_a_shelf_read_back_has_the_vectors_of_each_row(
    alike: bool, widened: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WIDENED", widened)
    vectors = vectors_of(alike=alike)
    shelf = learnt(vectors)
    half = vectors.astype(np.float16).astype(np.float32)
    found = read_back(shelf, tmp_path / "first")
    for one in (shelf, found):
        np.testing.assert_array_equal(of_rows(one), half)
    new = np.stack([vectors[2], unit_vectors(1, 1)[0]])
    grown = worlds.catalog([f"t{row}" for row in range(N + 1)])
    rows = np.array([5, N], np.int32)
    later = found.updated(grown, rows, new)
    assert later.group(5) == found.group(2) and later.group(N) == found.groups.n_groups
    expected = np.vstack([half, new[1:].astype(np.float16)])
    expected[5] = half[2]
    np.testing.assert_array_equal(of_rows(later, N + 1), expected)
    np.testing.assert_array_equal(of_rows(shelf.updated(grown, rows, new), N + 1), expected)
    np.testing.assert_array_equal(of_rows(read_back(later, tmp_path / "second", grown), N + 1), expected)


@pytest.mark.parametrize(("alike", "file"), [(True, ALL), (False, OWN)])
def test_the_file_of_vectors_is_that_of_all_rows(alike: bool, file: str, tmp_path: Path) -> None:
    vectors = vectors_of(alike=alike)
    read_back(learnt(vectors), tmp_path / "shelf")
    np.save(tmp_path / "version.npy", vectors.astype(np.float16))
    assert (tmp_path / "shelf" / file).read_bytes() == (tmp_path / "version.npy").read_bytes()
    assert [(tmp_path / "shelf" / name).exists() for name in (ALL, OWN)] == [alike, not alike]


def test_a_shelf_by_distinct_vectors_alone_is_read_as_ever(tmp_path: Path) -> None:
    shelf = learnt(vectors_of(alike=True))
    assert shelf.firsts is not None
    read_back(shelf, tmp_path / "shelf")
    (tmp_path / "shelf" / ALL).unlink()
    (tmp_path / "shelf" / "firsts.npy").unlink()
    np.save(tmp_path / "shelf" / OWN, shelf.vectors[shelf.firsts])
    found = VectorShelf.load(tmp_path / "shelf", CATALOG)
    assert found is not None
    np.testing.assert_array_equal(of_rows(found), of_rows(shelf))
