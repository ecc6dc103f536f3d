"""Events before their product was made: clocks or dates that are wrong."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import CheckSettings, Marked, Question, Words, finding
from shopkeeper.quality.usual import created_seconds, seconds

if TYPE_CHECKING:
    import ibis


class Order:
    """Events that name a product before its creation; the total is the events whose product has a creation date."""

    class Settings(CheckSettings):
        tolerance_hours: float = Field(24.0, ge=0, description="Dates without a time may lie this far off.")

    question: ClassVar = Question(
        "order",
        "events",
        {
            "en": Words(
                "Events before their product",
                "Correct created_at or the clock of the sender; drop_early leaves these events out of learning.",
                {"early": "before the product was created"},
            ),
            "zh": Words(
                "早于商品创建的事件",
                "请更正 created_at 或发送方的时钟；drop_early 会在学习时略过这些事件。",
                {"early": "早于商品创建时间"},
            ),
        },
        repair="drop_early",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        table = self._with_created(products, events)
        return finding(self.question, self.settings, self._marked(table.filter(table.created.notnull())))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without those events."""
        return products, self._marked(self._with_created(products, events)).sound().select(*events.columns)

    @staticmethod
    def _with_created(products: "ibis.Table", events: "ibis.Table") -> "ibis.Table":
        dated = products.mutate(created=created_seconds(products))
        dated = dated.filter(dated.created.notnull()).group_by(dated_id=dated.product_id)
        born = dated.aggregate(created=lambda table: table.created.min(), created_at=lambda t: t.created_at.min())
        return events.left_join(born, events.product_id == born.dated_id)

    def _marked(self, table: "ibis.Table") -> Marked:
        early = seconds(table) < table.created - self.settings.tolerance_hours * 3600
        return Marked(table, {"early": early}, ("event_id", "timestamp", "product_id", "created_at"))
