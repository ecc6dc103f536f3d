"""Events that came twice: counted twice they teach a habit nobody has."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import CheckSettings, Marked, Question, Words, finding

if TYPE_CHECKING:
    import ibis

ROUGHLY = ("timestamp", "product_id", "user_id")
SAME_LINE = ("user_id", "session_id", "product_id", "action", "timestamp", "quantity", "value", "query")


class DuplicateEvents:
    """Events that repeat an earlier one's id, or all it says under another id; the first of each is sound."""

    class Settings(CheckSettings): ...

    question: ClassVar = Question(
        "duplicate_events",
        "events",
        {
            "en": Words(
                "Events that came twice",
                "Send every event once, with an event_id of its own; drop_duplicate_events keeps the first of each.",
                {"id": "the same event_id", "line": "the same line under another id"},
            ),
            "zh": Words(
                "重复的事件",
                "每个事件只发送一次，并使用唯一的 event_id；drop_duplicate_events 只保留第一条。",
                {"id": "event_id 相同", "line": "内容相同但 id 不同"},
            ),
        },
        repair="drop_duplicate_events",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        marked = self._marked(_suspects(events))
        return finding(self.question, self.settings, replace(marked, whole=events))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without the repeats."""
        return products, self._marked(events).sound().select(*events.columns)

    @staticmethod
    def _marked(events: "ibis.Table") -> Marked:
        import ibis

        of_id = ibis.window(group_by="event_id", order_by="timestamp")
        of_line = ibis.window(group_by=SAME_LINE, order_by="event_id")
        table = events.mutate(nth_id=ibis.row_number().over(of_id), nth_line=ibis.row_number().over(of_line))
        faults = {"id": table.nth_id > 0, "line": (table.nth_line > 0) & (table.nth_id == 0)}
        return Marked(table, faults, ("event_id", "timestamp", "action", "user_id", "product_id", "quantity"))


def _suspects(events: "ibis.Table") -> "ibis.Table":
    """Every event whose id, or moment with product and user, stands there more than once: windows over few rows."""
    ids = events.group_by("event_id").having(events.count() > 1).aggregate()
    moments = events.group_by(*ROUGHLY).having(events.count() > 1).aggregate()
    by_id = events.left_join(ids.mutate(same_id=True), "event_id", rname="{name}_ids")
    table = by_id.left_join(moments.mutate(same_moment=True), ROUGHLY, rname="{name}_moments")
    return table.filter(table.same_id | table.same_moment).select(*events.columns)
