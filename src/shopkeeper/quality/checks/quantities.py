"""Quantities nobody takes home: none at all, or far more than anybody else."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import WARN, CheckSettings, Marked, Question, Words, finding
from shopkeeper.quality.usual import usual_quantities

if TYPE_CHECKING:
    import ibis


class Quantities:
    """Purchases of zero or fewer pieces, or of many times the product's own usual quantity.

    The yardstick is the product's median, so that fuel sold by the hundredth of a gallon is no outlier.
    """

    class Settings(CheckSettings):
        times: float = Field(50.0, gt=1, description="More than this many times the product's median is an outlier.")
        min_purchases: int = Field(5, ge=1, description="Products bought less often have no outliers.")
        warn_share: float = Field(0.005, ge=0, le=1, description=WARN)

    question: ClassVar = Question(
        "quantities",
        "events",
        {
            "en": Words(
                "Quantities nobody takes home",
                "See whether they are typing mistakes or trade; clip_quantities cuts outliers to the bound.",
                {"none": "zero pieces", "negative": "fewer than zero pieces", "outlier": "far above the usual"},
            ),
            "zh": Words(
                "异常的数量",
                "请确认是录入错误还是批发；clip_quantities 会把过大的数量截到上限。",
                {"none": "数量为零", "negative": "数量为负", "outlier": "远高于平常"},
            ),
        },
        repair="clip_quantities",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        table = self._with_bound(events.filter(events.action == "purchase"))
        faults = {
            "none": table.quantity == 0,
            "negative": table.quantity < 0,
            "outlier": table.quantity > table.bound,
        }
        shown = ("event_id", "timestamp", "user_id", "product_id", "quantity", "bound")
        return finding(self.question, self.settings, Marked(table, faults, shown))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Purchased quantities above the bound become the bound; the line's total stays as it was paid."""
        table = self._with_bound(events)
        over = (table.action == "purchase") & (table.quantity > table.bound)
        clipped = table.mutate(quantity=over.fill_null(False).ifelse(table.bound, table.quantity))
        return products, clipped.select(*events.columns)

    def _with_bound(self, events: "ibis.Table") -> "ibis.Table":
        usual = usual_quantities(events)
        usual = usual.filter(usual.n_purchases >= self.settings.min_purchases)
        bounds = usual.select(bound_id=usual.product_id, bound=usual.usual * self.settings.times)
        return events.left_join(bounds, events.product_id == bounds.bound_id)
