"""Claims, each on a log whose count can be read off:
1. duplicate_events counts all but the first of equal ids and of equal lines.
2. amounts counts purchases of zero and below and refunds of zero; an unknown total is no fault.
3. quantities measures against the product's own median.
4. returns pairs each refunded piece with an earlier purchase by the same user, and pair_returns cancels those pieces.
5. order, future and orphans count events that cannot be about what they say, whatever year those name.
6. bots are known by rate, breadth and regularity; receipts, whose lines share a moment, are not bots.
7. wholesale baskets are large and deep; a large basket of single pieces is not.
8. leakage counts held-out events of open sessions and copied lines, and notes products born after the split.
9. The repairs of these checks remove or change what was counted.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest

from tests.quality.worlds import START, column, found, log, made, shelf, shelf_of

Row = dict[str, Any]


def test_equal_ids_and_equal_lines_are_counted_but_for_the_first() -> None:
    events = log(
        {"event_id": "a", "minute": 0},
        {"event_id": "a", "minute": 5},  # the id again
        {"event_id": "b", "minute": 1, "value": 2.0},
        {"event_id": "c", "minute": 1, "value": 2.0},  # the line again
        {"event_id": "d", "minute": 1, "value": 3.0},
    )
    finding = found("duplicate_events", shelf_of(1), events)
    assert finding.parts == {"id": 1, "line": 1}
    assert (finding.count, finding.total, finding.unit) == (2, 5, "events")
    _, repaired = made("duplicate_events").repair(shelf_of(1), events)
    assert column(repaired, "event_id", "event_id") == ["a", "b", "d"]


def test_purchases_without_a_positive_total_and_refunds_of_nothing_are_counted() -> None:
    events = log(
        {"value": 0.0},
        {"value": -2.0},
        {"value": None},
        {"value": 3.0},
        {"action": "view", "value": 0.0},
        {"action": "refund", "value": 0.0},
        {"action": "refund", "value": -3.0},
    )
    finding = found("amounts", shelf_of(1), events)
    assert finding.parts == {"zero": 1, "write_off": 1, "negative": 1}
    assert (finding.count, finding.total) == (3, 6)
    _, repaired = made("amounts").repair(shelf_of(1), events)
    assert column(repaired, "event_id", "event_id") == ["e02", "e03", "e04", "e06"]


def test_a_quantity_is_measured_against_the_products_own_median() -> None:
    fuel: list[Row] = [{"product_id": "fuel", "quantity": 4000.0 + i} for i in range(5)]
    tea: list[Row] = [{"quantity": 2.0}, {"quantity": 2.0}, {"quantity": 2.0}, {"quantity": 3.0}, {"quantity": 101.0}]
    events = log(*fuel, *tea, {"quantity": 0.0}, {"quantity": -3.0}, {"product_id": "rare", "quantity": 900.0})
    finding = found("quantities", shelf_of(1), events, times=50)
    assert finding.parts == {"none": 1, "negative": 1, "outlier": 1}
    assert (finding.count, finding.total) == (3, 13)
    assert [e["bound"] for e in finding.examples if e["why"] == "outlier"] == ["100"]
    _, repaired = made("quantities", times=50).repair(shelf_of(1), events)
    assert column(repaired, "quantity", "event_id")[5:10] == [2.0, 2.0, 2.0, 3.0, 100.0]
    assert column(repaired, "quantity", "event_id")[10:] == [0.0, -3.0, 900.0]


def back(quantity: float = 1.0, **more: Any) -> Row:
    return {"action": "refund", "quantity": quantity} | more


RETURNS = log(
    back(),  # e00: nothing was bought yet
    {"quantity": 5.0, "value": 10.0},  # e01
    {"quantity": 3.0, "value": 6.0},  # e02
    back(-2.0),  # e03: negative pieces, out of e01
    back(4.0),  # e04: three pieces of e01 and one of e02
    back(3.0),  # e05: two pieces of e02 and one that was never bought
    back(user_id=""),  # e06
    {"product_id": "p1"},  # e07
    back(product_id="p2"),  # e08: another product
    back(user_id="u1"),  # e09: another user
    {"action": "view"},  # e10
)


def test_refunds_are_paired_with_what_was_bought_before() -> None:
    finding = found("returns", shelf_of(3), RETURNS)
    assert finding.parts == {"matched": 2, "unmatched": 4, "anonymous": 1}
    assert (finding.count, finding.total) == (7, 10)
    assert finding.repair == "pair_returns"


def test_pairing_returns_cancels_the_pieces_on_both_sides() -> None:
    _, repaired = made("returns").repair(shelf_of(3), RETURNS)
    left = dict(zip(column(repaired, "event_id", "event_id"), column(repaired, "quantity", "event_id"), strict=True))
    # 8 pieces were bought and 9 - 1 early ones came back: all 8 are gone, one refunded piece is left over
    assert left == {"e00": 1.0, "e05": 1.0, "e06": 1.0, "e07": 1.0, "e08": 1.0, "e09": 1.0, "e10": 1.0}


def test_a_partly_returned_purchase_keeps_its_share_of_the_total() -> None:
    _, repaired = made("returns").repair(shelf_of(1), log({"quantity": 4.0, "value": 10.0}, back(1.0)))
    assert repaired.to_pyarrow().select(["quantity", "value"]).to_pylist() == [{"quantity": 3.0, "value": 7.5}]


def test_a_refund_before_its_purchase_cancels_nothing() -> None:
    events = log(back(), {})
    assert found("returns", shelf_of(1), events).parts == {"matched": 0, "unmatched": 1, "anonymous": 0}
    _, repaired = made("returns").repair(shelf_of(1), events)
    assert column(repaired, "event_id", "event_id") == ["e00", "e01"]


def test_at_one_moment_the_purchase_comes_first() -> None:
    finding = found("returns", shelf_of(1), log(back(minute=0), {"minute": 0}))
    assert finding.parts["matched"] == 1


def test_events_before_their_product_are_counted() -> None:
    made_at = {"created_at": "2024-03-02T12:00:00Z"}
    products = shelf(made_at, {}, {"created_at": "soon"})
    hour = 60
    events = log(
        {"minute": -1},  # a day and a minute early
        {"minute": 0},  # within the tolerance
        {"minute": 48 * hour},
        {"product_id": "p1"},
        {"product_id": "p2"},
    )
    finding = found("order", products, events)
    assert (finding.count, finding.total, finding.parts) == (1, 3, {"early": 1})
    _, repaired = made("order").repair(products, events)
    assert column(repaired, "event_id", "event_id") == ["e01", "e02", "e03", "e04"]


def test_events_after_now_and_before_web_shops_are_counted() -> None:
    events = log({"minute": 0}, {"minute": 61}, {"minute": 59}, {"timestamp": datetime(1970, 1, 1, tzinfo=UTC)})
    finding = found("future", shelf_of(1), events, now=START)
    assert finding.parts == {"future": 1, "ancient": 1}
    _, repaired = made("future", now=START.replace(tzinfo=None)).repair(shelf_of(1), events)
    assert column(repaired, "event_id", "event_id") == ["e00", "e02"]
    assert found("future", shelf_of(1), events).parts == {"future": 0, "ancient": 1}
    beyond_32_bits = log({"timestamp": datetime(2400, 1, 1, tzinfo=UTC)})
    assert found("future", shelf_of(1), beyond_32_bits).parts == {"future": 1, "ancient": 0}


def test_a_moment_that_no_calendar_of_pythons_holds_is_shown_all_the_same() -> None:
    seconds = [-62_167_219_200, 253_402_300_800]  # the beginnings of the years 0 and 10000
    stamps = pa.array([second * 1_000_000 for second in seconds], pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    plain = log({}, {}).to_pyarrow()
    events = ibis.memtable(plain.set_column(plain.column_names.index("timestamp"), "timestamp", stamps))
    finding = found("future", shelf_of(1), events)
    shown = {example["timestamp"]: example["why"] for example in finding.examples}
    assert shown == {"0000-01-01 00:00:00": "ancient", "10000-01-01 00:00:00": "future"}


def test_events_about_no_known_product_are_orphans() -> None:
    events = log({}, {"product_id": "p9"}, {"product_id": ""}, {"product_id": "", "action": "search"})
    finding = found("orphans", shelf({}, {"product_id": "p0"}), events)
    assert finding.parts == {"unknown": 1, "none": 1}
    assert (finding.count, finding.total) == (2, 4)
    _, repaired = made("orphans").repair(shelf_of(1), events)
    assert column(repaired, "event_id", "event_id") == ["e00", "e03"]


def test_a_catalogue_that_fits_no_event_blocks() -> None:
    assert found("orphans", shelf_of(1), log({"product_id": "p9"})).severity == "blocking"


def views(user: str, minutes: list[float], **more: Any) -> list[Row]:
    start = [START + timedelta(minutes=minute) for minute in minutes]
    return [
        {"event_id": f"{user}{i}", "action": "view", "user_id": user, "timestamp": at, "product_id": f"p{i}"} | more
        for i, at in enumerate(start)
    ]


BOTS = log(
    *views("fast", [0.1, 0.2, 0.3, 0.9]),
    *views("broad", [0, 70, 200, 210, 500]),
    *views("clock", [0, 10, 20, 30], product_id="p0"),
    *views("human", [0, 3, 4, 30], product_id="p0"),
    *({"minute": 0, "user_id": "shopper", "event_id": f"line{i}"} for i in range(3)),
)


def test_bots_are_fast_broad_or_regular_and_receipts_are_not() -> None:
    finding = found("bots", shelf_of(1), BOTS, per_minute=4, products_per_day=5, min_pauses=3)
    assert {example["actor"]: example["why"] for example in finding.examples} == {
        "fast": "rate",
        "broad": "breadth",
        "clock": "regular",
    }
    assert (finding.count, finding.total, finding.unit) == (3, 5, "users")
    _, repaired = made("bots", per_minute=4, products_per_day=5, min_pauses=3).repair(shelf_of(1), BOTS)
    assert set(column(repaired, "user_id", "event_id")) == {"human", "shopper"}


def test_pauses_are_measured_to_the_fraction_of_a_second() -> None:
    quick = log(*views("clock", [i / 200 for i in range(5)], product_id="p0"))  # every 0.3 s
    finding = found("bots", shelf_of(1), quick, min_pauses=4)
    assert float(finding.examples[0]["pauses_vary"]) < 1e-5


def test_somebody_who_buys_may_look_at_everything_and_nobody_is_a_session() -> None:
    buyer = log(*views("broad", [0, 70, 200]), {"user_id": "broad", "event_id": "x"})
    assert found("bots", shelf_of(1), buyer, products_per_day=3).count == 0
    nobody = log(*views("", [0, 70, 200], session_id="s"))
    assert found("bots", shelf_of(1), nobody, products_per_day=3).examples[0]["actor"] == "s"


def basket(session: str, user: str, *quantities: float) -> list[Row]:
    return [
        {"session_id": session, "user_id": user, "product_id": f"p{i}", "quantity": q, "event_id": f"{session}{i}"}
        for i, q in enumerate(quantities)
    ]


TRADE = log(
    *basket("s1", "u1", 1, 1),
    *basket("s2", "u2", 1, 1),
    *basket("s3", "u3", 1, 1),
    *basket("s4", "trader", 8, 6),
    *basket("s5", "trader", 9, 9),
    *basket("s6", "trader", 1),
    *basket("s7", "once", 10, 10),
)


def test_wholesale_baskets_are_large_and_deep_and_a_traders_are_all_trade() -> None:
    # the products' medians are 1, the median basket is 2 pieces: trade is more than 10 pieces, 4 a line
    finding = found("wholesale", shelf_of(2), TRADE)
    whys = {example["session"]: example["why"] for example in finding.examples}
    assert whys == {"s4": "basket, buyer", "s5": "basket, buyer", "s6": "buyer", "s7": "basket"}
    assert (finding.count, finding.total, finding.unit) == (4, 7, "sessions")
    _, repaired = made("wholesale").repair(shelf_of(2), TRADE)
    assert sorted(set(column(repaired, "session_id", "event_id"))) == ["s1", "s2", "s3"]


def test_a_large_basket_of_single_pieces_is_a_weeks_shopping() -> None:
    wide = basket("s9", "u9", *([1] * 12))
    events = log(*basket("s1", "u1", 1, 1), *basket("s2", "u2", 1, 1), *wide)
    assert found("wholesale", shelf_of(12), events).count == 0


def test_without_a_session_a_users_day_is_a_basket() -> None:
    days = [{"minute": 1440 * i, "user_id": "u0"} for i in range(3)]
    assert found("wholesale", shelf_of(1), log(*days, {"minute": 1, "user_id": "u0"})).total == 3


DAY = 1440
LEAKY = log(
    {"minute": 0, "session_id": "old"},
    {"minute": 9 * DAY - 5, "session_id": "open"},
    {"minute": 9 * DAY - 4, "session_id": "s", "product_id": "p1", "value": 2.0},
    {"minute": 9 * DAY + 1, "session_id": "open", "product_id": "p2"},  # basket
    {"minute": 9 * DAY + 2, "session_id": "t", "product_id": "p1", "value": 2.0},  # line: a copy within the hour
    {"minute": 9 * DAY + 90, "session_id": "t", "product_id": "p1", "value": 2.0},  # too late for a copy
    {"minute": 10 * DAY, "session_id": "v", "product_id": "p3", "event_id": "e00"},  # line: an id from before
)


def test_open_sessions_and_copied_lines_leak_across_the_split() -> None:
    products = shelf({}, {}, {}, {"created_at": "2024-03-11T00:00:00Z"})
    finding = found("leakage", products, LEAKY, holdout_days=1)
    assert finding.parts == {"basket": 1, "line": 2, "unborn": 1}
    assert (finding.count, finding.total) == (3, 4)
    _, repaired = made("leakage", holdout_days=1).repair(products, LEAKY)
    assert column(repaired, "event_id", "timestamp") == ["e00", "e01", "e02", "e05"]


@pytest.mark.parametrize("check", ["amounts", "bots", "future", "leakage", "order", "orphans", "returns", "wholesale"])
def test_an_empty_log_is_no_finding(check: str) -> None:
    finding = found(check, shelf_of(1), log())
    assert (finding.count, finding.severity, finding.examples, finding.repair) == (0, "ok", (), None)
