"""Claims:

1. a mapped array is what was saved, and nobody writes into it.
2. one file is mapped once, by whatever path; another file, or a changed one, by itself.
3. a map of which nobody holds any part is given back.
"""

import gc
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.store import mapped as module
from shopkeeper.store.mapped import mapped


def saved(path: Path, first: int = 0) -> Path:
    np.save(path, np.arange(first, first + 6, dtype=np.float32).reshape(2, 3))
    return path


def test_a_mapped_array_is_what_was_saved(tmp_path: Path) -> None:
    found = mapped(saved(tmp_path / "a.npy"))
    assert found.tolist() == [[0, 1, 2], [3, 4, 5]] and type(found) is np.ndarray
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 1


def test_one_file_is_mapped_once(tmp_path: Path) -> None:
    path, link = saved(tmp_path / "a.npy"), tmp_path / "b.npy"
    link.hardlink_to(path)
    found = mapped(path)
    assert mapped(link) is found is mapped(path)
    assert not np.shares_memory(mapped(saved(tmp_path / "c.npy")), found)
    saved(tmp_path / "d.npy", 7)
    (tmp_path / "d.npy").replace(path)
    assert mapped(path)[0, 0] == 7 and found[0, 0] == 0


def test_what_nobody_holds_is_given_back(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npy")
    stat = path.stat()
    file = stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
    part = mapped(path)[1:]
    gc.collect()
    assert file in module._MAPPED and part.tolist() == [[3, 4, 5]]
    del part
    gc.collect()
    assert file not in module._MAPPED
