"""Offline tables: one function each, over the table `interactions` (user, row, day, action, quantity, basket).

Every one is an Ibis expression and nothing else, so that DuckDB runs it on a laptop and Spark or a warehouse runs the
same lines when the shop outgrows it. `action` holds codes of types.ACTIONS, `day` days since 1970 UTC,
`basket` numbers that no two shoppers share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import numpy as np
from ibis import Table
from ibis.expr.types import BooleanValue, Column, NumericValue

from shopkeeper.types import ACTION_CODES, Action, DayArray

POSITIVE: tuple[Action, ...] = ("click", "add_to_cart", "purchase")
PURCHASES: Mapping[Action, float] = {"purchase": 1.0}
GRADES: Mapping[Action, float] = {"click": 1.0, "add_to_cart": 2.0, "purchase": 3.0}
"""What an action is worth as a label where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """What counts as bought or looked at together.

    window: farthest distance in lines that still counts. basket_lines: baskets with more different products than this
    are left out, they are a wholesaler's. gap_days: baskets farther apart do not belong together. min_weight: pairs
    that add up to less are left out; 0.1 is what two products of one large basket get, once.
    """

    window: int = 8
    basket_lines: int = 60
    gap_days: float = 30.0
    min_weight: float = 0.1
    actions: Sequence[Action] = POSITIVE


def close_tables() -> None:
    """Lets go of the tables that Ibis holds for the whole process: DuckDB reports what is open at its end as leaks."""
    held, ibis.options.default_backend = ibis.options.default_backend, None
    if held is not None:
        held.con.close()
        del held.con


def popularity(
    interactions: Table, day: float, half_life_days: float, counts: Mapping[Action, float] = PURCHASES
) -> Table:
    """Table[row, weight]: the sum over lines before `day` of counts[action] * 2 ** -(age / half_life_days).

    Age in days at `day`; actions that `counts` does not name count nothing.
    """
    lines = interactions.filter(_is_any(interactions, tuple(counts)) & (interactions.day < day))
    count = ibis.cases(*((lines.action == ACTION_CODES[action], n) for action, n in counts.items()), else_=0.0)
    weight = count * ibis.literal(2.0) ** ((lines.day - day) / half_life_days)
    return lines.group_by("row").aggregate(weight=weight.sum())


def counts(interactions: Table, actions: Sequence[Action] = ("purchase",)) -> Table:
    """Table[row, n]: the lines of a product with any of these actions."""
    lines = interactions.filter(_is_any(interactions, actions))
    return lines.group_by("row").aggregate(n=lines.count())


def first_days(interactions: Table) -> Table:
    """Table[row, day]: when anybody first did anything with a product."""
    return interactions.group_by("row").aggregate(day=interactions.day.min())


def by_row(table: Table, column: str, n_rows: int, missing: float = 0.0) -> DayArray:
    """float64 (n_rows,): a column of a table that has one line a `row`; `missing` where a row has none."""
    return columns_by_row(table, (column,), n_rows, missing)[0]


def columns_by_row(table: Table, columns: Sequence[str], n_rows: int, missing: float = 0.0) -> list[DayArray]:
    """The same of several columns, worked out together: float64 (n_rows,) each."""
    found = table.select("row", *columns).to_pyarrow()
    values = [np.full(n_rows, missing) for _ in columns]
    for own, column in zip(values, columns, strict=True):
        own[found.column("row").to_numpy()] = found.column(column).to_numpy()
    return values


def cooccurrence(interactions: Table, nearness: Nearness = Nearness()) -> Table:
    """Table[row, other, weight]: how near `other` follows `row`, the sum of 1 / distance over all shoppers.

    The lines of a shopper at one moment are a basket; the order inside it is arbitrary, so a pair counts the mean of
    1 / distance over all orders of its n products, the same in both directions:
        1 / (n (n - 1)) * sum over d = 1 .. min(n - 1, window) of (n - d) / d
    A pair in two baskets of a and b products with m products between counts 1 over the mean distance (a + b) / 2 + m,
    from the earlier to the later one. With one product a moment that is 1 / distance in the sequence, as in the
    distance-weighted co-occurrence of session recommenders. A product does not occur with itself.
    """
    lines = _lines(interactions, nearness)
    baskets = _baskets(lines, nearness)
    pairs = ibis.union(_within(lines, baskets, nearness), _across(lines, baskets, nearness), distinct=False)
    # one group for both directions: half the groups, which is where the time goes
    sums = pairs.group_by("low", "high").aggregate(forth=pairs.forth.sum(), back=pairs.back.sum())
    forth = sums.select(row=sums.low, other=sums.high, weight=sums.forth)
    back = sums.select(row=sums.high, other=sums.low, weight=sums.back)
    both = ibis.union(forth, back, distinct=False)
    return both.filter(both.weight >= nearness.min_weight)


