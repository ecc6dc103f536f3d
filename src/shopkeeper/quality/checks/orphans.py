"""Events about products that nobody described."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import BLOCK, CheckSettings, Marked, Question, Words, finding

if TYPE_CHECKING:
    import ibis

WITHOUT_PRODUCT = ("search", "answer")
"""Actions that need no product."""


class Orphans:
    """Events that name a product the catalogue does not hold, or none although the action is about one."""

    class Settings(CheckSettings):
        block_share: float = Field(0.9, gt=0, description=BLOCK)

    question: ClassVar = Question(
        "orphans",
        "events",
        {
            "en": Words(
                "Events about unknown products",
                "Import the missing products, also those no longer sold; drop_orphans leaves these events out.",
                {"unknown": "names a product nobody described", "none": "names no product"},
            ),
            "zh": Words(
                "指向未知商品的事件",
                "请导入缺少的商品，包括已下架的；drop_orphans 会略过这些事件。",
                {"unknown": "商品不在目录中", "none": "没有指明商品"},
            ),
        },
        repair="drop_orphans",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        return finding(self.question, self.settings, self._marked(products, events))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without those events."""
        return products, self._marked(products, events).sound().select(*events.columns)

    @staticmethod
    def _marked(products: "ibis.Table", events: "ibis.Table") -> Marked:
        known = products.select(known_id=products.product_id).distinct()
        table = events.left_join(known, events.product_id == known.known_id)
        named = table.product_id != ""
        faults = {
            "unknown": named & table.known_id.isnull(),
            "none": ~named & ~table.action.isin(WITHOUT_PRODUCT),
        }
        return Marked(table, faults, ("event_id", "timestamp", "action", "user_id", "product_id"))
