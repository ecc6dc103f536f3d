"""Visitors who are no shoppers: too fast, too broad, too regular."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import CheckSettings, Marked, Question, Words, finding
from shopkeeper.quality.usual import BROWSING, actor, seconds, whole_day

if TYPE_CHECKING:
    import ibis


class Bots:
    """Users (sessions where there is no user) whose browsing no person does.

    Only views, clicks, carts and searches count: the lines of a receipt share one moment. rate: events within one
    minute; breadth: different products within one day by somebody who never puts one in a cart; regularity: the pauses'
    standard deviation over their mean. Source: Tan, Kumar, Data Mining and Knowledge Discovery 6, 2002, section 4.
    """

    class Settings(CheckSettings):
        per_minute: int = Field(60, ge=1, description="This many events within one minute are no person's.")
        products_per_day: int = Field(500, ge=1, description="This many products a day, and none in a cart, either.")
        regularity: float = Field(0.1, ge=0, description="Pauses that vary less than this share of their mean.")
        min_pauses: int = Field(30, ge=2, description="Regularity needs this many pauses.")

    question: ClassVar = Question(
        "bots",
        "users",
        {
            "en": Words(
                "Bot-like visitors",
                "Keep crawlers and monitors out of the log; drop_bots leaves these visitors' events out of learning.",
                {"rate": "too fast", "breadth": "too many products", "regular": "as regular as a clock"},
            ),
            "zh": Words(
                "疑似机器人的访客",
                "请把爬虫和监控程序排除在日志之外；drop_bots 会略过这些访客的事件。",
                {"rate": "过快", "breadth": "浏览商品过多", "regular": "间隔过于规律"},
            ),
        },
        repair="drop_bots",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        return finding(self.question, self.settings, self._marked(events))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without everything those visitors did."""
        table = events.mutate(actor=actor(events))
        return products, table.anti_join(self._marked(events).faulty(), "actor").select(*events.columns)

    def _marked(self, events: "ibis.Table") -> Marked:
        table = events.mutate(actor=actor(events), second=seconds(events))
        table = table.filter(table.actor != "")
        browsing = table.filter(table.action.isin(BROWSING))
        visitors = table.group_by("actor").aggregate(
            n_events=table.count(), bought=table.action.isin(("purchase", "add_to_cart")).any()
        )
        for pace in (_rate(browsing), _breadth(browsing), _pauses(browsing)):
            visitors = visitors.left_join(pace, "actor", rname="{name}_right").drop("actor_right")
        s = self.settings
        faults = {
            "rate": visitors.most_per_minute >= s.per_minute,
            "breadth": (visitors.most_products_per_day >= s.products_per_day) & ~visitors.bought,
            "regular": (visitors.n_pauses >= s.min_pauses) & (visitors.pauses_vary < s.regularity),
        }
        shown = ("actor", "n_events", "most_per_minute", "most_products_per_day", "pauses_vary")
        return Marked(visitors, faults, shown)


def _rate(browsing: "ibis.Table") -> "ibis.Table":
    minutes = browsing.group_by("actor", minute=(browsing.second / 60).floor()).aggregate(n=lambda table: table.count())
    return minutes.group_by("actor").aggregate(most_per_minute=minutes.n.max())


def _breadth(browsing: "ibis.Table") -> "ibis.Table":
    named = browsing.filter(browsing.product_id != "").group_by("actor", day=whole_day)
    days = named.aggregate(n=lambda table: table.product_id.nunique())
    return days.group_by("actor").aggregate(most_products_per_day=days.n.max())


def _pauses(browsing: "ibis.Table") -> "ibis.Table":
    import ibis

    earlier = browsing.second.lag().over(ibis.window(group_by="actor", order_by="second"))
    paused = browsing.mutate(pause=browsing.second - earlier)
    paused = paused.filter(paused.pause.notnull())
    return paused.group_by("actor").aggregate(
        n_pauses=paused.count(),
        pauses_vary=paused.pause.std(how="pop") / paused.pause.mean().nullif(0),
    )
