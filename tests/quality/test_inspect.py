"""Claims:
1. A report holds every enabled check, what there is of everything, the moment, the data's hash and the timeline.
2. A shop without enough products, enough shopping, words or visitors is refused, with every reason and its setting,
   in the reader's language.
3. A check that is switched off is not asked; a blocking finding is a reason.
4. Long histories are drawn in bars of several days; lost timestamps do not stretch them.
5. Each check has its words in both languages, for every kind it counts, and a repair name that is its own.
"""

from datetime import UTC, datetime
from typing import Any

import ibis
import pytest

from shopkeeper import plugins
from shopkeeper.errors import UnlearnableShop
from shopkeeper.quality.inspect import Occasion, Report, Timeline, inspect, require_learnable
from shopkeeper.quality.report import as_html
from shopkeeper.settings import Settings
from tests.quality.worlds import log, shelf, shelf_of

NOW = datetime(2024, 5, 1, tzinfo=UTC)
SMALL: dict[str, dict[str, Any]] = {"learn": {"min_products": 2, "min_events": 2}, "shop": {"name": "corner"}}
FAST = {name: {"enabled": False} for name in plugins.names("check")}
DAY = 1440


def report_of(products: ibis.Table, events: ibis.Table, **quality: dict[str, Any]) -> Report:
    settings = Settings({**SMALL, "quality": FAST | quality})
    return inspect(products, events, settings, Occasion(NOW, "abc"))


def test_a_report_holds_all_checks_and_what_there_is() -> None:
    events = log({}, {"action": "view"}, {"minute": DAY, "user_id": "", "session_id": "s"})
    report = inspect(shelf_of(2), events, Settings(SMALL), Occasion(NOW, "abc"))
    assert tuple(finding.check for finding in report.findings) == plugins.names("check")
    assert set(report.spans_ms) == set(plugins.names("check"))
    assert (report.shop, report.created, report.data_hash) == ("corner", "2024-05-01T00:00:00+00:00", "abc")
    assert report.counts == {
        "products": 2,
        "titled_products": 2,
        "events": 3,
        "shopping_events": 2,
        "users": 1,
        "sessions": 1,
        "actors": 2,
    }
    assert report.timeline == Timeline(19783, 1, {"view": (1, 0), "purchase": (1, 1)})
    assert report.reasons == ()
    require_learnable(report)


def test_too_little_is_refused_with_every_reason_and_its_setting() -> None:
    report = report_of(shelf({"title": "?"}), log({"user_id": ""}))
    assert report.verdict == "unlearnable"
    message = (
        r"^corner cannot be learnt from: 1 products, at least 2 are needed \(learn.min_products\); "
        r"1 purchases, carts and clicks, at least 2 are needed \(learn.min_events\); "
        r"no product has a title in words; no event names a user or a session\. "
        r"Bring in more with: shopkeeper import SHOP"
    )
    with pytest.raises(UnlearnableShop, match=message):
        require_learnable(report)


def test_the_page_says_the_reasons_in_its_language() -> None:
    report = report_of(shelf({"title": "?"}), log({"user_id": ""}))
    page, other = as_html(report, "zh"), as_html(report, "en")
    said = [
        "只有 1 件商品，至少需要 2 件（learn.min_products）",
        "没有一件商品的标题里有文字",
        "没有一个事件写明用户或会话",
    ]
    assert all(reason in page for reason in said) and "至少需要 2 次（learn.min_events）" in page
    assert not any(reason in page for reason in report.reasons)
    assert all(reason in other for reason in report.reasons)


def test_views_alone_are_not_enough_to_learn_from() -> None:
    report = report_of(shelf_of(2), log({"action": "view"}, {"action": "view"}, {"action": "purchase"}))
    assert report.reasons == ("1 purchases, carts and clicks, at least 2 are needed (learn.min_events)",)


def test_a_blocking_finding_is_a_reason_unless_its_check_is_off() -> None:
    events = log({"product_id": "x"}, {"product_id": "y"})
    report = report_of(shelf_of(2), events, orphans={"enabled": True})
    assert report.reasons == ("events about unknown products: 2 of 2 events (quality.orphans.block_share)",)
    orphans = plugins.load("check", "orphans").question
    assert report.reasons_zh == (f"{orphans.words['zh'].title}：2 个事件中有 2 个（quality.orphans.block_share）",)
    assert report_of(shelf_of(2), events).verdict == "sound"
    assert report_of(shelf_of(2), events, orphans={"block_share": 1.5}).verdict == "doubtful"


def test_an_empty_shop_is_refused_and_not_a_crash() -> None:
    report = inspect(shelf(), log(), Settings(SMALL), Occasion(NOW))
    assert len(report.reasons) == 2
    assert report.timeline == Timeline(0, 1, {})


def test_long_histories_have_wider_bars_and_lost_timestamps_do_not_stretch_them() -> None:
    lost = {"timestamp": datetime(1970, 1, 1, tzinfo=UTC)}
    weeks = report_of(shelf_of(2), log({"minute": 0}, {"minute": 6 * DAY}, {"minute": 140 * DAY}, lost)).timeline
    assert (weeks.first_day, weeks.bar_days) == (19783, 7)
    assert weeks.counts["purchase"] == (2, *[0] * 19, 1)
    decades = report_of(shelf_of(2), log({"minute": 0}, {"minute": 4000 * DAY})).timeline
    assert (decades.bar_days, len(decades.counts["purchase"])) == (34, 118)


@pytest.mark.parametrize("name", plugins.names("check"))
def test_every_check_has_its_words_in_both_languages(name: str) -> None:
    check = plugins.load("check", name)
    question = check.question
    finding = check(Settings({}).of("check", name)).inspect(shelf_of(1), log({}))
    assert question.check == finding.check == name
    for language in ("en", "zh"):
        spoken = question.words[language]
        assert set(spoken.parts) == set(finding.parts)
        assert all((spoken.title, spoken.advice, *spoken.parts.values()))
    assert (question.repair is not None) == hasattr(check, "repair")
    assert check.__doc__
