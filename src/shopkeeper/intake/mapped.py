"""Tables of a file's own columns to chunks of canonical ones, for every reader that has a column mapping."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa

from shopkeeper.errors import IntakeError, did_you_mean
from shopkeeper.intake.expression import Expression
from shopkeeper.intake.mapping import MAPPABLE, Fields, MappedSettings, ProductFields, UserFields, derive, kinds_in
from shopkeeper.intake.rows import Chunk, Kind, Refusal, no_lines
from shopkeeper.types import IntArray


@dataclass(frozen=True)
class Tables:
    """A piece of a file: its own columns (n rows), the line of each row int64 (n,), and what could not be a row."""

    table: pa.Table
    lines: IntArray
    refused: list[Refusal]
    repaired: int = 0


def chunks(source: str, tables: Iterator[Tables], settings: MappedSettings, section: str) -> Iterator[Chunk]:
    """Chunks of the kinds that the settings map and the file has columns for, or that the columns show by themselves.

    What could not be read as a row counts as an event where the file has events. Derived products come last.
    """
    kinds: list[Fields] = []
    mentions: list[Chunk] = []
    for piece in tables:
        if not kinds:
            kinds = _kinds(source, piece.table.column_names, settings, section)
        own = piece.table.column_names
        taken = set().union(*(fields.taken(own) for fields in kinds))
        untaken = tuple(name for name in own if name not in taken)
        main = next((fields for fields in kinds if fields.kind == "events"), kinds[-1])
        for fields in kinds:
            chunk = fields.chunk(piece.table, piece.lines, source)
            if isinstance(fields, ProductFields) and fields.derived:
                mentions.append(replace(chunk, raw=None))
            elif fields is main:
                yield replace(chunk, refused=tuple(piece.refused), repaired=piece.repaired, untaken=untaken)
            else:
                yield chunk
    if mentions:
        assert settings.products is not None
        given = settings.products.given()
        chosen = {name: value.choose for name, value in given.items() if isinstance(value, Expression)}
        yield derive(mentions, chosen)


def refusals_only(kind: Kind, source: str, refused: list[Refusal], repaired: int) -> Chunk:
    """A chunk without rows, for what could not be read."""
    return Chunk(kind, source, no_lines(), {}, refused=tuple(refused), repaired=repaired)


def _kinds(source: str, columns: list[str], settings: MappedSettings, section: str) -> list[Fields]:
    mapped = settings.mapped()
    if len(mapped) > 1:
        return _fitting(source, columns, mapped, section)
    found = mapped or [MAPPABLE[kind]() for kind in kinds_in(columns, source)]
    for fields in found:
        fields.require(columns, source, section)
    return found


def _fitting(source: str, columns: list[str], mapped: list[Fields], section: str) -> list[Fields]:
    """The mappings that find all their columns. Raises IntakeError saying of each what is missing, where none does.

    Whoever names shoppers alone would take any file that does: it takes those that no other mapping fits.
    """
    lacks = [fields.lacking(columns, section) for fields in mapped]
    fitting = [fields for fields, lacking in zip(mapped, lacks, strict=True) if lacking is None]
    telling = [fields for fields in fitting if not isinstance(fields, UserFields) or fields.demographics is not None]
    if fitting:
        return telling or fitting
    missing = [lacking for lacking in lacks if lacking is not None]
    reasons = "; ".join(
        f"for {fields.kind}, {lacking.reason.replace(';', ' and')}"
        for fields, lacking in zip(mapped, missing, strict=True)
    )
    hints = dict.fromkeys(did_you_mean(lacking.column, columns) for lacking in missing)
    raise IntakeError(f"{source}: no mapping fits: {reasons}. Columns found: {', '.join(columns)}.{''.join(hints)}")
