"""Purchases that cost nothing or less: gifts, corrections and mistakes rather than wishes."""

from typing import TYPE_CHECKING, ClassVar

from shopkeeper.quality.finding import CheckSettings, Marked, Question, Words, finding
from shopkeeper.types import Finding

if TYPE_CHECKING:
    import ibis


class Amounts:
    """Purchases whose line total is zero or below; an unknown total is no fault."""

    class Settings(CheckSettings): ...

    question: ClassVar = Question(
        "amounts",
        "events",
        {
            "en": Words(
                "Purchases that cost nothing",
                "See whether they are gifts, corrections or write-offs; drop_unpaid leaves them out of learning.",
                {"zero": "total zero", "negative": "total below zero"},
            ),
            "zh": Words(
                "金额为零的购买",
                "请确认它们是赠品、更正还是报损；drop_unpaid 会在学习时略过它们。",
                {"zero": "金额为零", "negative": "金额为负"},
            ),
        },
        repair="drop_unpaid",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        return finding(self.question, self.settings, self._marked(events.filter(events.action == "purchase")))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without those purchases."""
        return products, self._marked(events).sound()

    @staticmethod
    def _marked(events: "ibis.Table") -> Marked:
        bought = events.action == "purchase"
        faults = {"zero": bought & (events.value == 0), "negative": bought & (events.value < 0)}
        return Marked(events, faults, ("event_id", "timestamp", "user_id", "product_id", "quantity", "value"))
