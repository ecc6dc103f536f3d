"""Claims:

1. A row's fused score is the sum over sources of weight / (k + rank), rank from 1.
2. Shares are each source's part: they add up to the fused score, and are 0 where a source did not offer the row.
3. Scores are NaN where a source did not offer the row.
4. Rows are unique within a request, best first; equal rows of two requests stay apart.
5. No offers at all make no candidates, with the sources' columns still there.
"""

import numpy as np
import pytest

from shopkeeper.recall.fuse import fuse
from shopkeeper.recall.offers import NOTHING
from shopkeeper.types import Offer


def offer(*rows: int) -> Offer:
    return Offer(np.array(rows, np.int32), np.linspace(1.0, 0.5, len(rows), dtype=np.float32))


def test_a_fused_score_is_the_formula() -> None:
    found = fuse({"a": [offer(7, 8, 9)], "b": [offer(9, 7)]}, {"a": 1.0, "b": 2.0}, 60, 1)
    fused = dict(zip(found.rows.tolist(), found.fused.tolist(), strict=True))
    assert fused == pytest.approx({7: 1 / (60 + 1) + 2 / (60 + 2), 9: 1 / (60 + 3) + 2 / (60 + 1), 8: 1 / (60 + 2)})
    assert found.rows.tolist() == [9, 7, 8]


def test_shares_add_up_to_the_fused_score_and_name_their_source() -> None:
    found = fuse({"a": [offer(1, 2)], "b": [offer(2)]}, {}, 10, 1)
    assert found.sources == ("a", "b")
    np.testing.assert_allclose(found.shares.sum(axis=1), found.fused, rtol=1e-6)
    np.testing.assert_allclose(found.shares[found.rows == 1], [[1 / 11, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(found.shares[found.rows == 2], [[1 / 12, 1 / 11]], rtol=1e-6)


def test_a_score_is_nan_where_a_source_did_not_offer_the_row() -> None:
    found = fuse({"a": [offer(1, 2)], "b": [offer(2)]}, {}, 10, 1)
    np.testing.assert_array_equal(found.scores[found.rows == 1], [[1.0, np.nan]])
    np.testing.assert_array_equal(found.scores[found.rows == 2], [[0.5, 1.0]])


def test_requests_keep_their_own_rows() -> None:
    found = fuse({"a": [offer(5), NOTHING, offer(6, 5)], "b": [offer(5), NOTHING, offer(5)]}, {}, 60, 3)
    assert found.offsets.tolist() == [0, 1, 1, 3]
    assert found.rows.tolist() == [5, 5, 6]
    assert found.request_of().tolist() == [0, 2, 2]


def test_no_offers_make_no_candidates() -> None:
    found = fuse({"a": [NOTHING, NOTHING]}, {}, 60, 2)
    assert found.offsets.tolist() == [0, 0, 0]
    assert found.shares.shape == (0, 1)
    assert fuse({}, {}, 60, 1).scores.shape == (0, 0)
