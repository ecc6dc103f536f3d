"""Postage, fees and corrections that stand in the catalogue like goods."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import CheckSettings, Marked, Question, Words, finding

if TYPE_CHECKING:
    import ibis

ENDINGS = (
    "postage", "carriage", "shipping", "delivery", "delivery charge", "shipping fee", "handling fee", "service fee",
    "amazon fee", "bank charges", "commission", "manual", "adjustment", "adjust bad debt", "discount", "samples",
    "sample", "deposit", "bottle deposits", "surcharge", "donation", "gift wrapping",
)  # fmt: skip
ENDINGS_ZH = ("邮费", "运费", "快递费", "手续费", "服务费", "补差价", "差价", "定金", "押金", "佣金", "样品")


class NonProducts:
    """Products whose code or title is that of a service line.

    code: a short code of letters, where nearly all others hold digits or are longer ("POST", "DOT", "M"); title: one of
    the words, alone or behind at most one other word ("DOTCOM POSTAGE"), so that a "manual coffee grinder" stays.
    """

    class Settings(CheckSettings):
        code_pattern: str = Field(r"^[A-Za-z]{1,4}[0-9]?$", description="What a service line's code looks like (RE2).")
        max_code_share: float = Field(
            0.02, ge=0, le=1, description="Where more products than this have such codes, the shop's ids are like that."
        )
        titles: tuple[str, ...] = Field(ENDINGS, description="Titles of service lines, in lower case.")
        titles_zh: tuple[str, ...] = Field(ENDINGS_ZH, description="The same in Chinese; other words may precede.")

    question: ClassVar = Question(
        "non_products",
        "products",
        {
            "en": Words(
                "Lines that are no goods",
                "Keep postage, fees and corrections out of the catalogue; drop_non_products leaves them out.",
                {"code": "a service line's code", "title": "a service line's title"},
            ),
            "zh": Words(
                "不是商品的条目",
                "请把邮费、手续费和更正排除在商品目录之外；drop_non_products 会略过它们。",
                {"code": "服务类代码", "title": "服务类标题"},
            ),
        },
        repair="drop_non_products",
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        return finding(self.question, self.settings, self._marked(products))

    def repair(self, products: "ibis.Table", events: "ibis.Table") -> "tuple[ibis.Table, ibis.Table]":
        """Without those products and without their events."""
        marked = self._marked(products)
        gone = marked.faulty().select("product_id")
        return marked.sound().select(*products.columns), events.anti_join(gone, "product_id")

    def _marked(self, products: "ibis.Table") -> Marked:
        short = products.product_id.re_search(self.settings.code_pattern)
        share = products.aggregate(code_share=short.cast("float64").mean())
        table = products.cross_join(share)
        title = table.title.strip().lower()
        ending = rf"^(\S+ )?({'|'.join(map(_escaped, self.settings.titles))})$"
        ending_zh = f"({'|'.join(map(_escaped, self.settings.titles_zh))})$"
        faults = {
            "code": table.product_id.re_search(self.settings.code_pattern)
            & (table.code_share <= self.settings.max_code_share),
            "title": title.re_search(ending) | title.re_search(ending_zh),
        }
        return Marked(table, faults, ("product_id", "title", "price"))


def _escaped(words: str) -> str:
    """The words as a pattern that means only themselves, also to RE2."""
    return "".join(letter if letter.isalnum() or letter == " " else f"\\{letter}" for letter in words)
