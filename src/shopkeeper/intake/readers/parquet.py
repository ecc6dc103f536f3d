"""Parquet files by a column mapping."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from shopkeeper.errors import IntakeError
from shopkeeper.intake.mapped import Tables, chunks
from shopkeeper.intake.mapping import MappedSettings
from shopkeeper.intake.rows import Chunk

BATCH_ROWS = 250_000


class Parquet:
    """Rows of Parquet files; a row's line is its number in the file, from 1."""

    extensions: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    class Settings(MappedSettings):
        pass

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def read(self, paths: Sequence[Path]) -> Iterator[Chunk]:
        """Chunks of raw rows in file order; raises IntakeError where a file cannot be read at all."""
        for path in paths:
            if not path.is_file():
                raise IntakeError(f"{path}: {'is a folder; name the files in it' if path.is_dir() else 'no such file'}")
            if not path.stat().st_size:
                raise IntakeError(f"{path}: the file is empty")
            yield from chunks(path.name, _tables(path), self.settings, "intake.parquet")


def _tables(path: Path) -> Iterator[Tables]:
    try:
        with parquet.ParquetFile(path) as file:
            line = 1
            for batch in file.iter_batches(BATCH_ROWS):
                table = pa.Table.from_batches([batch])
                yield Tables(table, np.arange(line, line + len(table), dtype=np.int64), [])
                line += len(table)
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise IntakeError(f"{path}: not a readable Parquet file: {first}") from None
