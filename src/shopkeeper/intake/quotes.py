"""Finding the quotes in CSV lines that never close, so that one of them cannot swallow the rest of the file."""

import csv
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from shopkeeper.intake.lines import Block
from shopkeeper.intake.rows import VALUE_LENGTH, Refusal

RECORD_LINES = 1000
"""A row that runs over more lines than this is taken for an open quote."""
OPEN_QUOTE = "a quote is opened and never closed"


def balanced(
    block: Block, names: Sequence[str], delimiter: str, at_end: bool = False
) -> tuple[Block, Block, list[Refusal]]:
    """(the block with only rows whose quotes close, the open end to be read with the next block, refusals).

    A line with an odd number of quotes is joined with the lines up to the next such line if that makes a row with the
    header's number of cells; otherwise that line alone is refused, and an empty line stands in its place.
    """
    odd = _odd_lines(block.text)
    if not len(odd):
        return block, Block(b"", block.first_line), []
    lines = block.text.split(b"\n")
    refused: list[Refusal] = []
    at = 0
    while at < len(odd):
        begin = int(odd[at])
        if _is_row(lines[begin : begin + 1], len(names), delimiter):
            at += 1
        elif at + 1 < len(odd) and _closes(lines, begin, int(odd[at + 1]), len(names), delimiter):
            at += 2
        elif at + 1 == len(odd) and not at_end and len(lines) - begin < RECORD_LINES:
            return _cut(block, lines, begin, refused)
        else:
            shown = lines[begin].decode()
            refused.append(
                Refusal(block.first_line + begin, "", OPEN_QUOTE, shown[:VALUE_LENGTH], shown[: 50 * VALUE_LENGTH])
            )
            lines[begin] = b""
            at += 1
    return replace(block, text=b"\n".join(lines)), Block(b"", block.first_line), refused


def _odd_lines(text: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if b'"' not in text:
        return np.empty(0, np.int64)
    characters = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    quotes = np.flatnonzero(characters == ord('"'))
    counts = np.bincount(np.searchsorted(ends, quotes), minlength=len(ends))
    return np.flatnonzero(counts % 2).astype(np.int64)


def _closes(lines: list[bytes], begin: int, end: int, n_cells: int, delimiter: str) -> bool:
    return end - begin < RECORD_LINES and _is_row(lines[begin : end + 1], n_cells, delimiter)


def _is_row(lines: list[bytes], n_cells: int, delimiter: str) -> bool:
    """Whether these lines are exactly one row of `n_cells` cells with every quote closed."""
    text = [line.decode() + "\n" for line in lines]
    try:
        rows = list(csv.reader(text, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return len(rows) == 1 and len(rows[0]) == n_cells


def _cut(block: Block, lines: list[bytes], begin: int, refused: list[Refusal]) -> tuple[Block, Block, list[Refusal]]:
    text = b"".join(line + b"\n" for line in lines[:begin])
    rest = b"\n".join(lines[begin:])
    return replace(block, text=text), Block(rest, block.first_line + begin), refused
