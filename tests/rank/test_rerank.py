"""Claims:

1. what reading adds is the weight times the width of the first few's scores times how well each was read, from 0 to 1;
   none of the first few sinks below what follows.
2. where the time is up nothing is added.
3. a title is read with how the description begins.
"""

from collections.abc import Sequence

import numpy as np
import pytest

from shopkeeper.rank.rerank import Rerank, part, reordered, texts
from shopkeeper.testing import worlds
from shopkeeper.types import FloatArray, Ranked

SHELF = worlds.catalog(["red cup", "blue cup", "old red cup", "lid"], descriptions=["of oak", "", "", ""])
ORDER = Ranked(
    np.array([3, 1, 0, 2], np.int32), np.array([4.0, 3.0, 2.0, 1.0], np.float32), np.array([0, 1, 2, 3]), "fused"
)


class Shared:
    """The share of the query's words that a text says; it takes a second a text, by its own clock."""

    def scores(self, query: str, said: Sequence[str], until: float) -> FloatArray | None:
        if len(said) > until:
            return None
        asked = query.split()
        return np.array([np.mean([word in text.split() for word in asked]) for text in said], np.float32)


def test_what_is_added_is_weight_times_width_times_how_well_it_was_read() -> None:
    added = Rerank(Shared(), top=3, weight=2.0).added("red cup.", ORDER, SHELF, until=10)
    assert added is not None and added.dtype == np.float32
    # "lid" says none, "blue cup" none of "red" and "cup.", "red cup. of oak" both
    assert added.tolist() == pytest.approx([0.0, 0.0, 2.0 * (4.0 - 2.0) * 1.0, 0.0])
    after = reordered(ORDER, added)
    assert after.rows.tolist() == [0, 3, 1, 2] and after.index.tolist() == [2, 0, 1, 3]
    assert after.scores.tolist() == pytest.approx([6.0, 4.0, 3.0, 1.0])


def test_nothing_is_added_in_vain() -> None:
    assert Rerank(Shared(), top=3, weight=2.0).added("red cup", ORDER, SHELF, until=2) is None
    assert part(np.array([1.0], np.float32), np.array([0.3], np.float32), 4.0).tolist() == [0.0]
    equal = part(np.array([3.0, 2.0], np.float32), np.array([0.3, 0.3], np.float32), 4.0)
    assert equal.tolist() == [0.0, 0.0]


def test_a_title_is_read_with_its_description() -> None:
    assert texts(SHELF, np.array([0, 3], np.int32)) == ["red cup. of oak", "lid"]
