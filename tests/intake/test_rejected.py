"""Claims, of refused rows that are kept:

1. a shopper's rows can be removed, wherever the id is a whole word: as a number, in an event's id, in a nested value.
2. an id without letters and digits takes along the rows alone of which it is a whole cell or a nested value.
"""

import json

from shopkeeper.intake import rejected
from tests.intake.shelf import EVENTS_HEADER, PRODUCTS, Shelf


def test_a_shopper_can_be_removed_from_what_was_kept(shelf: Shelf) -> None:
    rows = "e2,2024-05-01,stare,p1,ann,1,\ne3,2024-05-01,stare,p1,bob,1,"
    shelf.load(shelf.file("products.csv", PRODUCTS), shelf.file("events.csv", f"{EVENTS_HEADER}\n{rows}\n"))
    assert rejected.forget(shelf.path, "ann") == 1
    assert [row["raw"]["user_id"] for row in shelf.rejected()] == ["bob"]
    assert rejected.forget(shelf.path, "ann") == 0


def test_a_shopper_is_found_as_a_number_and_inside_other_values(shelf: Shelf) -> None:
    rows: list[dict[str, object]] = [
        {"event_id": "a", "user_id": 987654321.0},
        {"event_id": "b", "user_id": "987654321"},
        {"event_id": "visit-987654321_7", "user_id": "u"},
        {"event_id": "d", "user_id": "u", "context": {"who": {"id": 987654321}}},
        {"event_id": "e", "user_id": "1987654321"},
        {"event_id": "f", "user_id": "987654321.5"},
        {"event_id": "g9876543210", "user_id": "u"},
    ]
    more = {"action": "stare", "timestamp": 0, "query": "a\u2028b"}
    lines = [json.dumps({**row, **more}) + "\n" for row in rows]
    shelf.load(shelf.file("events.jsonl", "".join(lines)))
    assert rejected.forget(shelf.path, "987654321") == 4
    assert [row["raw"]["event_id"] for row in shelf.rejected()] == ["e", "f", "g9876543210"]
    assert not list((shelf.path / "rejected").glob("*/.*"))


def test_an_id_of_signs_alone_is_found_where_it_is_all_of_a_value(shelf: Shelf) -> None:
    rows: list[dict[str, object]] = [
        {"event_id": "a", "user_id": "["},
        {"event_id": "b", "user_id": "u", "context": {"who": "["}},
        {"event_id": "c", "user_id": "u", "context": {"who": ["x"]}},
        {"event_id": "d", "user_id": "[u]"},
    ]
    more = {"action": "stare", "timestamp": 0}
    shelf.load(shelf.file("events.jsonl", "".join(json.dumps({**row, **more}) + "\n" for row in rows)))
    assert rejected.forget(shelf.path, "[") == 2
    assert [row["raw"]["event_id"] for row in shelf.rejected()] == ["c", "d"]
