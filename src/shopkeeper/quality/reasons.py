"""Why a shop cannot be learnt from, in the reader's language: what there is, what is needed and where that is set."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shopkeeper import plugins
from shopkeeper.ports import Finding
from shopkeeper.types import Language

TEXTS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "products": "{found} products, at least {needed} are needed (learn.min_products)",
        "events": "{found} purchases, carts and clicks, at least {needed} are needed (learn.min_events)",
        "titles": "no product has a title in words",
        "actors": "no event names a user or a session",
        "blocked": "{title}: {found} of {needed} {unit} (quality.{check}.block_share)",
    },
    "zh": {
        "products": "只有 {found} 件商品，至少需要 {needed} 件（learn.min_products）",
        "events": "购买、加购和点击只有 {found} 次，至少需要 {needed} 次（learn.min_events）",
        "titles": "没有一件商品的标题里有文字",
        "actors": "没有一个事件写明用户或会话",
        "blocked": "{title}：{needed} {unit}中有 {found} 个（quality.{check}.block_share）",
    },
}
UNITS_ZH = {"products": "件商品", "events": "个事件", "sessions": "个会话", "users": "位访客"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: which text says it, and the numbers in it; of a blocking finding, the finding."""

    text: str
    found: int = 0
    needed: int = 0
    finding: Finding | None = field(default=None)

    def said(self, language: Language) -> str:
        """The reason in words."""
        gaps: dict[str, object] = {"found": self.found, "needed": self.needed}
        if self.finding is not None:
            own = self.finding
            title = plugins.load("check", own.check).question.words[language].title.lower()
            unit = own.unit if language == "en" else UNITS_ZH[own.unit]
            gaps = {"title": title, "found": own.count, "needed": own.total, "unit": unit, "check": own.check}
        return TEXTS[language][self.text].format_map(gaps)
