"""Claims:
1. JSON reads back as the same report.
2. The page needs nothing beside it: no script, no link to another address, and its policy allows none.
3. Whatever stands in the data is escaped.
4. English and Chinese pages have the same labels, and each finding says its repair.
5. The chart's bars are as high as their counts, stacked without gaps.
6. A finding of a check that no longer exists keeps the words it was written with.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from shopkeeper.quality.chart import HEIGHT, WIDTH, chart
from shopkeeper.quality.inspect import Occasion, Report, Timeline, inspect
from shopkeeper.quality.repair import Change
from shopkeeper.quality.report import as_html, as_json, from_json, labels, write
from shopkeeper.settings import Settings
from tests.quality.worlds import log, shelf

EVIL = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def report() -> Report:
    products = shelf({"title": EVIL}, {"title": EVIL, "price": 0.0}, {"title": ""})
    events = log({}, {"product_id": EVIL, "user_id": EVIL}, {"action": "view", "minute": 3000})
    settings = Settings({"shop": {"title": f"A & B {EVIL}"}})
    occasion = Occasion(datetime(2024, 5, 1, tzinfo=UTC), "0123456789abcdef0123", (Change("drop_bots", 0, 0, 1234, 0),))
    return inspect(products, events, settings, occasion)


def test_json_reads_back_as_the_same_report(report: Report) -> None:
    assert from_json(as_json(report)) == report


class Tags(HTMLParser):
    """Every tag, and every attribute that could fetch something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.fetched: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]

    def handle_endtag(self, tag: str) -> None:
        self.closed.append(tag)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_fetches_nothing_and_escapes_everything(report: Report, language: str) -> None:
    page = as_html(report, language)  # type: ignore[arg-type]
    tags = Tags(page)
    assert tags.fetched == ["#findings"]
    assert "script" not in tags.opened
    assert "url(" not in page
    assert "default-src 'none'" in page
    assert page.count("&lt;script&gt;") >= 5
    for tag in ("details", "table", "section", "svg", "rect", "ul", "p"):
        assert tags.opened.count(tag) == tags.closed.count(tag), tag


def test_findings_say_how_much_and_which_repair(report: Report) -> None:
    page = as_html(report)
    assert "A &amp; B" in page
    assert "1 of 3 events" in page
    assert 'repairs = ["drop_orphans"]' in page
    assert "1,234" in page
    assert "0123456789abcdef<" in page
    assert page.index('id="missing"') < page.index('id="wholesale"')  # warnings stand before what is fine


def test_the_chinese_page_speaks_chinese(report: Report) -> None:
    page = as_html(report, "zh")
    assert 'lang="zh-CN"' in page
    assert "指向未知商品的事件" in page
    assert "Events about unknown products" not in page


def test_both_languages_have_the_same_labels() -> None:
    english, chinese = labels("en"), labels("zh")
    assert english.keys() == chinese.keys()
    for name in ("verdicts", "severities", "counts", "units", "actions", "per_bar"):
        assert english[name].keys() == chinese[name].keys()


def test_bars_are_as_high_as_their_counts_and_stacked() -> None:
    drawn = chart(Timeline(0, 7, {"view": (3, 0), "purchase": (1, 2)}))
    view, first, second = drawn.pieces
    assert (view.height, first.height, second.height) == (HEIGHT * 3 / 4, HEIGHT * 1 / 4, HEIGHT * 2 / 4)
    assert (view.y + view.height, first.y + first.height) == (HEIGHT, view.y)
    assert second.x - first.x == pytest.approx(WIDTH / 2)
    assert (second.date, second.n, drawn.highest) == ("1970-01-08", 2, 4)
    assert drawn.totals == {"view": 3, "purchase": 3}
    assert drawn.hues == {"view": 0, "purchase": 4}


def test_no_dated_events_are_said_so(report: Report) -> None:
    page = as_html(replace(report, timeline=Timeline(0, 1, {}), repairs=(), reasons=()))
    assert "There are no dated events." in page
    assert "<svg" not in page


def test_a_finding_of_a_check_that_is_gone_keeps_its_words(report: Report) -> None:
    gone = replace(report.findings[0], check="old", title="An old check", parts={"kind": 1})
    page = as_html(replace(report, findings=(gone,)), "zh")
    assert "An old check" in page
    assert re.search(r"<td>kind</td>", page)


def test_three_files_are_written(report: Report, tmp_path: Path) -> None:
    assert write(report, tmp_path) == tmp_path / "quality.html"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["quality.html", "quality.json", "quality.zh.html"]
    assert from_json((tmp_path / "quality.json").read_text(encoding="utf-8")) == report
