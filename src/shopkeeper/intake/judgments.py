"""What people said of products for queries, from a CSV file: query, product_id, rating."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from shopkeeper.errors import IntakeError, did_you_mean
from shopkeeper.intake import cast
from shopkeeper.intake.mapped import Tables
from shopkeeper.intake.readers.csv import Csv
from shopkeeper.intake.rows import VALUE_LENGTH, Refusal
from shopkeeper.types import BoolArray

COLUMNS = ("query", "product_id", "rating")
HIGHEST = 20.0
"""A gain is 2^rating - 1: beyond this one product outweighs all others."""
NAMED = 3
"""So many refusals are named where no row is left."""
_MISSING = "is missing"


@dataclass(frozen=True, slots=True)
class Judgment:
    """How well a product answers a query: 0 not at all, higher is better. `line` is where it stands."""

    line: int
    query: str
    product_id: str
    rating: float


@dataclass(frozen=True)
class Judgments:
    """A file's judgments, one for a query and product; `read` rows are those, `refused` or `repeated`.

    Of a query and product that come again the last row counts; the earlier ones are `repeated`.
    """

    file: str
    sha256: str
    read: int
    rows: tuple[Judgment, ...]
    refused: tuple[Refusal, ...]
    repeated: tuple[Refusal, ...]


def judgments(path: Path) -> Judgments:
    """The judgments of a CSV file; rows that cannot be one are refused and nothing else is lost.

    Raises IntakeError where the file cannot be read, lacks a column or has no row that can be used.
    """
    given: list[Judgment] = []
    refused: list[Refusal] = []
    for piece in Csv(Csv.Settings()).tables(path):
        _require(piece.table.column_names, path)
        refused += piece.refused
        good, bad = _checked(piece)
        given += good
        refused += bad
    refused.sort(key=lambda row: row.line)
    if not given:
        raise IntakeError(_nothing(path, refused))
    rows, repeated = _once(given)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Judgments(path.name, digest, len(given) + len(refused), rows, tuple(refused), repeated)


def _require(columns: list[str], path: Path) -> None:
    for column in COLUMNS:
        if column not in columns:
            raise IntakeError(
                f"{path}: column '{column}' is missing; judgments need {', '.join(COLUMNS)}. "
                f"Columns found: {', '.join(columns)}.{did_you_mean(column, columns)} Name them in the first line."
            )


def _nothing(path: Path, refused: list[Refusal]) -> str:
    if not refused:
        return f"{path}: no row below the names of the columns. Write one a judgment: a query, a product_id, a rating."
    first = "; ".join(f"line {row.line}: {row.column} {row.reason}, got '{row.value}'" for row in refused[:NAMED])
    return f"{path}: none of its {len(refused)} rows can be used: {first}. Correct them and try again."


def _checked(piece: Tables) -> tuple[list[Judgment], list[Refusal]]:
    """The rows that are judgments, and the others by the first thing that is wrong with them."""
    columns = {name: cast.text(cast.flat(piece.table[name])) for name in COLUMNS}
    numbers, not_numbers = cast.number(columns["rating"])
    faults: list[tuple[str, BoolArray, str]] = [(name, cast.is_blank(columns[name]), _MISSING) for name in COLUMNS]
    faults += [
        ("rating", not_numbers, "must be a number"),
        ("rating", cast.mask(pc.less(numbers, 0)), "must be >= 0"),
        ("rating", cast.mask(pc.greater(numbers, HIGHEST)), f"must be <= {HIGHEST:g}: a gain is 2^rating - 1"),
    ]
    open_rows, refused = np.ones(len(piece.lines), bool), []
    words = {name: column.to_pylist() for name, column in columns.items()}
    for name, faulty, reason in faults:
        for at in np.flatnonzero(faulty & open_rows).tolist():
            value = words[name][at] or ""
            raw = {column: words[column][at] or "" for column in COLUMNS}
            refused.append(Refusal(int(piece.lines[at]), name, reason, value[:VALUE_LENGTH], raw))
        open_rows &= ~faulty
    ratings = numbers.to_pylist()
    good = [
        Judgment(int(piece.lines[at]), words["query"][at], words["product_id"][at], ratings[at])
        for at in np.flatnonzero(open_rows).tolist()
    ]
    return good, refused


def _once(given: list[Judgment]) -> tuple[tuple[Judgment, ...], tuple[Refusal, ...]]:
    """Each query and product once, by its last row; the rows before it, each with where that one stands."""
    last = {(row.query, row.product_id): row for row in given}
    repeated = tuple(
        Refusal(
            row.line,
            "product_id",
            f"comes again in line {last[row.query, row.product_id].line}",
            row.product_id[:VALUE_LENGTH],
            {"query": row.query, "product_id": row.product_id, "rating": f"{row.rating:g}"},
        )
        for row in given
        if last[row.query, row.product_id] is not row
    )
    return tuple(row for row in given if last[row.query, row.product_id] is row), repeated
