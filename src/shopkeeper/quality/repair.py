"""Repairs of what learning reads: named, chosen in the settings, counted, and undone by taking the name out.

A repair belongs to the check that finds what it mends, reads the same marks, and gives back two new expressions: the
data themselves are never changed. `[quality] repairs = ["drop_orphans", "pair_returns"]` applies them in this order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shopkeeper import plugins
from shopkeeper.errors import UnknownPlugin
from shopkeeper.settings import Settings

if TYPE_CHECKING:
    import ibis


SHELF_MARKS = ("product_id", "price", "group_id")
LOG_MARKS = ("event_id", "quantity", "value")
"""By these a row is recognised and seen to have changed: repairs change nothing else."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one repair did to the two tables: rows that are gone, and rows that are no longer what they were."""

    repair: str
    products_removed: int
    products_changed: int
    events_removed: int
    events_changed: int


def available() -> dict[str, type[Any]]:
    """Each repair's name with the check that owns it."""
    checks = plugins.all_of("check").values()
    return {check.question.repair: check for check in checks if check.question.repair}


def apply(
    products: "ibis.Table", events: "ibis.Table", names: Sequence[str], settings: Settings | None = None
) -> "tuple[ibis.Table, ibis.Table, tuple[Change, ...]]":
    """The two tables as learning should read them, and what each repair did, in the order given.

    A table that a repair changed is read into memory, once a repair. The thresholds are those of the checks. Raises
    UnknownPlugin for a name that no check offers.
    """
    settings = settings or Settings({})
    changes: list[Change] = []
    for name in names:
        mended = _made(name, settings).repair(products, events)
        shelf, log = _kept(products, mended[0]), _kept(events, mended[1])
        changes.append(Change(name, *_compared(products, shelf, SHELF_MARKS), *_compared(events, log, LOG_MARKS)))
        products, events = shelf, log
    return products, events, tuple(changes)


def _made(name: str, settings: Settings) -> Any:
    offers = available()
    if name not in offers:
        raise UnknownPlugin("repair", name, offers)
    check = offers[name]
    return check(settings.of("check", check.question.check))


def _kept(before: "ibis.Table", after: "ibis.Table") -> "ibis.Table":
    """What the repair gave, in memory: the next repair and learning read it without asking all repairs again."""
    import ibis

    return before if after is before else ibis.memtable(after.to_pyarrow())


def _compared(before: "ibis.Table", after: "ibis.Table", columns: tuple[str, ...]) -> tuple[int, int]:
    """(rows removed, rows changed) by the columns that repairs may change.

    Every row that `before` has and `after` has not is one or the other; a table that was handed back is not read.
    """
    if before is after:
        return 0, 0
    removed = _length(before) - _length(after)
    missing = _plain(before, columns).difference(_plain(after, columns), distinct=False)
    return removed, _length(missing) - removed


def _plain(table: "ibis.Table", columns: tuple[str, ...]) -> "ibis.Table":
    """Those columns as nullable types: set operations want equal schemas, and a repair may lose a `not null`."""
    schema = table.schema()
    return table.select(*columns).cast({name: schema[name].copy(nullable=True) for name in columns})


def _length(table: "ibis.Table") -> int:
    # not execute(): it goes through pandas, which warns of its own options
    return int(table.count().to_pyarrow().as_py())
