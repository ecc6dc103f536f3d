"""A snapshot.

1. It holds the whole catalogue and the log strictly before its day, as arrays and as the same table.
2. Without a day it holds the whole log.
3. An empty shop has a snapshot too.
"""

import numpy as np

from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.offline import popularity
from shopkeeper.store.snapshot import snapshot
from tests.store.worlds import event, products


def test_a_snapshot_knows_nothing_of_its_day(folder: ShopFolder) -> None:
    folder.products.upsert(products("tea", "mug"))
    folder.events.append([event("a", 10.5), event("b", 11.0, "bob", "mug"), event("c", 11.5)])
    vectors = np.eye(2, dtype=np.float32)
    past = snapshot(folder, 11.0, vectors, seed=3)
    assert (past.day, past.seed, past.vectors is vectors) == (11.0, 3, True)
    assert past.catalog.product_ids == ["tea", "mug"]
    assert past.log.days.tolist() == [10.5]
    assert past.log.n_users == 2
    table = past.interactions.to_pyarrow()
    assert table.schema.names == ["user", "row", "day", "action", "quantity", "basket"]
    assert [str(kind) for kind in table.schema.types] == ["int32", "int32", "double", "int8", "float", "int32"]
    assert table["day"].to_pylist() == [10.5]
    assert popularity(past.interactions, 11.0, 0.5).to_pyarrow().to_pylist() == [{"row": 0, "weight": 2**-1.0}]


def test_without_a_day_it_is_the_whole_log(folder: ShopFolder) -> None:
    folder.products.upsert(products("tea"))
    folder.events.append([event("a", 10.5), event("b", 11.0)])
    now = snapshot(folder)
    assert now.log.days.tolist() == [10.5, 11.0]
    assert 11.0 < now.day < 11.000001


def test_an_empty_shop_has_a_snapshot_too(folder: ShopFolder) -> None:
    nothing = snapshot(folder)
    assert (nothing.day, len(nothing.log.rows), len(nothing.catalog)) == (0.0, 0, 0)
    assert len(nothing.interactions.to_pyarrow()) == 0
