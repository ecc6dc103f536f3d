"""What is usual in a shop, as expressions: the yardsticks of several checks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis

SHOPPING = ("purchase", "add_to_cart", "click")
"""The actions that say what a shopper wants: what learning counts."""

BROWSING = ("view", "click", "add_to_cart", "remove_from_cart", "search")
"""The actions whose pace shows who acts; the lines of a receipt share one moment."""


DAY_SECONDS = 86_400


def usual_quantities(events: "ibis.Table") -> "ibis.Table":
    """Per product_id the lower median of its purchased quantities as `usual`, above 0, and their number `n_purchases`.

    Counted by distinct quantity first: a shop sells few, which makes this ten times as fast as a median of all lines.
    """
    import ibis

    bought = events.filter((events.action == "purchase") & (events.quantity > 0) & (events.product_id != ""))
    counts = bought.group_by("product_id", "quantity").aggregate(n=bought.count())
    so_far = ibis.window(group_by="product_id", order_by="quantity", preceding=None, following=0)
    counts = counts.mutate(reached=counts.n.sum().over(so_far), all=counts.n.sum().over(group_by="product_id"))
    upper = counts.filter(counts.reached * 2 >= counts["all"])
    return upper.group_by("product_id").aggregate(usual=upper.quantity.min(), n_purchases=upper["all"].max())


def seconds(events: "ibis.Table") -> "ibis.expr.types.FloatingValue":
    """The timestamp as seconds since 1970, with their fraction."""
    # DuckDB's epoch is a double, which Ibis believes to be int32: the cast says so, and reaches beyond 2038
    return events.timestamp.epoch_seconds().cast("float64")


def whole_day(events: "ibis.Table") -> "ibis.expr.types.IntegerValue":
    """The timestamp as whole days since 1970."""
    return (seconds(events) / DAY_SECONDS).floor().cast("int64")


def actor(events: "ibis.Table") -> "ibis.expr.types.StringValue":
    """Who acts: the user, else the session."""
    return (events.user_id != "").ifelse(events.user_id, events.session_id)


def created_seconds(products: "ibis.Table") -> "ibis.expr.types.FloatingValue":
    """The product's creation as seconds since 1970; null where it is unknown or unreadable."""
    created = products.created_at
    moment = created if created.type().is_timestamp() else created.try_cast("timestamp('UTC')")
    return moment.epoch_seconds().cast("float64")