def repeat_intervals(interactions: Table, actions: Sequence[Action] = ("purchase",)) -> Table:
    """Table[row, n_intervals, days]: how often shoppers took a product again, and the days between, added up.

    Lines of one moment count once. The intervals of a shopper add up to the latest moment less the earliest.
    """
    lines = interactions.filter(_is_any(interactions, actions))
    moments = lines.select("user", "row", "day").distinct()
    own = moments.group_by("user", "row").aggregate(n=moments.count(), days=moments.day.max() - moments.day.min())
    return own.group_by("row").aggregate(n_intervals=(own.n - 1).sum(), days=own.days.sum())


def returns(interactions: Table, classes: Table, actions: Sequence[Action] = ("purchase",)) -> Table:
    """Table[klass, days, again, n]: after how many whole days shoppers took the same thing for the second time.

    `classes` says what each row is, Table[row, good, klass]: variants are one good. `again` is 0 for those who had not
    come back for it by their last line of anything, so many `days` after their first of it.
    """
    lines = interactions.filter(_is_any(interactions, actions)).join(classes, "row")
    lines = lines.select("user", "good", "klass", moment=lines.day.floor()).distinct()
    until = lines.group_by("user").aggregate(until=lines.moment.max())
    order = ibis.window(group_by=["user", "good"], order_by="moment")
    marked = lines.mutate(place=ibis.row_number().over(order), second=lines.moment.lead().over(order))
    own = marked.filter(marked.place == 0).join(until, "user")
    waited = own.select(
        "klass", days=own.second.fill_null(own.until) - own.moment, again=own.second.notnull().cast("int8")
    )
    return waited.group_by("klass", "days", "again").aggregate(n=waited.count())


def hours(
    interactions: Table, classes: Table, utc_offset_hours: float, actions: Sequence[Action] = ("purchase",)
) -> Table:
    """Table[klass, day, hour, n]: the lines of a class, Table[row, klass], by day and hour of the shop's own clock."""
    lines = interactions.filter(_is_any(interactions, actions)).join(classes, "row")
    moment = lines.day + utc_offset_hours / 24.0
    lines = lines.select("klass", day=moment.floor(), hour=((moment - moment.floor()) * 24.0).floor())
    return lines.group_by("klass", "day", "hour").aggregate(n=lines.count())


def buyers(interactions: Table, actions: Sequence[Action] = ("purchase",)) -> Table:
    """Table[row, buyers, back]: how many shoppers took a product, and how many of them in more than one basket."""
    lines = interactions.filter(_is_any(interactions, actions))
    own = lines.group_by("user", "row").aggregate(first=lines.basket.min(), last=lines.basket.max())
    return own.group_by("row").aggregate(buyers=own.count(), back=(own["first"] < own["last"]).sum())


def next_baskets(interactions: Table, actions: Sequence[Action] = ("purchase",)) -> Table:
    """Table[row, followed, again]: baskets with a product that another of the shopper follows; it is in that one again.

    A shopper's baskets stand in the order of their first lines; each holds a product once.
    """
    lines = interactions.filter(_is_any(interactions, actions))
    baskets = lines.group_by("user", "basket").aggregate(start=lines.day.min())
    order = ibis.window(group_by="user", order_by=["start", "basket"])
    baskets = baskets.select("basket", following=baskets.basket.lead().over(order))
    taken = lines.select("row", "basket").distinct()
    followed = taken.join(baskets.filter(baskets.following.notnull()), "basket").select("row", basket="following")
    both = followed.left_join(taken.mutate(again=1), ["row", "basket"])
    return both.group_by("row").aggregate(followed=both.count(), again=both.again.count())


