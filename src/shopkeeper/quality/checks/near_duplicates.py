"""Products that are nearly the same in words: variants to be grouped, or one product entered twice."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import WARN, CheckSettings, Question, Words, severity
from shopkeeper.quality.likeness import Likeness, Titles, compare

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa


class NearDuplicates:
    """Products whose title, with the brand, another has too, or nearly has; the first of each group is sound.

    near: the same numbers, and words that differ by spelling only. `size` and `word` note likely variants: the same
    words with other numbers, or one other word (a colour, a kind); those are no faults.
    """

    class Settings(CheckSettings):
        threshold: float = Field(0.7, gt=0, lt=1, description="Jaccard similarity of the words' letter triples.")
        bands: int = Field(16, ge=1, description="LSH bands: more find more, slower.")
        rows_per_band: int = Field(4, ge=1, description="MinHash values a band: more find only what is more alike.")
        most_titles: int = Field(50_000, ge=1000, description="Of more different titles so many are compared.")
        warn_share: float = Field(0.05, ge=0, le=1, description=WARN)

    question: ClassVar = Question(
        "near_duplicates",
        "products",
        {
            "en": Words(
                "Products with the same or nearly the same title",
                "Give variants one group_id and merge what was entered twice; group_same_titles groups equal titles.",
                {
                    "same_title": "title and brand of another product",
                    "near": "another spelling of a title",
                    "size": "variants: same words, other numbers",
                    "word": "likely variants: one other word",
                },
            ),
            "zh": Words(
                "标题相同或几乎相同的商品",
                "请为规格款设置同一个 group_id，并合并重复录入的商品；group_same_titles 会把同名商品归为一组。",
                {
                    "same_title": "与其他商品标题和品牌相同",
                    "near": "同一标题的另一种写法",
                    "size": "规格款：文字相同、数字不同",
                    "word": "可能的规格款：仅一词不同",
                },
            ),
        },
        repair="group_same_titles",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        """The total is the products with a title, or with one of those that are compared."""
        named = _named(products)
        kinds = named.group_by("same", "brand").aggregate(
            product_id=named.product_id.min(), title=named.title.min(), n=named.count()
        )
        table = self._drawn(kinds.order_by("product_id").to_pyarrow())
        titles = Titles(*(table.column(name).to_pylist() for name in ("same", "brand", "n")))
        likeness = compare(titles, self.settings.threshold, self.settings.bands, self.settings.rows_per_band)
        repeats = int(titles.total - len(titles))
        parts = {"same_title": repeats, **likeness.parts}
        count = repeats + likeness.parts["near"]
        words = self.question.words["en"]
        return Finding(
            check=self.question.check,
            title=words.title,
            severity=severity(count, titles.total, self.settings),
            count=count,
            total=titles.total,
            unit=self.question.unit,
            advice=words.advice if count else "",
            repair=self.question.repair if repeats else None,
            examples=self._examples(table, titles, likeness),
            parts=parts,
        )

    def _drawn(self, table: "pa.Table") -> "pa.Table":
        """At most `most_titles` rows, the same ones for the same table: what is alike grows with the square of them."""
        if len(table) <= self.settings.most_titles:
            return table
        return table.take(np.sort(np.random.default_rng(0).permutation(len(table))[: self.settings.most_titles]))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Products of equal title and brand without a group take the first one's group, or its id."""
        import ibis

        named = products.mutate(same=_same(products))
        first = ibis.window(group_by=("same", "brand"), order_by="product_id", preceding=None, following=None)
        many = named.count().over(ibis.window(group_by=("same", "brand"))) > 1
        group = named.group_id.fill_null(named.product_id).first().over(first)
        lonely = named.group_id.notnull() | (named.same == "")
        grouped = named.mutate(group_id=(lonely | ~many).ifelse(named.group_id, group))
        return grouped.select(*products.columns), events

    def _examples(self, table: "ibis.pa.Table", titles: Titles, likeness: Likeness) -> tuple[dict[str, str], ...]:
        """Near ones first, each with what it is like, then titles that stand there several times."""
        n, rows = self.settings.examples, table.select(["product_id", "title", "brand"])
        near = [
            rows.slice(one, 1).to_pylist()[0] | {"like": table.column("title")[other].as_py(), "why": "near"}
            for one, other in likeness.near[:n]
        ]
        often = sorted((i for i in range(len(titles)) if titles.counts[i] > 1), key=lambda i: -titles.counts[i])
        same = [
            rows.slice(i, 1).to_pylist()[0] | {"like": f"× {titles.counts[i]}", "why": "same_title"} for i in often[:n]
        ]
        return (*near[: max(n - len(same), n // 2)], *same)[:n]


def _same(products: "ibis.Table") -> "ibis.expr.types.StringValue":
    """The title as it is compared: lower case, single spaces."""
    return products.title.strip().lower().re_replace(r"\s+", " ")


def _named(products: "ibis.Table") -> "ibis.Table":
    named = products.mutate(same=_same(products))
    return named.filter(named.same != "")
