"""JSON lines: one object a line, by the names of its keys or a mapping."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shopkeeper.errors import IntakeError
from shopkeeper.intake import cast
from shopkeeper.intake.lines import Block, TextSettings, blocks
from shopkeeper.intake.mapped import Tables, chunks
from shopkeeper.intake.mapping import MappedSettings
from shopkeeper.intake.rows import VALUE_LENGTH, Chunk, Refusal


class Jsonl:
    """Objects of JSON lines files; nested values stay JSON text."""

    extensions: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".json")

    class Settings(TextSettings, MappedSettings):
        pass

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def read(self, paths: Sequence[Path]) -> Iterator[Chunk]:
        """Chunks of raw rows in file order; raises IntakeError where a file cannot be read at all."""
        for path in paths:
            yield from chunks(path.name, self._tables(path), self.settings, "intake.jsonl")

    def _tables(self, path: Path) -> Iterator[Tables]:
        """Every piece has the keys of the first piece and those that its own objects add."""
        keys: list[str] = []
        pending: list[Refusal] = []
        for block in blocks(path, self.settings):
            objects, numbers, refused = _objects(block)
            keys += [key for key in _keys(objects) if key not in keys]
            pending += [*block.refused, *refused]
            if not keys and refused:
                break
            if keys:
                yield Tables(_columns(objects, keys), numbers, pending, block.repaired)
                pending = []
        if pending:
            raise IntakeError(
                f"{path}: no line is a JSON object: line {pending[0].line}: {pending[0].reason}. "
                "Write one object a line, without a list around them."
            )


def _objects(block: Block) -> tuple[pa.Array, "np.ndarray[tuple[int], np.dtype[np.int64]]", list[Refusal]]:
    """(the lines that are JSON objects, their line numbers int64 (n,), the refusal of every other line)."""
    lines = pa.array(block.text.decode().split("\n")[:-1], pa.string())
    found = cast.sql("CASE WHEN NOT json_valid(v) THEN 'broken' ELSE json_type(v) END", v=lines)
    blank = cast.is_blank(cast.text(lines))
    fine = cast.mask(pc.equal(found, "OBJECT")) & ~blank
    refused = []
    for at in np.flatnonzero(~fine & ~blank):
        text = lines[int(at)].as_py()
        reason = "is not valid JSON" if found[int(at)].as_py() == "broken" else "is JSON, but not an object"
        refused.append(Refusal(block.first_line + int(at), "", reason, text[:VALUE_LENGTH], text[: 50 * VALUE_LENGTH]))
    return lines.filter(pa.array(fine)), block.first_line + np.flatnonzero(fine), refused


def _keys(objects: pa.Array) -> list[str]:
    distinct = cast.sql("unnest(json_keys(v))", v=objects).unique()
    return [str(key) for key in distinct.to_pylist()]


def _columns(objects: pa.Array, keys: list[str]) -> pa.Table:
    """Text columns by key; null where an object lacks the key or says null."""
    paths = ["/" + key.replace("~", "~0").replace("/", "~1") for key in keys]
    found = cast.sql("json_extract_string(v, ?::VARCHAR[])", paths, v=objects)
    values, n, k = pc.list_flatten(found), len(objects), len(keys)
    return pa.table({key: values.take(pa.array(np.arange(n) * k + at)) for at, key in enumerate(keys)})
