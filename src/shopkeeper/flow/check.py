"""Whether a shop's data can be trusted, written down for the merchant."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shopkeeper.quality.inspect import Occasion, Report, inspect
from shopkeeper.quality.repair import apply
from shopkeeper.quality.report import write
from shopkeeper.store.folder import ShopFolder

if TYPE_CHECKING:
    import ibis


@dataclass(frozen=True)
class Checked:
    """The report, and the events as learning should read them: None where no repair is chosen. `last_seq` is the number
    of the last event among them; what arrived later they do not hold.
    """

    report: Report
    events: "ibis.Table | None"
    last_seq: int


def check(folder: ShopFolder) -> Checked:
    """The data inspected as learning reads them; the report is also written to the shop's `reports/`."""
    folder.settings.check()
    settings, names = folder.settings, folder.settings.quality.repairs
    last_seq = folder.events.last_seq()
    products, events, repairs = apply(folder.products.table(), folder.events.table(), names, settings)
    report = inspect(products, events, settings, Occasion(datetime.now(UTC), folder.events.data_hash(), repairs))
    write(report, folder.path / "reports")
    return Checked(report, events if names else None, last_seq)
