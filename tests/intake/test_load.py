"""Claims:
1. A file's extension chooses its reader; one that no reader knows is named with those that are known.
2. What is accepted can be read back from the shop, with types and defaults.
3. Every refused row is kept with file, line, column, reason, value and the raw row.
4. Of two products with one id the last wins, the other is a duplicate, named and kept with its line and where the
   one is that counts, in the same file or another; the same events twice are duplicates.
5. An event whose product nobody knows is refused; a product of the same load or of an earlier one is known. Where the
   product stood in a refused row of the load, in whatever file and as text or number, the event says so.
6. A file that cannot be read at all leaves the shop as it was.
7. read == accepted + refused + duplicate, per file and kind, whatever is in the file.
8. A refused row is never logged, and neither is a shopper.
9. Events more than a day ahead of now are refused, row by row; the rest of the file comes in.
10. Refused rows are on the disk before the events beside them are in the log.
11. What files tell of shoppers is kept by its own names or a mapping's; of two rows of one shopper the last counts;
    too much is refused, and a file that tells of more than shoppers is not taken for one of theirs.
"""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopkeeper.errors import IntakeError
from shopkeeper.store.events import Events
from shopkeeper.store.folder import open_folder
from tests.intake.shelf import EVENTS_HEADER, ONE_EVENT, PRODUCTS, Shelf, numbers


def test_an_unknown_extension_is_named_with_the_known_ones(shelf: Shelf) -> None:
    path = shelf.file("notes.docx", "x")
    with pytest.raises(IntakeError) as caught:
        shelf.load(path)
    assert str(caught.value) == (
        f"{path}: no reader for '.docx'. Known: .csv (csv), .json (jsonl), .jsonl (jsonl), .ndjson (jsonl), "
        ".parquet (parquet), .pq (parquet), .tsv (csv). Or name the reader."
    )


def test_no_file_at_all_is_refused(shelf: Shelf) -> None:
    with pytest.raises(IntakeError) as caught:
        shelf.load()
    assert str(caught.value) == (
        "no file named. Name files, or a reader that brings its own, such as complete_journey."
    )


def test_a_path_that_is_no_file_says_what_it_is(shelf: Shelf) -> None:
    folder = shelf.files / "folder.csv"
    folder.mkdir()
    with pytest.raises(IntakeError) as caught:
        shelf.load(folder)
    assert str(caught.value) == f"{folder}: is a folder; name the files in it"
    with pytest.raises(IntakeError) as caught:
        shelf.load(shelf.files / "absent.jsonl")
    assert str(caught.value) == f"{shelf.files / 'absent.jsonl'}: no such file"


def test_products_and_events_come_in_with_types_and_defaults(shelf: Shelf) -> None:
    report = shelf.load(
        shelf.file("products.csv", PRODUCTS), shelf.file("events.csv", f"{EVENTS_HEADER}\n{ONE_EVENT}\n")
    )
    assert numbers(report, "products") == (2, 2, 0, 0)
    assert numbers(report, "events") == (1, 1, 0, 0)
    cup = shelf.product("p1")
    assert (cup.title, cup.price, cup.currency, cup.availability) == ("Blue cup", 2.5, "USD", True)
    event = shelf.events()[0]
    assert event["timestamp"].isoformat() == "2024-05-01T10:00:00+00:00"
    assert (event["user_id"], event["quantity"], event["value"], event["context"]) == ("u1", 2.0, 5.0, "{}")


def test_a_refused_row_is_kept_with_all_that_explains_it(shelf: Shelf) -> None:
    report = shelf.load(shelf.file("products.csv", PRODUCTS + "p3,Bent spoon,-1.50\n"))
    assert numbers(report, "products") == (3, 2, 1, 0)
    assert shelf.rejected() == [
        {
            "file": "products.csv",
            "kind": "products",
            "line": 4,
            "column": "price",
            "reason": "must be >= 0",
            "value": "-1.50",
            "raw": {"product_id": "p3", "title": "Bent spoon", "price": "-1.50"},
        }
    ]
    assert report.reasons == {"price must be >= 0": 1}
    assert report.rejected == (shelf.path / "rejected" / "0001" / "products.csv.products.jsonl",)


