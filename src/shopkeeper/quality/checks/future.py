"""Events at a time that cannot be: tomorrow, or before there were web shops."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import BLOCK, CheckSettings, Marked, Question, Words, finding
from shopkeeper.quality.usual import seconds

if TYPE_CHECKING:
    import ibis


class Future:
    """Events after now, or before the earliest year that makes sense (a lost or zero timestamp)."""

    class Settings(CheckSettings):
        now: datetime | None = Field(None, description="The moment taken as now; the clock's when it is not given.")
        tolerance_hours: float = Field(1.0, ge=0, description="Clocks may run this far ahead.")
        earliest_year: int = Field(1995, ge=1970, description="Events before this year have a lost timestamp.")
        block_share: float = Field(0.9, gt=0, description=BLOCK)

    question: ClassVar = Question(
        "future",
        "events",
        {
            "en": Words(
                "Events in the future",
                "Correct the clock or the unit of the sender's timestamps; drop_future leaves these events out.",
                {"future": "after now", "ancient": "before there were web shops"},
            ),
            "zh": Words(
                "未来的事件",
                "请更正发送方的时钟或时间单位；drop_future 会略过这些事件。",
                {"future": "晚于现在", "ancient": "早于网店出现的年代"},
            ),
        },
        repair="drop_future",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        return finding(self.question, self.settings, self._marked(events))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without those events."""
        return products, self._marked(events).sound()

    def _marked(self, events: "ibis.Table") -> Marked:
        now = self.settings.now or datetime.now(UTC)
        now = now if now.tzinfo else now.replace(tzinfo=UTC)
        latest = now.timestamp() + self.settings.tolerance_hours * 3600
        earliest = datetime(self.settings.earliest_year, 1, 1, tzinfo=UTC).timestamp()
        faults = {"future": seconds(events) > latest, "ancient": seconds(events) < earliest}
        return Marked(events, faults, ("event_id", "timestamp", "action", "product_id"))
