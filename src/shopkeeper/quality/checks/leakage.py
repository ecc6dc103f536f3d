"""What would let the future into the past: a held-out week that training has seen."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import CheckSettings, Marked, Question, Words, finding
from shopkeeper.quality.usual import DAY_SECONDS, created_seconds, seconds

if TYPE_CHECKING:
    import ibis

COPIED = ("user_id", "product_id", "action", "quantity", "value", "query")


class Leakage:
    """Held-out events that training has already seen, at the time split that learning uses.

    basket: the session began before the split; line: the same event id, or the same line within the window before the
    split. `unborn` notes held-out events whose product was made after the split: they count as misses, not as leaks.
    """

    class Settings(CheckSettings):
        holdout_days: float = Field(7.0, gt=0, description="Where the split lies, from the last event; as in [learn].")
        copy_minutes: float = Field(60.0, ge=0, description="A line repeated across the split within this is a copy.")

    question: ClassVar = Question(
        "leakage",
        "events",
        {
            "en": Words(
                "Leaks between training and held-out days",
                "Close sessions at the split or move it to a quiet hour; drop_leaks drops these events from learning.",
                {
                    "basket": "its session began before the split",
                    "line": "a copy of a line before the split",
                    "unborn": "its product was made after the split",
                },
            ),
            "zh": Words(
                "训练与留出之间的泄漏",
                "请在切分点结束会话，或把切分移到清淡时段；drop_leaks 会略过这些事件。",
                {"basket": "会话始于切分之前", "line": "与切分前的记录重复", "unborn": "商品在切分之后才创建"},
            ),
        },
        repair="drop_leaks",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        """The total is the held-out events."""
        return finding(self.question, self.settings, self._marked(products, events))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without those held-out events."""
        leaks = self._marked(products, events).faulty().select("event_id", "timestamp")
        return products, events.anti_join(leaks, ("event_id", "timestamp"))

    def _marked(self, products: "ibis.Table", events: "ibis.Table") -> Marked:
        last = events.aggregate(last=seconds(events).max())
        table = events.mutate(second=seconds(events)).cross_join(last)
        table = table.mutate(split=table.last - self.settings.holdout_days * DAY_SECONDS)
        known, held = table.filter(table.second < table.split), table.filter(table.second >= table.split)
        open_sessions = known.filter(known.session_id != "").select(open_id="session_id").distinct()
        ids = known.select(known_id="event_id").distinct()
        recent = known.filter(known.second >= known.split - self.settings.copy_minutes * 60)
        lines = recent.select(copied=_line(recent)).distinct()
        dated = products.mutate(made=created_seconds(products)).group_by(made_id="product_id")
        born = dated.aggregate(made=lambda made: made.made.min())
        held = held.left_join(open_sessions, held.session_id == open_sessions.open_id)
        held = held.left_join(ids, held.event_id == ids.known_id)
        held = held.left_join(born, held.product_id == born.made_id)
        held = held.mutate(line=_line(held))
        held = held.left_join(lines, held.line == lines.copied)
        soon = held.second < held.split + self.settings.copy_minutes * 60
        faults = {
            "basket": held.open_id.notnull(),
            "line": held.known_id.notnull() | (held.copied.notnull() & soon),
        }
        shown = ("event_id", "timestamp", "session_id", "user_id", "product_id")
        return Marked(held, faults, shown, {"unborn": held.made >= held.split})


def _line(events: "ibis.Table") -> "ibis.expr.types.StringValue":
    """All that a line says but its time, its id and its session, as one text."""
    import ibis

    return ibis.literal("\x1f").join([events[name].cast("string").fill_null("") for name in COPIED])
