"""Claims:
1. A missing column is named with the columns found and the key that asks for it.
2. A byte-order mark, CRLF, a semicolon, a tab, gzip and blank lines are no obstacle, and line numbers stay true.
3. A row may run over lines inside quotes; a quote that never closes costs its own line and nothing else.
4. A row with too many or too few cells is refused alone.
5. Lines in another encoding are mended, or refused where the settings ask for that; nothing else is lost.
6. A line above the limit is refused without being held in memory, also a gigabyte of it.
7. An empty file, a header that says a name twice, UTF-16, a damaged gzip file and unclear columns cannot be read.
8. One line in a hundred broken loses exactly those.
9. A mapping gives constants, templates, products of columns, cases, moments with a zone, lists and objects.
10. Products are derived from rows that only mention them: the most frequent title, the median price.
11. Where both tables are mapped, a file is read by the mappings that find their columns in it; where none does, the
    refusal says of each what is missing.
"""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from shopkeeper.errors import IntakeError, SettingError
from shopkeeper.intake.lines import TextSettings, blocks
from tests.intake.shelf import PRODUCTS, Shelf, numbers


def loaded_titles(shelf: Shelf, content: str | bytes, name: str = "products.csv") -> list[str]:
    report = shelf.load(shelf.file(name, content))
    assert report.total("products").refused == len(shelf.rejected())
    return [shelf.product(f"p{number}").title for number in range(1, report.total("products").accepted + 1)]


def failure(shelf: Shelf, content: str | bytes, name: str = "file.csv") -> str:
    path = shelf.file(name, content)
    with pytest.raises(IntakeError) as caught:
        shelf.load(path)
    return str(caught.value).replace(str(path), name)


def test_a_required_column_that_is_missing_is_named(shelf: Shelf) -> None:
    assert failure(shelf, "product,title\n1,x\n") == (
        "file.csv: column 'product_id' is missing and intake.csv.products.product_id names no other. "
        "Columns found: product, title. Did you mean 'product'?"
    )


def test_a_mapped_column_that_is_missing_is_named(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, '[intake.csv.products]\nproduct_id = "StockCode"\ntitle = "{Name}, {Colour}"\n')
    assert failure(shelf, "StockCode,Name\n1,x\n") == (
        "file.csv: column 'Colour' is missing; intake.csv.products.title asks for it. Columns found: StockCode, Name."
    )


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + PRODUCTS.encode(),
        PRODUCTS.replace("\n", "\r\n").encode(),
        PRODUCTS.replace(",", ";").encode(),
        PRODUCTS.replace("\n", "\n\n").encode(),
        b"\n\n" + PRODUCTS.encode().rstrip(),
    ],
)
def test_marks_endings_and_separators_are_no_obstacle(shelf: Shelf, content: bytes) -> None:
    assert loaded_titles(shelf, content) == ["Blue cup", "Red plate"]


def test_gzip_and_tabs_are_read_by_their_extensions(shelf: Shelf) -> None:
    packed = gzip.compress(PRODUCTS.replace(",", "\t").encode())
    assert loaded_titles(shelf, packed, "products.tsv.gz") == ["Blue cup", "Red plate"]


def test_a_row_over_several_lines_keeps_the_lines_after_it_numbered(shelf: Shelf) -> None:
    titles = loaded_titles(shelf, 'product_id,title,price\np1,"Cup\n\nwith ""ears""",1\np2,Plate,2\np3,Bad,x\n')
    assert titles == ['Cup\n\nwith "ears"', "Plate"]
    assert shelf.reasons() == [(6, "price", "must be a number", "x")]


def test_a_quote_that_never_closes_costs_one_line(shelf: Shelf) -> None:
    titles = loaded_titles(
        shelf, 'product_id,title,price\np1,6" pipe,1\np9,"Open,2\np2,Plate,2\np8,"Also,1\np3,Fork,3\n'
    )
    assert titles == ['6" pipe', "Plate", "Fork"]
    assert shelf.reasons() == [
        (3, "", "a quote is opened and never closed", 'p9,"Open,2'),
        (5, "", "a quote is opened and never closed", 'p8,"Also,1'),
    ]


def test_a_row_with_a_wrong_number_of_cells_is_refused_alone(shelf: Shelf) -> None:
    assert loaded_titles(shelf, PRODUCTS + "p9,one,1,more\np8\n") == ["Blue cup", "Red plate"]
    assert shelf.reasons() == [
        (4, "", "has 4 cells, the header has 3", "p9,one,1,more"),
        (5, "", "has 1 cells, the header has 3", "p8"),
    ]


MIXED = PRODUCTS.encode() + "p3,Café,3\n".encode("latin-1") + "p4,Thé,3\n".encode()


def test_lines_in_another_encoding_are_mended(shelf: Shelf) -> None:
    report = shelf.load(shelf.file("products.csv", MIXED))
    assert numbers(report, "products") == (4, 4, 0, 0)
    assert report.total("products").repaired == 1
    assert (shelf.product("p3").title, shelf.product("p4").title) == ("Café", "Thé")


