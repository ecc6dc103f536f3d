"""From marked rows to a finding: what every check shares.

A check marks the rows of a table with one boolean column a kind of fault. Counting the marks is its finding, leaving
the marked rows out is its repair, so that the two cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.settings import PluginSettings
from shopkeeper.types import Language

if TYPE_CHECKING:
    import ibis

Unit = Literal["products", "events", "sessions", "users"]
WARN = "From this share on the finding is a warning; below it is a note."
BLOCK = "From this share on the shop cannot be learnt from; above 1 never."


class CheckSettings(PluginSettings):
    """What every check's table may say."""

    warn_share: float = Field(0.01, ge=0, le=1, description=WARN)
    block_share: float = Field(2.0, gt=0, description=BLOCK)
    examples: int = Field(5, ge=0, le=100, description="How many examples the report shows.")


@dataclass(frozen=True, slots=True)
class Words:
    """What a check is called, in one language: its title, its advice, and a name for each kind of fault."""

    title: str
    advice: str
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """What a check asks, in words; `repair` is the name under which its repair is chosen in the settings."""

    check: str
    unit: Unit
    words: Mapping[Language, Words]
    repair: str | None = None


@dataclass(frozen=True)
class Marked:
    """A table with marks: `faults` are counted, `noted` only named; `shown` are the columns of an example.

    The first shown column orders the examples. `whole` is what the total counts, where `table` holds suspects only.
    """

    table: "ibis.Table"
    faults: Mapping[str, "ibis.expr.types.BooleanValue"]
    shown: tuple[str, ...]
    noted: Mapping[str, "ibis.expr.types.BooleanValue"] = field(default_factory=dict)
    whole: "ibis.Table | None" = None

    def with_marks(self) -> "ibis.Table":
        """The table with a column `is_<kind>` for each kind, without nulls, and `is_faulty` for any fault."""
        kinds = {f"is_{kind}": mark.fill_null(False) for kind, mark in (*self.faults.items(), *self.noted.items())}
        marked = self.table.mutate(**kinds)
        return marked.mutate(is_faulty=reduce(or_, [marked[f"is_{kind}"] for kind in self.faults]))

    def sound(self) -> "ibis.Table":
        """The rows without a fault, with the table's own columns."""
        marked = self.with_marks()
        return marked.filter(~marked.is_faulty).select(*self.table.columns)

    def faulty(self) -> "ibis.Table":
        """The rows with a fault, with the table's own columns."""
        marked = self.with_marks()
        return marked.filter(marked.is_faulty).select(*self.table.columns)


def finding(question: Question, settings: CheckSettings, marked: Marked) -> Finding:
    """The marks counted: two queries, one for the counts and, where there is a fault, one for the examples."""
    table = marked.with_marks()
    kinds = [*marked.faults, *marked.noted]
    sums = {kind: table[f"is_{kind}"].sum().fill_null(0) for kind in kinds}
    counted = table.aggregate(total_rows=table.count(), faulty_rows=table.is_faulty.sum().fill_null(0), **sums)
    row = counted.to_pyarrow().to_pylist()[0]
    total, count = int(row["total_rows"]), int(row["faulty_rows"])
    total = total if marked.whole is None else int(marked.whole.count().to_pyarrow().as_py())
    words = question.words["en"]
    return Finding(
        check=question.check,
        title=words.title,
        severity=severity(count, total, settings),
        count=count,
        total=total,
        unit=question.unit,
        advice=words.advice if count else "",
        repair=question.repair if count else None,
        examples=_examples(table, marked, settings.examples) if count else (),
        parts={kind: int(row[kind]) for kind in kinds},
    )


def severity(count: int, total: int, settings: CheckSettings) -> Literal["ok", "note", "warning", "blocking"]:
    """How bad a share is, by the check's own bounds."""
    if not count:
        return "ok"
    share = count / max(total, 1)
    if share >= settings.block_share:
        return "blocking"
    return "warning" if share >= settings.warn_share else "note"


def _examples(table: "ibis.Table", marked: Marked, n: int) -> tuple[Mapping[str, str], ...]:
    kinds = [f"is_{kind}" for kind in marked.faults]
    first = table.filter(table.is_faulty).select(*marked.shown, *kinds).order_by(*marked.shown).limit(n)
    rows = _moments_as_text(first.to_pyarrow()).to_pylist()
    return tuple(
        {name: written(row[name]) for name in marked.shown}
        | {"why": ", ".join(kind for kind in marked.faults if row[f"is_{kind}"])}
        for row in rows
    )


def _moments_as_text(table: pa.Table) -> pa.Table:
    """Moments to the second, as text: a wrong one may lie in a year that Python's datetime does not reach."""
    for place, column in enumerate(table.columns):
        if pa.types.is_timestamp(column.type):
            text = column.cast(pa.timestamp("s"), safe=False).cast(pa.string())
            table = table.set_column(place, table.column_names[place], text)
    return table


def written(value: object) -> str:
    """A cell as people read it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list):
        return " > ".join(written(part) for part in value)
    return str(value)
