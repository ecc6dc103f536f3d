"""Claims:

1. what is kept is found again; the least recently used leaves first.
2. threads that keep and find side by side never see another text's vector.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from shopkeeper.encode.kept import KeptVectors
from shopkeeper.types import FloatArray


def vector(number: int) -> FloatArray:
    return np.full(4, number, np.float32)


def test_the_least_recently_used_leaves_first() -> None:
    kept = KeptVectors(2)
    kept.keep({"one": vector(1), "two": vector(2)})
    kept.get(["one"])
    kept.keep({"three": vector(3)})
    assert list(kept.get(["one", "two", "three"])) == ["one", "three"]
    assert len(kept) == 2


def test_threads_never_see_another_texts_vector() -> None:
    kept = KeptVectors(16)

    def work(seed: int) -> bool:
        good = True
        for number in np.random.default_rng(seed).integers(0, 40, 500).tolist():
            found = kept.get([str(number)])
            good = good and all(np.array_equal(held, vector(int(text))) for text, held in found.items())
            kept.keep({str(number): vector(number)})
        return good

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
    assert len(kept) == 16