def test_of_two_products_with_one_id_the_last_wins(shelf: Shelf) -> None:
    report = shelf.load(shelf.file("products.csv", PRODUCTS + "p1,Green cup,3\n"))
    assert numbers(report, "products") == (3, 2, 0, 1)
    assert shelf.product("p1").title == "Green cup"


def test_products_with_one_id_are_named_with_their_lines(shelf: Shelf) -> None:
    first = shelf.file("a.csv", "product_id,title\np1,Blue cup\np2,Red plate\np1,Green cup\np3,Bowl\n")
    second = shelf.file("b.csv", "product_id,title\np4,Fork\np3,Deep bowl\n")
    report = shelf.load(first, second)
    assert shelf.reasons() == [
        (2, "product_id", "comes again in line 4", "p1"),
        (5, "product_id", "comes again in line 3 of b.csv", "p3"),
    ]
    assert [(row.file, row.line, row.value) for row in report.twice] == [("a.csv", 2, "p1"), ("a.csv", 5, "p3")]
    assert [path.name for path in report.rejected] == ["a.csv.products.duplicates.jsonl"]
    assert shelf.rejected()[0]["raw"] == {"product_id": "p1", "title": "Blue cup"}
    assert (numbers(report, "products"), shelf.product("p3").title) == ((6, 4, 0, 2), "Deep bowl")


def test_the_same_events_twice_are_duplicates(shelf: Shelf) -> None:
    files = shelf.file("products.csv", PRODUCTS), shelf.file("events.csv", f"{EVENTS_HEADER}\n{ONE_EVENT}\n")
    shelf.load(*files)
    assert numbers(shelf.load(*files), "events") == (1, 0, 0, 1)
    assert len(shelf.events()) == 1


def test_an_event_of_an_unknown_product_is_refused_and_of_an_earlier_load_is_not(shelf: Shelf) -> None:
    shelf.load(shelf.file("products.csv", PRODUCTS))
    unknown = "e2,2024-05-01T10:00:00Z,view,p9,u1,1,"
    report = shelf.load(shelf.file("events.csv", f"{EVENTS_HEADER}\n{ONE_EVENT}\n{unknown}\n"))
    assert numbers(report, "events") == (2, 1, 1, 0)
    assert shelf.reasons() == [(3, "product_id", "unknown product", "p9")]


def test_an_event_of_a_refused_product_says_so(shelf: Shelf) -> None:
    products = shelf.file("products.csv", "product_id,title,price\n1,Cup,2\n2,Mug,dear\n3,Bowl,-1\n")
    lines = [f"e{at},2024-05-01T10:00:00Z,view,{at},u1,1," for at in range(1, 5)]
    shelf.load(shelf.file("events.csv", "\n".join([EVENTS_HEADER, *lines])), products)
    assert shelf.reasons() == [
        (3, "product_id", "names a product whose row was refused", "2"),
        (4, "product_id", "names a product whose row was refused", "3"),
        (5, "product_id", "unknown product", "4"),
        (3, "price", "must be a number", "dear"),
        (4, "price", "must be >= 0", "-1"),
    ]


def test_an_event_of_a_product_that_a_later_row_describes_is_taken(shelf: Shelf) -> None:
    products = shelf.file("products.csv", "product_id,title,price\np1,Cup,-2\np1,Cup,2\n")
    report = shelf.load(shelf.file("events.csv", f"{EVENTS_HEADER}\n{ONE_EVENT}\n"), products)
    assert numbers(report, "events") == (1, 1, 0, 0)


BROKEN_EVENTS = [
    (",2024-05-01,view,p1,u,1,", "event_id", "is missing", ""),
    ("x" * 513 + ",2024-05-01,view,p1,u,1,", "event_id", "must be at most 512 characters", "x" * 200),
    ("e,,view,p1,u,1,", "timestamp", "is missing", ""),
    ("e,soon,view,p1,u,1,", "timestamp", "must be a moment (ISO 8601, or seconds since 1970)", "soon"),
    ("e,1969-05-01,view,p1,u,1,", "timestamp", "must not be before 1970", "1969-05-01"),
    (
        "e,2024-05-01,stare,p1,u,1,",
        "action",
        "must be one of view, click, add_to_cart, remove_from_cart, purchase, refund, search, rate, dismiss, answer",
        "stare",
    ),
    ("e,2024-05-01,view,,u,1,", "product_id", "is missing", ""),
    ("e,2024-05-01,view,p1,u,many,", "quantity", "must be a number", "many"),
    ("e,2024-05-01,view,p1,u,-1,", "quantity", "must be >= 0; a return is a refund", "-1"),
    ("e,2024-05-01,view,p1,u,1,nan", "value", "must be a number", "nan"),
]


