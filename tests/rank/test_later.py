"""Claims:

1. a page's rows, computed later, are those that would have been computed at once.
2. pages that wait are computed in one go, those of other sources in another.
3. a page that nobody wants any more is not computed.
4. where computing fails, it fails for whoever asks, and the next one may ask again.
"""

from typing import ClassVar

import numpy as np
import pytest
from pydantic import BaseModel

from shopkeeper.rank.assemble import assemble
from shopkeeper.rank.later import LaterRows
from shopkeeper.settings import PluginSettings
from shopkeeper.testing import worlds
from shopkeeper.types import Batch, Candidates, FloatArray, Snapshot
from tests.rank.worlds import batch, candidates, feature

LOG = worlds.interactions([(0, 0, 1.0, "purchase"), (0, 1, 2.0, "purchase"), (1, 2, 1.5, "purchase")])


class Counted:
    """A feature that knows how often it was asked, and fails when told to."""

    Settings: ClassVar[type[BaseModel]] = PluginSettings
    names: tuple[str, ...] = ("row",)

    def __init__(self) -> None:
        self.calls = 0
        self.fails = False

    def fit(self, snapshot: Snapshot) -> None:
        """Nothing to learn."""

    def values(self, asked: Batch, found: Candidates) -> FloatArray:
        self.calls += 1
        if self.fails:
            raise RuntimeError("no more")
        return found.rows[:, None].astype(np.float32)


def test_rows_computed_later_are_those_that_would_have_been_computed_at_once() -> None:
    features = {name: feature(name) for name in ("counts", "recency", "sources")}
    later = LaterRows(features)
    pages = [(batch(LOG, [user], 5.0), candidates([[0, 1, 2]], {"popular": [3.0, 2.0, 1.0]})) for user in (0, 1)]
    rows = [later.of(*page) for page in pages]
    for page, own in zip(pages, rows, strict=True):
        np.testing.assert_array_equal(own(), assemble(features, *page).values)


def test_pages_that_wait_are_computed_in_one_go_and_those_of_other_sources_in_another() -> None:
    counted = Counted()
    later = LaterRows({"counted": counted})
    rows = [later.of(batch(LOG, [user], 5.0), candidates([[user, 2]], {"popular": [1.0, 2.0]})) for user in (0, 1)]
    other = later.of(batch(LOG, [0], 5.0), candidates([[1]], {"lexical": [1.0]}))
    assert rows[0]().tolist() == [[0.0], [2.0]]
    assert rows[1]().tolist() == [[1.0], [2.0]]
    assert other().tolist() == [[1.0]]
    assert counted.calls == 2


def test_a_page_that_nobody_wants_any_more_is_not_computed() -> None:
    counted = Counted()
    later = LaterRows({"counted": counted})
    later.of(batch(LOG, [0], 5.0), candidates([[0]], {"lexical": [1.0]}))
    wanted = later.of(batch(LOG, [0], 5.0), candidates([[1]], {"popular": [1.0]}))
    assert wanted().tolist() == [[1.0]]
    assert counted.calls == 1


def test_where_computing_fails_the_next_one_may_ask_again() -> None:
    counted = Counted()
    later = LaterRows({"counted": counted})
    first, second = (later.of(batch(LOG, [0], 5.0), candidates([[row]], {"popular": [1.0]})) for row in (0, 1))
    counted.fails = True
    with pytest.raises(RuntimeError, match="no more"):
        first()
    counted.fails = False
    assert second().tolist() == [[1.0]]
    assert first().tolist() == [[0.0]]
