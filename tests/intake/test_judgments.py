"""Claims:

1. rows become judgments with their lines, whatever else the file has; quotes, other separators and .gz are read.
2. each row that cannot be a judgment is refused with line, column, reason and value, and no other row is lost.
3. of a query and product judged again the last row counts, and the earlier one says where that is.
4. a file that lacks a column, has no row, or none that can be used, is refused with what to do.
"""

import gzip
from pathlib import Path

import pytest

from shopkeeper.errors import IntakeError
from shopkeeper.intake.judgments import Judgment, judgments


def written(folder: Path, text: str, name: str = "judged.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'rating,query,product_id,who\n3,"red, or blue cup",p1,x\n\n0.5, 红色 杯子 ,p2,y\n'),
        ("b.csv.gz", "query;product_id;rating\r\nred, or blue cup;p1;3\r\n\r\n红色 杯子;p2;.5\r\n"),
        ("c.tsv", "query\tproduct_id\trating\nred, or blue cup\tp1\t3.0\n\n红色 杯子\tp2\t0.5"),
    ],
)
def test_rows_are_judgments(tmp_path: Path, name: str, text: str) -> None:
    found = judgments(written(tmp_path, text, name))
    assert found.rows == (Judgment(2, "red, or blue cup", "p1", 3.0), Judgment(4, "红色 杯子", "p2", 0.5))
    assert (found.file, found.read, found.refused, found.repeated) == (name, 2, (), ())
    assert len(found.sha256) == 64


def test_each_bad_row_is_refused_and_no_other_is_lost(tmp_path: Path) -> None:
    rows = ["cup,p1,3", "cup,p2,good", "cup,,1", ",p3,1", "cup,p4,-1", "cup,p5,", "cup,p6,nan", "cup,p7,21", "cup,p8"]
    rows += ["cup,p9,1,2", 'cup,"p10,1', "cup,p11,0"]
    found = judgments(written(tmp_path, "query,product_id,rating\n" + "\n".join(rows) + "\n"))
    assert [row.product_id for row in found.rows] == ["p1", "p11"]
    assert found.read == 12 == len(found.rows) + len(found.refused)
    assert [(row.line, f"{row.column} {row.reason}".strip(), row.value) for row in found.refused] == [
        (3, "rating must be a number", "good"),
        (4, "product_id is missing", ""),
        (5, "query is missing", ""),
        (6, "rating must be >= 0", "-1"),
        (7, "rating is missing", ""),
        (8, "rating must be a number", "nan"),
        (9, "rating must be <= 20: a gain is 2^rating - 1", "21"),
        (10, "has 2 cells, the header has 3", "cup,p8"),
        (11, "has 4 cells, the header has 3", "cup,p9,1,2"),
        (12, "a quote is opened and never closed", 'cup,"p10,1'),
    ]


def test_of_a_pair_judged_again_the_last_row_counts(tmp_path: Path) -> None:
    found = judgments(written(tmp_path, "query,product_id,rating\ncup,p1,0\ncup,p2,1\ncup,p1,3\n"))
    assert [(row.line, row.product_id, row.rating) for row in found.rows] == [(3, "p2", 1.0), (4, "p1", 3.0)]
    assert [(row.line, row.reason, row.value) for row in found.repeated] == [(2, "comes again in line 4", "p1")]
    assert found.read == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "query,product,rating\ncup,p1,3\n",
            "column 'product_id' is missing; judgments need query, product_id, rating. Columns found: query, product, "
            "rating. Did you mean 'product'? Name them in the first line.",
        ),
        (
            "query,product_id,rating\n",
            "no row below the names of the columns. Write one a judgment: a query, a product_id, a rating.",
        ),
        (
            "query,product_id,rating\ncup,p1,good\n,p2,1\ncup,p3,-2\ncup,p4,x\n",
            "none of its 4 rows can be used: line 2: rating must be a number, got 'good'; line 3: query is missing, "
            "got ''; line 4: rating must be >= 0, got '-2'. Correct them and try again.",
        ),
        ("", "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_to_do(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(IntakeError) as error:
        judgments(path)
    assert str(error.value) == f"{path}: {told}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=r"nothing\.csv: no such file"):
        judgments(tmp_path / "nothing.csv")
