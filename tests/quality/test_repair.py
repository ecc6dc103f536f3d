"""Claims:
1. Repairs are applied in the order given, each counted: rows removed and rows changed, products and events apart.
2. The tables that went in are as they were: taking the name out undoes the repair.
3. The thresholds are those of the check that owns the repair.
4. Every repair can be applied to a plain world without harming it; an unknown name is refused with the nearest.
"""

import pytest

from shopkeeper.errors import UnknownPlugin
from shopkeeper.quality.repair import Change, apply, available
from shopkeeper.settings import Settings
from tests.quality.worlds import column, log, shelf

SHELF = shelf({"title": "tea", "price": 0.0}, {"title": "Tea"}, {"product_id": "POST", "title": "postage"})
LOG = log(
    {"quantity": 2.0, "value": 4.0},
    {"action": "refund", "quantity": 1.0, "value": 2.0},
    {"product_id": "POST"},
    {"product_id": "gone"},
)


def test_repairs_are_counted_in_their_order_and_leave_the_data_alone() -> None:
    names = ["drop_orphans", "drop_non_products", "pair_returns", "blank_prices", "group_same_titles"]
    products, events, changes = apply(SHELF, LOG, names)
    assert changes == (
        Change("drop_orphans", 0, 0, 1, 0),
        Change("drop_non_products", 1, 0, 1, 0),
        Change("pair_returns", 0, 0, 1, 1),
        Change("blank_prices", 0, 1, 0, 0),
        Change("group_same_titles", 0, 2, 0, 0),
    )
    assert column(products, "group_id", "product_id") == ["p0", "p0"]
    assert column(products, "price", "product_id") == [None, None]
    assert column(events, "quantity", "event_id") == [1.0]
    assert column(SHELF, "price", "product_id") == [None, 0.0, None]
    assert len(LOG.to_pyarrow()) == 4


def test_without_names_nothing_is_touched() -> None:
    products, events, changes = apply(SHELF, LOG, [])
    assert products is SHELF
    assert events is LOG
    assert changes == ()


def test_the_thresholds_are_the_checks_own() -> None:
    settings = Settings({"quality": {"quantities": {"times": 3.0, "min_purchases": 1}}})
    events = log({"quantity": 1.0}, {"quantity": 1.0}, {"quantity": 9.0})
    _, repaired, changes = apply(SHELF, events, ["clip_quantities"], settings)
    assert column(repaired, "quantity", "event_id") == [1.0, 1.0, 3.0]
    assert changes == (Change("clip_quantities", 0, 0, 0, 1),)


@pytest.mark.parametrize("name", sorted(available()))
def test_every_repair_keeps_the_tables_columns_and_a_plain_world_whole(name: str) -> None:
    products, events = shelf({"price": 1.0}, {"price": 2.0}), log({"value": 1.0}, {"product_id": "p1", "value": 1.0})
    kept_products, kept_events, changes = apply(products, events, [name])
    assert kept_products.columns == products.columns
    assert kept_events.columns == events.columns
    assert changes == (Change(name, 0, 0, 0, 0),)


def test_an_unknown_repair_is_refused_with_what_there_is() -> None:
    with pytest.raises(UnknownPlugin, match=r"no repair 'drop_bot'\. Available: .*drop_bots.*Did you mean 'drop_bots'"):
        apply(SHELF, LOG, ["drop_bot"])
