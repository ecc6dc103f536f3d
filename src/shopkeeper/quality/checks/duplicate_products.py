"""Products that differ only in their id: one product that competes with itself."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import WARN, CheckSettings, Marked, Question, Words, finding

if TYPE_CHECKING:
    import ibis

SAME = ("title", "description", "brand", "category", "price", "attributes", "seller", "locale")


class DuplicateProducts:
    """Products with an id that was there before, or with everything else the same; the first of each is sound."""

    class Settings(CheckSettings):
        warn_share: float = Field(0.1, ge=0, le=1, description=WARN)

    question: ClassVar = Question(
        "duplicate_products",
        "products",
        {
            "en": Words(
                "Products that differ only in their id",
                "Give them one group_id or merge them; group_duplicates gives each the group of the first.",
                {"id": "the same product_id", "twin": "the same product under another id"},
            ),
            "zh": Words(
                "仅 id 不同的商品",
                "为它们设置同一个 group_id 或合并；group_duplicates 会把它们归入第一件商品的分组。",
                {"id": "product_id 相同", "twin": "id 不同但内容相同"},
            ),
        },
        repair="group_duplicates",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        return finding(self.question, self.settings, self._marked(products))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Twins without a group take the first one's group, or its id; nothing is removed."""
        table = self._marked(products).table
        kept = (table.group_id.notnull()) | (table.title.strip() == "") | (table.n_same == 1)
        grouped = table.mutate(group_id=kept.ifelse(table.group_id, table.first_group))
        return grouped.select(*products.columns), events

    @staticmethod
    def _marked(products: "ibis.Table") -> Marked:
        import ibis

        of_id = ibis.window(group_by="product_id", order_by="title")
        of_twins = ibis.window(group_by=SAME, order_by="product_id", preceding=None, following=None)
        own_group = products.group_id.fill_null(products.product_id)
        table = products.mutate(
            nth_id=ibis.row_number().over(of_id),
            first_id=products.product_id.first().over(of_twins),
            first_group=own_group.first().over(of_twins),
            n_same=products.count().over(ibis.window(group_by=SAME)),
        )
        # untitled products are not twins of one another: nothing is known of them
        twin = (table.first_id != table.product_id) & (table.title.strip() != "")
        return Marked(table, {"id": table.nth_id > 0, "twin": twin}, ("product_id", "title", "brand", "first_id"))
