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

    The thresholds are those of the checks. Raises UnknownPlugin for a name that no check offers.
    """
    settings = settings or Settings({})
    changes: list[Change] = []
    for name in names:
        before = (products, events)
        products, events = _made(name, settings).repair(products, events)
        changes.append(_change(name, before, (products, events)))
    return products, events, tuple(changes)


def _made(name: str, settings: Settings) -> Any:
    offers = available()
    if name not in offers:
        raise UnknownPlugin("repair", name, offers)
    check = offers[name]
    return check(settings.of("check", check.question.check))


def _change(name: str, before: "tuple[ibis.Table, ibis.Table]", after: "tuple[ibis.Table, ibis.Table]") -> Change:
    products = _compared(before[0], after[0], ("product_id", "price", "group_id"))
    events = _compared(before[1], after[1], ("event_id", "quantity", "value"))
    return Change(name, *products, *events)


def _compared(before: "ibis.Table", after: "ibis.Table", columns: tuple[str, ...]) -> tuple[int, int]:
    """(rows removed, rows changed) by the columns that repairs may change.

    Every row that `before` has and `after` has not is one or the other; a table that was handed back is not read.
    """
    if before is after:
        return 0, 0
    n_before, n_after = _length(before), _length(after)
    missing = _plain(before, columns).difference(_plain(after, columns), distinct=False)
    removed = n_before - n_after
    return removed, _length(missing) - removed


def _plain(table: "ibis.Table", columns: tuple[str, ...]) -> "ibis.Table":
    """Those columns as nullable types: set operations want equal schemas, and a repair may lose a `not null`."""
    schema = table.schema()
    return table.select(*columns).cast({name: schema[name].copy(nullable=True) for name in columns})


def _length(table: "ibis.Table") -> int:
    # not execute(): it goes through pandas, which warns of its own options
    return int(table.count().to_pyarrow().as_py())
