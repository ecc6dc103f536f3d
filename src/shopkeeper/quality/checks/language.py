"""The language of the texts: what the encoder and the word splitter must understand."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from shopkeeper.ports import Finding
from shopkeeper.quality.finding import WARN, CheckSettings, Marked, Question, Words, finding

if TYPE_CHECKING:
    import ibis


class Language:
    """Titles in a language other than most titles of the shop are in, or in a script that is neither of the two.

    zh: with Chinese characters; en: with Latin letters only; other: with letters of another script. A Chinese title
    that names an English brand is zh; `mixed` notes such titles.
    """

    class Settings(CheckSettings):
        warn_share: float = Field(0.05, ge=0, le=1, description=WARN)

    question: ClassVar = Question(
        "language",
        "products",
        {
            "en": Words(
                "Titles in another language",
                "Set shop.language to auto, or give these products titles in the shop's language.",
                {
                    "foreign": "not in the language of most titles",
                    "en": "in Latin letters",
                    "zh": "in Chinese",
                    "mixed": "Chinese with Latin words",
                    "other": "in another script",
                },
            ),
            "zh": Words(
                "使用其他语言的标题",
                "请将 shop.language 设为 auto，或为这些商品补上本店语言的标题。",
                {
                    "foreign": "与多数标题语言不同",
                    "en": "拉丁字母",
                    "zh": "中文",
                    "mixed": "中文夹拉丁词",
                    "other": "其他文字",
                },
            ),
        },
    )

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def inspect(self, products: "ibis.Table", events: "ibis.Table") -> Finding:
        """The total is the products whose title holds a letter."""
        import ibis

        han, latin = products.title.re_search(r"\p{Han}"), products.title.re_search(r"\p{Latin}")
        # kana or Hangul beside Han are neither Chinese nor English
        strange = products.title.re_replace(r"[\p{Han}\p{Latin}]", "").re_search(r"\pL")
        script = ibis.cases((strange, "other"), (han, "zh"), (latin, "en"), else_=None)
        table = products.mutate(language=script, both=han & latin)
        table = table.filter(table.language.notnull())
        counts = table.group_by("language").aggregate(n=table.count())
        most = counts.order_by(ibis.desc("n"), "language").limit(1).select(most="language")
        table = table.cross_join(most)
        noted = {name: table.language == name for name in ("en", "zh", "other")} | {"mixed": table.both}
        marked = Marked(table, {"foreign": table.language != table.most}, ("product_id", "title", "language"), noted)
        return finding(self.question, self.settings, marked)