@pytest.mark.parametrize(("row", "column", "reason", "value"), BROKEN_EVENTS)
def test_a_broken_event_is_refused_with_its_reason(
    shelf: Shelf, row: str, column: str, reason: str, value: str
) -> None:
    events = shelf.file("events.csv", f"{EVENTS_HEADER}\n{ONE_EVENT}\n{row}\n")
    report = shelf.load(shelf.file("products.csv", PRODUCTS), events)
    assert numbers(report, "events") == (2, 1, 1, 0)
    assert shelf.reasons() == [(3, column, reason, value)]


BROKEN_PRODUCTS = [
    ('{"title": "x"}', "product_id", "is missing", ""),
    ('{"product_id": "p"}', "title", "is missing", ""),
    ('{"product_id": "p", "title": "x", "price": "cheap"}', "price", "must be a number", "cheap"),
    ('{"product_id": "p", "title": "x", "availability": "soon"}', "availability", "must be true or false", "soon"),
    ('{"product_id": "p", "title": "x", "category": "[1"}', "category", "must be a JSON list or a text", "[1"),
    ('{"product_id": "p", "title": "x", "images": "[1"}', "images", "must be a JSON list or a text", "[1"),
    ('{"product_id": "p", "title": "x", "attributes": [1]}', "attributes", "must be a JSON object", "[1]"),
    ('{"product_id": "p", "title": "x", "created_at": "x"}', "created_at", "must be a moment (ISO 8601)", "x"),
]


@pytest.mark.parametrize(("row", "column", "reason", "value"), BROKEN_PRODUCTS)
def test_a_broken_product_is_refused_with_its_reason(
    shelf: Shelf, row: str, column: str, reason: str, value: str
) -> None:
    good = '{"product_id": "p1", "title": "Cup", "category": ["Kitchen", "Cups"], "attributes": {"colour": "blue"}}'
    report = shelf.load(shelf.file("products.jsonl", f"{good}\n{row}\n"))
    assert numbers(report, "products") == (2, 1, 1, 0)
    assert shelf.reasons() == [(2, column, reason, value)]
    cup = shelf.product("p1")
    assert (cup.category, dict(cup.attributes)) == (("Kitchen", "Cups"), {"colour": "blue"})


NO_MOMENTS = ["infinity", "-infinity", "290000-01-01 00:00:00.5", "0044-03-15 (BC)", "1e15"]


@pytest.mark.parametrize("moment", NO_MOMENTS)
def test_a_moment_of_no_year_from_1_to_9999_is_refused(shelf: Shelf, moment: str) -> None:
    row = f'{{"product_id": "p", "title": "x", "created_at": "{moment}"}}'
    assert numbers(shelf.load(shelf.file("products.jsonl", row)), "products") == (1, 0, 1, 0)
    assert shelf.reasons() == [(1, "created_at", "must be a moment (ISO 8601)", moment)]


