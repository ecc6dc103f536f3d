"""Whether a shop's data can be trusted, written down for the merchant."""

from datetime import UTC, datetime

from shopkeeper.quality.inspect import Occasion, Report, inspect
from shopkeeper.quality.repair import apply
from shopkeeper.quality.report import write
from shopkeeper.store.folder import ShopFolder


def check(folder: ShopFolder) -> Report:
    """The quality report over the data as learning reads them; it is also written to the shop's `reports/`."""
    settings = folder.settings
    products, events, repairs = apply(
        folder.products.table(), folder.events.table(), settings.quality.repairs, settings
    )
    report = inspect(products, events, settings, Occasion(datetime.now(UTC), folder.events.data_hash(), repairs))
    write(report, folder.path / "reports")
    return report
