"""The lake's days in one file, `cache/days.arrow`: a year of small files takes half a second to read one by one.

The file says which files of the lake it was made from; where one of them is another now, the days are read anew. Only
the shop's writer makes it, while no day comes or goes, and erasing a shopper deletes it first.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from shopkeeper.store.copies import Copy
from shopkeeper.store.log import CODED, coded_day, require_day

FILE = "days.arrow"
FEW = 8
"""So many days are read beside the gathered ones before all are gathered anew."""


class Gathered:
    """What `interactions_of` needs of the full days, as few tables."""

    def __init__(self, folder: Path, *, keeps: bool) -> None:
        """`folder` is the shop's cache; one that `keeps` writes the file where it pays."""
        self._copy = Copy(folder / FILE)
        self._keeps = keeps

    def days(self, files: Sequence[Path]) -> list[pa.Table]:
        """The lines of these files of the lake in their order, columns of CODED. Raises StoreError where one is gone.

        The caller sees to it that no file comes or goes meanwhile.
        """
        states = [_state(file) for file in files]
        kept, known = self._read(states)
        tables = [kept] if kept is not None else []
        tables.extend(coded_day(file) for file in files[known:])
        if self._keeps and len(files) - known > FEW:
            self._copy.write(pa.concat_tables(tables), states)
        return tables

    def forget(self) -> None:
        """Deletes the file, and what a write that was killed has left of it."""
        self._copy.forget()

    def _read(self, states: list[list[object]]) -> tuple[pa.Table | None, int]:
        """The gathered lines and how many of the first files they are of; None and 0 where there are none to use."""
        found = self._copy.read()
        if found is None:
            return None, 0
        table, made_from = found
        if table.schema != CODED or made_from != states[: len(made_from)]:
            return None, 0
        return table, len(made_from)


def _state(file: Path) -> list[object]:
    """What tells a file of the lake from any other: its name, which is of its content, its size and its last change."""
    try:
        found = file.stat()
    except FileNotFoundError:
        require_day(file)  # says what to do
        raise
    return [f"{file.parent.name}/{file.name}", found.st_size, found.st_mtime_ns]