def test_lines_in_another_encoding_are_refused_where_there_is_no_fallback(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, '[intake.csv]\nfallback = ""\n')
    assert numbers(shelf.load(shelf.file("products.csv", MIXED)), "products") == (4, 3, 1, 0)
    assert shelf.reasons() == [(4, "", "not valid utf-8", "p3,Café,3")]


def test_a_chinese_file_is_read_in_its_encoding(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, '[intake.csv]\nencoding = "gbk"\n')
    assert loaded_titles(shelf, "product_id,title\np1,蓝色杯子\n".encode("gbk")) == ["蓝色杯子"]


def test_an_encoding_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        Shelf(tmp_path, '[intake.csv]\nencoding = "utf-9"\n').load(tmp_path / "x.csv")
    assert "must be an encoding that Python knows, such as utf-8, cp1252 or gbk, got 'utf-9'" in str(caught.value)


def test_a_long_line_is_refused_alone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "[intake.csv]\nline_limit_kb = 1\n")
    assert loaded_titles(shelf, PRODUCTS.replace("p2", "p9," + "x" * 2000 + ",1\np2")) == ["Blue cup", "Red plate"]
    assert shelf.reasons() == [(3, "", "line longer than 1 kB", ("p9," + "x" * 2000)[:200])]


def test_a_gigabyte_in_one_line_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(PRODUCTS.encode())
        file.seek(1 << 30, 1)  # a hole of zero bytes takes no room on the disk
        file.write(b"\np3,After,3\n")
    tracemalloc.start()
    found = list(blocks(path, TextSettings()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [refusal.reason for block in found for refusal in block.refused] == ["line longer than 1024 kB"]
    assert [refusal.line for block in found for refusal in block.refused] == [4]
    assert found[-1].text == b"p3,After,3\n" and found[-1].first_line == 5
    assert peak < 64 << 20


UNREADABLE = [
    (b"", "file.csv", "file.csv: the file is empty"),
    (b"\n \n", "file.csv", "file.csv: the file is empty"),
    (b"a,title,a\n1,2,3\n", "file.csv", "file.csv: column 'a' stands twice in the header: a, title, a"),
    ("product_id,title\n".encode("utf-16"), "file.csv", "file.csv: the file is UTF-16; save it as UTF-8"),
    (
        b"name,cost\nx,1\n",
        "file.csv",
        "file.csv: cannot tell products, events and users by the columns found: name, cost. Products need product_id "
        "and title, events need event_id, timestamp and action, users user_id; or map them in the settings.",
    ),
    (
        b"x" * (1 << 21) + b"\np1,Cup\n",
        "file.csv",
        "file.csv: the line that names the columns cannot be read: line longer than 1024 kB",
    ),
    (b"no gzip", "file.csv.gz", "file.csv.gz: damaged gzip file: Not a gzipped file (b'no')"),
]


@pytest.mark.parametrize(("content", "name", "message"), UNREADABLE)
def test_what_cannot_be_read_says_why(shelf: Shelf, content: bytes, name: str, message: str) -> None:
    assert failure(shelf, content, name) == message


def test_a_cut_gzip_file_says_so(shelf: Shelf) -> None:
    assert failure(shelf, gzip.compress(PRODUCTS.encode())[:-9], "file.csv.gz").startswith(
        "file.csv.gz: damaged gzip file: "
    )


def test_one_broken_line_in_a_hundred_loses_exactly_those(shelf: Shelf) -> None:
    broken = ["p{0},Thing,-{0}", 'p{0},"Thing,1', "p{0},Thing", ",Thing,1"]
    rows = [broken[at // 100 % 4].format(at) if at % 100 == 0 else f"p{at},Thing {at},{at}.5" for at in range(1, 4001)]
    report = shelf.load(shelf.file("products.csv", "product_id,title,price\n" + "\n".join(rows)))
    assert numbers(report, "products") == (4000, 3960, 40, 0)
    assert [line for line, *_ in sorted(shelf.reasons())] == [at + 1 for at in range(100, 4001, 100)]


MAPPING = """
[intake.csv.products]
derived = true
product_id = "code"
title = "name"
price = { column = "unit", choose = "median" }
seller = { column = "name", choose = "last" }
brand = { column = "name", choose = "first" }
category = { column = "shelf", split = ">" }
images = ["front", "back"]
[intake.csv.events]
event_id = "{file}:{line}"
timestamp = { column = "when", format = "%d.%m.%Y %H:%M", timezone = "Europe/London" }
user_id = { column = "who", remove_suffix = ".0" }
session_id = { constant = "till 7" }
product_id = "code"
quantity = { column = "n", absolute = true }
value = { product = ["n", "unit"] }
context = { invoice = "no", country = "land" }
[intake.csv.events.action]
otherwise = "purchase"
when = [
  { column = "no", starts_with = "C", then = "refund" },
  { column = "n", below = 0, then = "refund" },
  { column = "n", above = 99, then = "add_to_cart" },
  { column = "land", equals = "XX", then = "dismiss" },
  { column = "name", matches = "^free ", then = "view" },
]
"""
MAPPED = """no,when,code,name,n,unit,who,land,shelf,front,back
1,01.07.2024 12:00,A,Cup,2,3.0,7.0,UK,Kitchen> Cups,a.png,b.png
C2,01.12.2024 12:00,A,,-2,0,,UK,,,
3,01.12.2024 12:00,A,Cup,1,5.0,8,,,,
4,01.12.2024 12:00,A,cup damaged,-1,4.0,8,"U""K",,,
5,01.12.2024 12:00,B,,100,0,8,,,,
6,01.12.2024 12:00,B,,1,0,8,XX,,,
7,01.12.2024 12:00,C,free cup,1,0,8,,,,
8,2024-12-01,C,free cup,1,0,8,,,,
"""


def test_a_mapping_says_where_every_field_comes_from(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, MAPPING)
    report = shelf.load(shelf.file("till.csv", MAPPED))
    assert numbers(report, "events") == (8, 7, 1, 0)
    assert numbers(report, "products") == (3, 3, 0, 0)
    events = shelf.events()
    assert [event["action"] for event in events] == [
        "purchase", "refund", "purchase", "refund", "add_to_cart", "dismiss", "view",
    ]  # fmt: skip
    first = events[0]
    assert first["event_id"] == "till.csv:2"
    assert first["timestamp"].isoformat() == "2024-07-01T11:00:00+00:00"  # summer time in London
    assert (first["user_id"], first["session_id"], first["quantity"], first["value"]) == ("7", "till 7", 2.0, 6.0)
    assert (events[1]["quantity"], events[1]["value"], events[1]["user_id"]) == (2.0, 0.0, "")
    assert events[3]["context"] == '{"invoice":"4","country":"U\\"K"}'
    reason = "must be a moment that exists, written as %d.%m.%Y %H:%M"
    assert shelf.reasons() == [(9, "timestamp", reason, "2024-12-01")]


TWO_FILES = """
[intake.csv.products]
product_id = "Nr"
title = "Ware"
created_at = { column = "Seit", format = "%d.%m.%Y" }
[intake.csv.events]
event_id = "{Bon}-{line}"
timestamp = { column = "Zeit", format = "%d.%m.%Y %H:%M" }
action = { constant = "purchase" }
product_id = "Nr"
"""
GOODS = "Nr,Ware,Seit\n1,Tasse,30.02.2024\n2,Teller,29.02.2024\n"
RECEIPTS = "Bon,Nr,Zeit\n7,2,01.03.2024 10:00\n8,2,31.02.2024 10:00\n"


def test_two_files_with_own_names_are_each_read_by_the_mapping_that_fits(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, TWO_FILES)
    report = shelf.load(shelf.file("goods.csv", GOODS), shelf.file("receipts.csv", RECEIPTS))
    assert [(count.source, count.kind, count.read, count.accepted) for count in report.counts] == [
        ("goods.csv", "products", 2, 1),
        ("receipts.csv", "events", 2, 1),
    ]
    assert shelf.product("2").title == "Teller" and shelf.events()[0]["event_id"] == "7-2"
    assert sorted(shelf.reasons()) == [
        (2, "created_at", "must be a moment that exists, written as %d.%m.%Y", "30.02.2024"),
        (3, "timestamp", "must be a moment that exists, written as %d.%m.%Y %H:%M", "31.02.2024 10:00"),
    ]


def test_a_file_that_no_mapping_fits_names_what_each_of_them_misses(tmp_path: Path) -> None:
    assert failure(Shelf(tmp_path, TWO_FILES), "Nr,Waren,Seit\n1,Tasse,01.02.2024\n") == (
        "file.csv: no mapping fits: for products, column 'Ware' is missing and intake.csv.products.title asks for it; "
        "for events, column 'Bon' is missing and intake.csv.events.event_id asks for it. "
        "Columns found: Nr, Waren, Seit. Did you mean 'Waren'?"
    )


def test_products_are_derived_from_the_rows_that_mention_them(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, MAPPING)
    shelf.load(shelf.file("till.csv", MAPPED))
    cup = shelf.product("A")
    assert (cup.title, cup.price, cup.brand, cup.seller) == ("Cup", 4.0, "Cup", "cup damaged")
    assert (cup.category, cup.images) == (("Kitchen", "Cups"), ("a.png", "b.png"))
    nameless = shelf.product("B")
    assert (nameless.title, nameless.price) == ("", None)


WRONG_MAPPINGS = [
    ('title = { column = "a", constant = "b" }', "needs exactly one of column, template, constant, product, when"),
    (
        'title = { when = [{ column = "a", then = "b" }] }',
        "a case needs exactly one of equals, starts_with, matches, below, above",
    ),
]


@pytest.mark.parametrize(("line", "message"), WRONG_MAPPINGS)
def test_a_mapping_that_says_two_things_is_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Shelf(tmp_path, f"[intake.csv.products]\n{line}\n").load(tmp_path / "x.csv")
