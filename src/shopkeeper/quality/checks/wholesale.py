"""Trade buyers: their baskets say what a shop resells, not what people want together."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import CheckSettings, Marked, Question, Words, finding
from shopkeeper.quality.usual import usual_quantities, whole_day

if TYPE_CHECKING:
    import ibis

KEY = ("user_id", "session")


class Wholesale:
    """Baskets far larger and deeper than the shop's usual one, and all baskets of users who mostly buy so.

    A basket is a session, or a user's day where there is none. A line's depth is its quantity over the product's own
    median quantity, so that fuel or screws do not make a trader; a basket's size is the sum of its depths, so that a
    week's groceries, large but one of each, do not either.
    """

    class Settings(CheckSettings):
        size_times: float = Field(5.0, gt=1, description="A trade basket is this many times the median basket's size.")
        depth: float = Field(4.0, gt=1, description="A trade basket's lines are on average this many times the usual.")
        buyer_share: float = Field(0.5, gt=0, le=1, description="A trade buyer's share of such baskets.")
        min_baskets: int = Field(3, ge=1, description="Users with fewer baskets are judged basket by basket.")

    question: ClassVar = Question(
        "wholesale",
        "sessions",
        {
            "en": Words(
                "Wholesale baskets",
                "Serve trade buyers from a shop of their own; drop_wholesale leaves these baskets out of learning.",
                {"basket": "far larger and deeper than usual", "buyer": "a basket of a trade buyer"},
            ),
            "zh": Words(
                "批发购物篮",
                "建议为批发客户单独开店；drop_wholesale 会在学习时略过这些购物篮。",
                {"basket": "数量远超平常", "buyer": "批发客户的购物篮"},
            ),
        },
        repair="drop_wholesale",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        return finding(self.question, self.settings, self._marked(events))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without everything that happened in those sessions."""
        table = events.mutate(session=_session(events))
        return products, table.anti_join(self._marked(events).faulty(), KEY).select(*events.columns)

    def _marked(self, events: "ibis.Table") -> Marked:
        import ibis

        baskets = _baskets(events)
        table = baskets.cross_join(baskets.aggregate(usual_size=baskets.size.median()))
        large = table.size > self.settings.size_times * table.usual_size
        table = table.mutate(trade=large & (table.size >= self.settings.depth * table.n_lines))
        of_user = ibis.window(group_by="user_id")
        share, n_baskets = table.trade.mean().over(of_user), table.count().over(of_user)
        table = table.mutate(trade_share=share, n_baskets=n_baskets)
        buyer = (table.n_baskets >= self.settings.min_baskets) & (table.trade_share >= self.settings.buyer_share)
        faults = {"basket": table.trade, "buyer": buyer & (table.user_id != "")}
        return Marked(table, faults, ("session", "user_id", "n_lines", "pieces", "size", "usual_size"))


def _session(events: "ibis.Table") -> "ibis.expr.types.StringValue":
    import ibis

    return (events.session_id != "").ifelse(events.session_id, ibis.literal("day ") + whole_day(events).cast("string"))


def _baskets(events: "ibis.Table") -> "ibis.Table":
    """Every basket with a purchase: user_id, session, n_lines, pieces, and its size in usual quantities."""
    bought = events.filter((events.action == "purchase") & (events.quantity > 0))
    bought = bought.mutate(session=_session(bought))
    usual = usual_quantities(events).select(usual_id="product_id", usual="usual")
    lines = bought.left_join(usual, bought.product_id == usual.usual_id)
    relative = lines.quantity / lines.usual.fill_null(1.0)
    return lines.group_by(*KEY).aggregate(n_lines=lines.count(), pieces=lines.quantity.sum(), size=relative.sum())
