"""Claims:

1. purchases whose context says weather, device or place are read from the log, in order; views and other words are not.
2. products that are gone are left out; a label in another form is the same label, a sentence is none.
"""

import pyarrow as pa
import pytest

from shopkeeper.store.contexts import moments_of
from shopkeeper.testing import worlds

SHELF = worlds.catalog(["Umbrella", "Cream"])
DAY_US = 86_400_000_000


def test_what_callers_said_of_purchases_is_read_from_the_log() -> None:
    import ibis

    lines = [
        ("p1", "purchase", 3, '{"weather": "sun", "till": "4"}'),
        ("p0", "purchase", 2, '{"weather":"Rain","place":"beijing"}'),
        ("p0", "view", 2, '{"weather":"rain"}'),
        ("p0", "purchase", 1, '{"order":"weather"}'),
        ("p1", "purchase", 1, '{"weather": 5, "place": null, "device": ["phone"]}'),
        ("p9", "purchase", 1, '{"weather":"rain"}'),
        ("p0", "purchase", 1, '{"weather":"it rains all day"}'),
    ]
    columns = dict(zip(("product_id", "action", "timestamp", "context"), zip(*lines, strict=True), strict=True))
    moments = pa.array([day * DAY_US for day in columns["timestamp"]], pa.timestamp("us", "UTC"))
    table = pa.table({**{name: pa.array(own) for name, own in columns.items()}, "timestamp": moments})
    found = moments_of(ibis.memtable(table), SHELF)
    assert found.rows.tolist() == [0, 1] and found.days.tolist() == pytest.approx([2.0, 3.0])
    assert found.labels == (("rain", "sun"), (), ("beijing",)) and found.codes.tolist() == [[0, -1, 0], [1, -1, -1]]
