"""Prices that cannot be: zero, below zero, far from the category's, or in another currency than the others."""

from math import log
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import CheckSettings, Marked, Question, Words, finding

if TYPE_CHECKING:
    import ibis

MAD_TO_DEVIATION = 1.4826
"""The median absolute deviation of a normal variable times this is its standard deviation."""


class Prices:
    """Products priced at or below zero, in another currency than most, or whose log price is an outlier within the
    category.

    An outlier is `deviations` robust standard deviations from the median of the logarithms and at least `times` away.
    Source: Iglewicz, Hoaglin, How to Detect and Handle Outliers, 1993 (median absolute deviation).
    """

    class Settings(CheckSettings):
        deviations: float = Field(5.0, gt=0, description="Robust standard deviations of the log price.")
        times: float = Field(5.0, gt=1, description="An outlier is also this many times above or below the median.")
        min_category: int = Field(20, ge=3, description="Smaller categories have no outliers.")

    question: ClassVar = Question(
        "prices",
        "products",
        {
            "en": Words(
                "Prices that cannot be",
                "Correct the price at its source; blank_prices treats prices at or below zero as unknown. A shop "
                "compares prices in one currency: those in another are not shown. Convert them before the import.",
                {
                    "zero": "price zero",
                    "negative": "price below zero",
                    "outlier": "far from its category's prices",
                    "currency": "in another currency than most",
                },
            ),
            "zh": Words(
                "不合理的价格",
                "请在源头更正价格；blank_prices 会把零价和负价视为未知。店铺只用一种货币比较价格："
                "其他货币的价格不会显示，请在导入前换算。",
                {
                    "zero": "价格为零",
                    "negative": "价格为负",
                    "outlier": "远离同类目的价格",
                    "currency": "与大多数商品的货币不同",
                },
            ),
        },
        repair="blank_prices",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        shelves = products.mutate(shelf=products.category.join(" > "))
        priced = shelves.filter(shelves.price > 0)
        priced = priced.mutate(log_price=priced.price.ln())
        centre = priced.group_by("shelf").aggregate(centre=priced.log_price.median(), n_priced=priced.count())
        away = priced.select("shelf", "log_price").inner_join(centre, "shelf")
        spread = away.group_by("shelf").aggregate(spread=(away.log_price - away.centre).abs().median())
        table = shelves.left_join(centre.inner_join(spread, "shelf"), "shelf")
        table = table.mutate(usual_price=table.centre.exp().round(2))
        distance = ((table.price > 0).ifelse(table.price, None).ln() - table.centre).abs()
        far = (distance > self.settings.deviations * MAD_TO_DEVIATION * table.spread) & (
            distance > log(self.settings.times)
        )
        named = products.filter(products.price.notnull() & (products.currency != ""))
        usual = named.currency.topk(1).currency.as_scalar()
        faults = {
            "zero": table.price == 0,
            "negative": table.price < 0,
            "outlier": far & (table.n_priced >= self.settings.min_category),
            "currency": table.price.notnull() & (table.currency != "") & (table.currency != usual),
        }
        shown = ("product_id", "title", "shelf", "price", "currency", "usual_price")
        return finding(self.question, self.settings, Marked(table, faults, shown))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Prices at or below zero become unknown; outliers stay, since they may be true."""
        return products.mutate(price=(products.price > 0).ifelse(products.price, None)), events
