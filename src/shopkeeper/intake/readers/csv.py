"""CSV files (and tab, semicolon or bar separated ones) by a column mapping."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pydantic import Field

from shopkeeper.errors import IntakeError
from shopkeeper.intake.lines import Block, TextSettings, blocks
from shopkeeper.intake.mapped import Tables, chunks
from shopkeeper.intake.mapping import MappedSettings
from shopkeeper.intake.quotes import balanced
from shopkeeper.intake.rows import VALUE_LENGTH, Chunk, Refusal
from shopkeeper.types import IntArray

_DELIMITERS = (",", ";", "\t", "|")


class Csv:
    """Rows of CSV files. The first line names the columns; a row may run over several lines inside quotes."""

    extensions: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    class Settings(TextSettings, MappedSettings):
        delimiter: str = Field(
            "auto", description="One character; auto takes the commonest of , ; tab | in the header."
        )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def read(self, paths: Sequence[Path]) -> Iterator[Chunk]:
        """Chunks of raw rows in file order; raises IntakeError where a file cannot be read at all."""
        for path in paths:
            yield from chunks(path.name, self.tables(path), self.settings, "intake.csv")

    def tables(self, path: Path) -> Iterator[Tables]:
        """The file's own columns as text, piece by piece, with what could not be a row; raises IntakeError."""
        header: _Header | None = None
        held = Block(b"", 1)
        for block in blocks(path, self.settings):
            together = _joined(held, block)
            if header is None:
                header, together = _header(together, path, self.settings.delimiter)
            sound, held, refused = balanced(together, header.names, header.delimiter)
            yield _parsed(sound, header, refused)
        if header is not None and held.text:
            sound, _, refused = balanced(held, header.names, header.delimiter, at_end=True)
            yield _parsed(sound, header, refused)


@dataclass(frozen=True, slots=True)
class _Header:
    names: tuple[str, ...]
    delimiter: str


def _joined(held: Block, block: Block) -> Block:
    if not held.text:
        return block
    return replace(block, text=held.text + block.text, first_line=held.first_line)


def _header(block: Block, path: Path, delimiter: str) -> tuple[_Header, Block]:
    """The columns' names from the first line that has any, and the block after it."""
    text = block.text.lstrip(b"\n")
    skipped = len(block.text) - len(text) + 1
    before = [refusal for refusal in block.refused if refusal.line < block.first_line + skipped]
    if before:
        raise IntakeError(f"{path}: the line that names the columns cannot be read: {before[0].reason}")
    end = text.index(b"\n") + 1
    first = text[: end - 1].decode()
    if delimiter == "auto":
        delimiter = max(_DELIMITERS, key=first.count)
    names = tuple(name.strip() for name in next(csv.reader([first], delimiter=delimiter)))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise IntakeError(f"{path.name}: column '{twice[0]}' stands twice in the header: {', '.join(names)}")
    return _Header(names, delimiter), replace(block, text=text[end:], first_line=block.first_line + skipped)


def _parsed(block: Block, header: _Header, refused: list[Refusal]) -> Tables:
    """The block's rows as text columns; rows without any value are no rows."""
    wrong: list[tuple[int, str]] = []

    def note(row: arrow_csv.InvalidRow) -> str:
        wrong.append((row.number - 1, row.text))
        return "skip"

    if not block.text:
        empty = pa.table({name: pa.array([], pa.string()) for name in header.names})
        return Tables(empty, np.empty(0, np.int64), [*block.refused, *refused], block.repaired)
    table = arrow_csv.read_csv(
        pa.BufferReader(block.text),
        read_options=arrow_csv.ReadOptions(
            column_names=list(header.names), use_threads=False, block_size=len(block.text) + 1
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=header.delimiter, newlines_in_values=True, invalid_row_handler=note, ignore_empty_lines=False
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(header.names, pa.string()), strings_can_be_null=False
        ),
    ).combine_chunks()
    lines, odd = _lines(table, wrong, block)
    for line, text in odd:
        if text.strip():
            found = len(next(csv.reader([text[: 50 * VALUE_LENGTH]], delimiter=header.delimiter)))
            reason = f"has {found} cells, the header has {len(header.names)}"
            refused.append(Refusal(line, "", reason, text[:VALUE_LENGTH], text[: 50 * VALUE_LENGTH]))
    filled = pc.greater(_lengths(table), 0)
    keep = np.asarray(filled.to_numpy(zero_copy_only=False), bool)
    return Tables(table.filter(filled), lines[keep], [*block.refused, *refused], block.repaired)


def _lengths(table: pa.Table) -> pa.Array:
    total = pa.repeat(pa.scalar(0, pa.int32()), len(table))
    for column in table.columns:
        total = pc.add(total, pc.binary_length(column.chunk(0) if column.num_chunks else pa.array([], pa.string())))
    return total


def _lines(table: pa.Table, wrong: list[tuple[int, str]], block: Block) -> tuple[IntArray, list[tuple[int, str]]]:
    """The line on which each row begins, int64 (n,), and the same for the rows that are wrong."""
    n = len(table) + len(wrong)
    places = np.array([at for at, _ in wrong], np.int64)
    good = np.ones(n, bool)
    good[places] = False
    height = np.ones(n, np.int64)
    if block.text.count(b"\n") != n:
        breaks = np.zeros(len(table), np.int64)
        for column in table.columns:
            breaks += np.asarray(pc.count_substring(column, "\n").to_numpy(), np.int64)
        height[good] += breaks
        height[places] += np.array([text.count("\n") for _, text in wrong], np.int64)
    starts = block.first_line + np.concatenate(([0], np.cumsum(height)[:-1])).astype(np.int64)
    return starts[good], [(int(starts[at]), text) for at, text in wrong]
