"""Goods that came back: a purchase that was undone says the opposite of a purchase."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import WARN, CheckSettings, Marked, Question, Words, finding

if TYPE_CHECKING:
    import ibis

PAIR = ("user_id", "product_id")


class Returns:
    """Refunds and cancellations, paired piece by piece with the same user's earlier purchases of the product.

    Walking a user's purchases and refunds of one product in time, the refunded pieces beyond those bought so far are
    the running maximum of refunded - bought (a queue reflected at zero); the others cancel the oldest pieces bought.
    """

    class Settings(CheckSettings):
        warn_share: float = Field(0.05, ge=0, le=1, description=WARN)

    question: ClassVar = Question(
        "returns",
        "events",
        {
            "en": Words(
                "Returns and cancellations",
                "pair_returns lets each refund cancel the pieces it returns, so that neither teaches anything.",
                {
                    "matched": "cancels an earlier purchase",
                    "unmatched": "without (enough of) an earlier purchase",
                    "anonymous": "without a user",
                },
            ),
            "zh": Words(
                "退货与取消",
                "pair_returns 让每笔退货抵消对应的购买，两者都不再参与学习。",
                {
                    "matched": "可抵消此前的购买",
                    "unmatched": "此前没有（足够的）购买",
                    "anonymous": "没有用户，无法配对",
                },
            ),
        },
        repair="pair_returns",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        """The total is purchases and refunds; a refund that is only partly covered counts as unmatched."""
        dealt = events.filter(events.action.isin(("purchase", "refund")))
        known = _with_pairs(dealt)
        refund = known.action == "refund"
        faults = {
            "matched": refund & (known.unpaid == 0),
            "unmatched": refund & (known.unpaid > 0),
            "anonymous": refund & known.unpaid.isnull(),
        }
        shown = ("event_id", "timestamp", "user_id", "product_id", "quantity")
        return finding(self.question, self.settings, Marked(known, faults, shown))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Cancelled pieces leave both their purchase and their refund; lines without a piece left are removed."""
        known = _with_pairs(events)
        kept = known.filter(known.left.isnull() | (known.left > 0))
        value = kept.value * (kept.left / kept.pieces).fill_null(1.0)
        return products, kept.mutate(quantity=kept.left.fill_null(kept.quantity), value=value).select(*events.columns)


def _with_pairs(events: "ibis.Table") -> "ibis.Table":
    """The events with what pairing says of them: `pieces`, `left` and `unpaid`, null where there is no pair."""
    paired = _paired(events)
    # an id that stands there twice must not multiply rows
    said = paired.group_by(paired_id="event_id", paired_at="timestamp").aggregate(
        pieces=paired.pieces.max(), left=paired.left.min(), unpaid=paired.unpaid.max()
    )
    return events.left_join(said, (events.event_id == said.paired_id) & (events.timestamp == said.paired_at))


def _paired(events: "ibis.Table") -> "ibis.Table":
    """Purchases and refunds of every (user, product) with a refund, with the pieces `left` after cancelling.

    `pieces` is the line's own number; `unpaid` the pieces of a refund that no earlier purchase covers.
    """
    import ibis

    dealt = events.filter(
        events.action.isin(("purchase", "refund")) & (events.user_id != "") & (events.product_id != "")
    )
    pairs = dealt.filter(dealt.action == "refund").select(*PAIR).distinct()
    dealt = dealt.semi_join(pairs, PAIR)
    # refunds may be written as negative pieces; at one moment the purchase comes first
    dealt = dealt.mutate(pieces=dealt.quantity.abs(), is_refund=(dealt.action == "refund").cast("int8"))
    order = ("timestamp", "is_refund", "event_id")
    so_far = ibis.window(group_by=PAIR, order_by=order, preceding=None, following=0)
    whole = ibis.window(group_by=PAIR)
    back = dealt.is_refund * dealt.pieces
    dealt = dealt.mutate(bought=(dealt.pieces - back).sum().over(so_far), returned=back.sum().over(so_far))
    dealt = dealt.mutate(owed=ibis.greatest((dealt.returned - dealt.bought).max().over(so_far), 0.0))
    before = dealt.owed.lag().over(ibis.window(group_by=PAIR, order_by=order))
    dealt = dealt.mutate(unpaid=dealt.owed - before.fill_null(0.0))
    dealt = dealt.mutate(cancelled=dealt.returned.max().over(whole) - dealt.owed.max().over(whole))
    kept = ibis.least(ibis.greatest(dealt.bought - dealt.cancelled, 0.0), dealt.pieces)
    return dealt.mutate(left=(dealt.is_refund == 1).ifelse(dealt.unpaid, kept))
