"""What readers hand on: chunks of raw rows, and the rows they could not read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa

from shopkeeper.types import IntArray

Kind = Literal["products", "events", "users"]

VALUE_LENGTH = 200
"""A refused value is kept up to this many characters, a raw row up to fifty times as many."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused row: where it stands, which column, why, the value in question and the row as it was."""

    line: int
    column: str
    reason: str
    value: str
    raw: Mapping[str, str] | str


@dataclass(frozen=True)
class Chunk:
    """Raw rows of one kind as they stood in one file.

    lines int64 (n,): where each row begins; columns: arrays (n,) by canonical field name, as text or typed; raw: the
    file's own columns (n rows), None where they are the same. `refused` are rows that never became columns, `repaired`
    counts lines whose encoding was mended; `shown` has the text that a refusal
    names where a column was already read as something else, and `formats` the format it was to have, if any. `untaken`
    are columns of the file that nothing is read from.
    """

    kind: Kind
    source: str
    lines: IntArray
    columns: dict[str, pa.Array]
    raw: pa.Table | None = None
    refused: tuple[Refusal, ...] = ()
    repaired: int = 0
    shown: dict[str, pa.Array] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    untaken: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.lines)

    def raw_row(self, index: int) -> dict[str, str]:
        """The row at `index` as the file has it, by the file's column names; empty cells are left out."""
        own = self.raw if self.raw is not None else self.columns
        names = own.column_names if isinstance(own, pa.Table) else list(own)
        cells = ((name, cell_text(own[name][index])) for name in names)
        return {name: cell[: 50 * VALUE_LENGTH] for name, cell in cells if cell}


def cell_text(cell: pa.Scalar) -> str:
    """A cell as text; empty where there is none. A moment may lie in a year that Python's datetime does not reach."""
    try:
        value = cell.as_py()
    except (ValueError, OverflowError):
        value = cell.cast(pa.string()).as_py()
    return "" if value is None else str(value)


def no_lines() -> IntArray:
    """The lines of a chunk that holds refusals only."""
    return np.empty(0, np.int64)
