"""Products without words: nothing can be searched or understood of them."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import BLOCK, CheckSettings, Marked, Question, Words, finding

if TYPE_CHECKING:
    import ibis

Text = Literal["title", "wordless_title", "description", "brand", "category", "price"]


class Missing:
    """Products whose title is empty or holds no letter; other empty fields are named, and counted if required."""

    class Settings(CheckSettings):
        required: tuple[Text, ...] = Field(
            ("title", "wordless_title"), min_length=1, description="What counts as a fault when it is missing."
        )
        block_share: float = Field(0.95, gt=0, description=BLOCK)

    question: ClassVar = Question(
        "missing",
        "products",
        {
            "en": Words(
                "Missing and empty text",
                "Give every product a title in words; drop_untitled leaves those without out of learning.",
                {
                    "title": "empty title",
                    "wordless_title": "title without a letter",
                    "description": "empty description",
                    "brand": "no brand",
                    "category": "no category",
                    "price": "no price",
                },
            ),
            "zh": Words(
                "缺失或空白的文字",
                "为每件商品写上文字标题；drop_untitled 会在学习时略过没有标题的商品。",
                {
                    "title": "标题为空",
                    "wordless_title": "标题没有文字",
                    "description": "描述为空",
                    "brand": "没有品牌",
                    "category": "没有类目",
                    "price": "没有价格",
                },
            ),
        },
        repair="drop_untitled",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        return finding(self.question, self.settings, self._marked(products))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without the products that lack required text, and without their events."""
        gone = self._marked(products).faulty().select("product_id")
        return self._marked(products).sound(), events.anti_join(gone, "product_id")

    def _marked(self, products: "ibis.Table") -> Marked:
        title = products.title.strip()
        kinds = {
            "title": title == "",
            "wordless_title": (title != "") & ~title.re_search(r"\pL"),
            "description": products.description.strip() == "",
            "brand": products.brand.strip() == "",
            "category": products.category.length() == 0,
            "price": products.price.isnull(),
        }
        required = set[str](self.settings.required)
        faults = {kind: mark for kind, mark in kinds.items() if kind in required}
        noted = {kind: mark for kind, mark in kinds.items() if kind not in faults}
        return Marked(products, faults, ("product_id", "title", "brand"), noted)
