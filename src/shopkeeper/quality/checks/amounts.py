"""Lines that cost nothing or less: gifts, corrections and write-offs rather than wishes."""

from typing import TYPE_CHECKING, ClassVar

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import CheckSettings, Marked, Question, Words, finding

if TYPE_CHECKING:
    import ibis


class Amounts:
    """Purchases of zero or below and refunds of zero, by the line's total; an unknown total is no fault."""

    class Settings(CheckSettings): ...

    question: ClassVar = Question(
        "amounts",
        "events",
        {
            "en": Words(
                "Lines that cost nothing",
                "See whether they are gifts, corrections or write-offs; drop_unpaid leaves them out of learning.",
                {
                    "zero": "bought for nothing",
                    "write_off": "returned for nothing",
                    "negative": "bought below zero",
                },
            ),
            "zh": Words(
                "金额为零的记录",
                "请确认它们是赠品、更正还是报损；drop_unpaid 会在学习时略过它们。",
                {"zero": "购买金额为零", "write_off": "退货金额为零", "negative": "购买金额为负"},
            ),
        },
        repair="drop_unpaid",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        """The total is purchases and refunds."""
        dealt = events.filter(events.action.isin(("purchase", "refund")))
        return finding(self.question, self.settings, self._marked(dealt))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without those lines."""
        return products, self._marked(events).sound()

    @staticmethod
    def _marked(events: "ibis.Table") -> Marked:
        bought = events.action == "purchase"
        faults = {
            "zero": bought & (events.value == 0),
            "write_off": (events.action == "refund") & (events.value == 0),
            "negative": bought & (events.value < 0),
        }
        return Marked(events, faults, ("event_id", "timestamp", "user_id", "product_id", "quantity", "value"))