def labels(
    interactions: Table,
    start_day: float,
    end_day: float,
    *,
    first_basket: bool = False,
    worth: Mapping[Action, float] = GRADES,
) -> Table:
    """Table[user, row, label]: what shoppers did in [start_day, end_day): what the best of it is worth.

    With `first_basket` only the first basket with such an action of each shopper counts: the very next visit.
    """
    inside = (interactions.day >= start_day) & (interactions.day < end_day)
    lines = interactions.filter(inside & _is_any(interactions, tuple(worth)))
    if first_basket:
        order = ibis.window(group_by="user", order_by=["day", "basket"])
        lines = lines.mutate(first=lines.basket.first().over(order))
        lines = lines.filter(lines.basket == lines.first)
    grade = ibis.cases(*((lines.action == ACTION_CODES[action], label) for action, label in worth.items()), else_=0)
    return lines.group_by("user", "row").aggregate(label=grade.max())


def _is_any(table: Table, actions: Sequence[Action]) -> BooleanValue:
    return table.action.isin([ACTION_CODES[action] for action in actions])


def _lines(interactions: Table, nearness: Nearness) -> Table:
    wanted = interactions.filter(_is_any(interactions, nearness.actions))
    return wanted.select("user", "day", "row").distinct()


def _baskets(lines: Table, nearness: Nearness) -> Table:
    """Each moment of a shopper: its products, its place, and how many products came before it."""
    sizes = lines.group_by("user", "day").aggregate(n=lines.count().cast("float64"))
    sizes = sizes.filter(sizes.n <= nearness.basket_lines)
    order = ibis.window(group_by="user", order_by="day")
    until = ibis.window(group_by="user", order_by="day", rows=(None, 0))
    return sizes.mutate(place=ibis.row_number().over(order), until=sizes.n.sum().over(until))


def _within(lines: Table, baskets: Table, nearness: Nearness) -> Table:
    sized = lines.join(baskets.filter(baskets.n > 1), ["user", "day"]).select("user", "day", "row", "n")
    others = sized.select("user", "day", high=sized.row)
    pairs = sized.join(others, ["user", "day"]).filter(lambda pair: pair.row < pair.high)
    weight = _mean_nearness(pairs.n, nearness.window)
    return pairs.select(low=pairs.row, high=pairs.high, forth=weight, back=weight)


def _mean_nearness(n: Column, window: int) -> NumericValue:
    """The mean of 1 / distance of two products over all orders of n, distances beyond the window counting 0."""
    total = ibis.literal(0.0)
    for distance in range(1, window + 1):
        total += ibis.greatest(n - distance, 0.0) / distance
    return total / (n * (n - 1.0))


def _across(lines: Table, baskets: Table, nearness: Nearness) -> Table:
    links = ibis.union(*(_links(baskets, steps, nearness) for steps in range(1, nearness.window + 1)), distinct=False)
    later = lines.select("user", later_day=lines.day, other=lines.row)
    pairs = links.join(lines, ["user", "day"]).join(later, ["user", "later_day"]).filter(lambda p: p.row != p.other)
    in_order = pairs.row < pairs.other
    return pairs.select(
        low=ibis.least(pairs.row, pairs.other),
        high=ibis.greatest(pairs.row, pairs.other),
        forth=in_order.ifelse(pairs.weight, 0.0),
        back=in_order.ifelse(0.0, pairs.weight),
    )


def _links(baskets: Table, steps: int, nearness: Nearness) -> Table:
    """Pairs of baskets `steps` apart whose products are within the window of each other."""
    later = baskets.select(
        "user", place=baskets.place - steps, later_day=baskets.day, later_n=baskets.n, later_until=baskets.until
    )
    both = baskets.join(later, ["user", "place"])
    between = both.later_until - both.later_n - both.until
    distance = (both.n + both.later_n) / 2.0 + between
    near = (distance <= nearness.window) & (both.later_day - both.day <= nearness.gap_days)
    return both.filter(near).select("user", "day", "later_day", weight=1.0 / distance)