MOMENTS = ['"2026-05-07T21:07:00.655934+00:00"', "1778188020.5", "1778188020655"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_product_came_in_the_second_that_its_moment_is_in(shelf: Shelf, moment: str) -> None:
    row = f'{{"product_id": "p", "title": "x", "created_at": {moment}}}'
    assert numbers(shelf.load(shelf.file("products.jsonl", row)), "products") == (1, 1, 0, 0)
    assert shelf.product("p").created_at == "2026-05-07T21:07:00Z"


BROKEN_PLACES = [("-1", 1), ("1.5", 1), ("3", 0)]


@pytest.mark.parametrize(("position", "refused"), BROKEN_PLACES)
def test_a_position_is_a_whole_number_from_0(shelf: Shelf, position: str, refused: int) -> None:
    row = f'{{"event_id": "e", "timestamp": 1714557600, "action": "search", "position": {position}, "context": {{}}}}'
    assert numbers(shelf.load(shelf.file("events.jsonl", row)), "events") == (1, 1 - refused, refused, 0)
    wanted = [(1, "position", "must be a whole number >= 0", position)] if refused else []
    assert shelf.reasons() == wanted


def test_a_context_that_is_no_object_is_refused(shelf: Shelf) -> None:
    row = '{"event_id": "e", "timestamp": 1714557600, "action": "search", "context": "late"}'
    shelf.load(shelf.file("events.jsonl", row))
    assert shelf.reasons() == [(1, "context", "must be a JSON object", "late")]


def test_events_ahead_of_now_are_refused_row_by_row(shelf: Shelf) -> None:
    now = datetime(2024, 5, 1, 12, tzinfo=UTC).timestamp()
    moments = ["2024-05-01T12:00:00Z", "2024-05-02T12:00:00Z", "2024-05-02T12:00:01Z", "9999-01-01", "20260501"]
    rows = "".join(f"e{i},{moment},view,p1,u,1,\n" for i, moment in enumerate(moments))
    shelf.load(shelf.file("products.csv", PRODUCTS))
    report = shelf.load(shelf.file("events.csv", f"{EVENTS_HEADER}\n{rows}"), now=now)
    assert numbers(report, "events") == (5, 3, 2, 0)
    reason = "must not be more than a day ahead of now: check the clock, the unit and the year"
    assert shelf.reasons() == [(4, "timestamp", reason, moments[2]), (5, "timestamp", reason, "9999-01-01")]


def test_a_typed_moment_beyond_every_calendar_is_refused_with_its_row(shelf: Shelf) -> None:
    stamps = pa.array([253_402_300_800_000_000], pa.int64()).cast(pa.timestamp("us"))  # the year 10000
    path = shelf.files / "events.parquet"
    pq.write_table(pa.table({"event_id": ["e"], "timestamp": stamps, "action": ["search"]}), path)
    assert numbers(shelf.load(path), "events") == (1, 0, 1, 0)
    assert [row["value"] for row in shelf.rejected()] == ["10000-01-01 00:00:00.000000"]


def test_refused_rows_are_kept_before_their_neighbours_are_in_the_log(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise RuntimeError("killed here")

    monkeypatch.setattr(Events, "import_table", killed)
    unknown = ONE_EVENT.replace("e1,", "e2,").replace("p1", "p9")
    with pytest.raises(RuntimeError, match="killed here"):
        shelf.load(
            shelf.file("products.csv", PRODUCTS), shelf.file("events.csv", f"{EVENTS_HEADER}\n{ONE_EVENT}\n{unknown}\n")
        )
    assert shelf.reasons() == [(3, "product_id", "unknown product", "p9")]
    assert shelf.events() == []


def test_a_file_that_cannot_be_read_leaves_the_shop_as_it_was(shelf: Shelf) -> None:
    with pytest.raises(IntakeError):
        shelf.load(shelf.file("products.csv", PRODUCTS), shelf.file("empty.csv", ""))
    with pytest.raises(AssertionError):
        shelf.product("p1")


def test_rows_and_shoppers_stay_out_of_the_log(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    row = "e2,2024-05-01,stare,p1,secret-shopper,1,"
    with caplog.at_level(logging.INFO):
        shelf.load(
            shelf.file("products.csv", PRODUCTS), shelf.file("events.csv", f"{EVENTS_HEADER}\n{ONE_EVENT}\n{row}\n")
        )
    assert "read=2 accepted=1 refused=1 duplicate=0" in caplog.text
    assert "secret-shopper" not in caplog.text and "stare" not in caplog.text and "u1" not in caplog.text


CELLS = st.sampled_from(
    ["", "p1", "p2", "-3", "2.5", '"', '"a', 'b"', "é", "x,y", "\r", "\n", "nan", "\x00", "9" * 400]
)
LINES = st.lists(st.lists(CELLS, min_size=1, max_size=5).map(",".join), max_size=25)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("lasting"))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_every_row_of_any_file_is_accounted_for(lasting: Shelf, lines: list[str], ending: str) -> None:
    content = ending.join(["product_id,title,price", "q1,Known,1", *lines, ""])
    report = lasting.load(lasting.file("products.csv", content))
    read, accepted, refused, duplicate = numbers(report, "products")
    assert read == accepted + refused + duplicate
    assert refused + duplicate == sum(len(path.read_text("utf-8").splitlines()) for path in report.rejected)
    assert 1 <= read <= 1 + sum(line.count("\n") + line.count("\r") + 1 for line in lines)
    assert lasting.product("q1").title == "Known"


MAPPED = """
[intake.csv.events]
event_id = "no"
timestamp = "when"
action = {constant = "purchase"}
product_id = "what"
user_id = "who"

[intake.csv.users]
user_id = "who"
"""


def known(shelf: Shelf, *names: str) -> list[dict[str, str]]:
    with open_folder(shelf.path, writable=False) as folder:
        return [folder.users.demographics(name) for name in names]


def test_what_a_file_tells_of_shoppers_is_kept(shelf: Shelf) -> None:
    csv = shelf.file("shoppers.csv", "user_id,age,city\nu1,35-44,\nu2,,Köln\n,65+,\nu1,45-54,北京\n")
    lines = ('{"user_id": "u3", "demographics": {"age": "25"}}', '{"user_id": "u4", "demographics": {"n": 2}}')
    jsonl = shelf.file("shoppers.jsonl", "\n".join(lines))
    report = shelf.load(csv, jsonl)
    assert numbers(report, "users") == (6, 4, 1, 1)
    assert known(shelf, "u1", "u2", "u3", "u4") == [
        {"age": "45-54", "city": "北京"},
        {"city": "Köln"},
        {"age": "25"},
        {"n": "2"},
    ]
    assert [(row.column, row.value, row.reason) for row in report.twice] == [("user_id", "u1", "comes again in line 5")]
    assert sorted(shelf.reasons()) == [(2, "user_id", "comes again in line 5", "u1"), (4, "user_id", "is missing", "")]
    shelf.load(shelf.file("later.csv", "user_id,age\nu2,18-24\n"))
    assert known(shelf, "u2", "u1") == [{"age": "18-24"}, {"age": "45-54", "city": "北京"}]


def test_a_mapping_says_where_it_stands(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, MAPPED)
    shelf.load(shelf.file("goods.jsonl", '{"product_id": "p1", "title": "Cup"}\n'))
    orders = shelf.file("orders.csv", "no,when,what,who\ne1,2024-05-01,p1,u1\n")
    report = shelf.load(orders, shelf.file("people.csv", "who,Age,Income\nu1,35-44,50-74K\n"))
    assert [(count.source, count.kind, count.accepted) for count in report.counts] == [
        ("orders.csv", "events", 1),
        ("people.csv", "users", 1),
    ]
    assert known(shelf, "u1") == [{"Age": "35-44", "Income": "50-74K"}]


def test_one_file_may_tell_of_purchases_and_of_who_bought(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, MAPPED + 'demographics = {age = "Age"}\n')
    shelf.load(shelf.file("goods.jsonl", '{"product_id": "p1", "title": "Cup"}\n'))
    orders = "no,when,what,who,Age\ne1,2024-05-01,p1,u1,35-44\ne2,2024-05-02,p1,u1,45\ntoo,few\n"
    report = shelf.load(shelf.file("orders.csv", orders))
    assert (numbers(report, "events"), numbers(report, "users")) == ((3, 2, 1, 0), (2, 1, 0, 1))
    assert known(shelf, "u1") == [{"age": "45"}]


@pytest.mark.parametrize("name,value", [("x" * 65, "1"), ("age", "x" * 401)])
def test_too_much_of_a_shopper_is_refused(shelf: Shelf, name: str, value: str) -> None:
    report = shelf.load(shelf.file("shoppers.csv", f"user_id,{name}\nu1,{value}\nu2,\n"))
    assert numbers(report, "users") == (2, 1, 1, 0)
    (row,) = shelf.rejected()
    assert row["reason"] == "must be at most 32 values of 400 characters, by names of 1 to 64"
    assert known(shelf, "u1") == [{}]
