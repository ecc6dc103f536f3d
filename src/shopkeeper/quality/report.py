"""The report for people and for programs: one HTML page that needs nothing beside it, and JSON that reads back."""

from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from shopkeeper import plugins, reports
from shopkeeper.ports import Finding
from shopkeeper.quality.chart import HEIGHT, WIDTH, chart
from shopkeeper.quality.finding import Words
from shopkeeper.quality.inspect import Report
from shopkeeper.types import Language

HERE = Path(__file__).parent
PAGE = "report.html"
LABELS = "labels.json"
SEVERITIES = ("blocking", "warning", "note", "ok")

_ADAPTER = TypeAdapter(Report)


def as_json(report: Report) -> str:
    """The report as indented JSON; `from_json` gives the same report back."""
    return _ADAPTER.dump_json(report, indent=2).decode()


def from_json(text: str) -> Report:
    """The report that `as_json` wrote."""
    return _ADAPTER.validate_json(text)


def as_html(report: Report, language: Language = "en") -> str:
    """One self-contained page: no script, no file beside it, nothing from the network; everything is escaped."""
    worst_first = sorted(report.findings, key=lambda found: (SEVERITIES.index(found.severity), -_share(found)))
    return str(
        _page().render(
            report=report,
            language=language,
            label=labels(language),
            reasons=(report.reasons_zh if language == "zh" else ()) or report.reasons,
            found=[(finding, words(finding, language), _share(finding)) for finding in worst_first],
            severities={name: sum(f.severity == name for f in report.findings) for name in SEVERITIES},
            chart=chart(report.timeline),
            width=WIDTH,
            height=HEIGHT,
        )
    )


def write(report: Report, folder: Path) -> Path:
    """Writes `quality.json`, `quality.html` and `quality.zh.html` into an existing folder; returns the English page."""
    return reports.write(folder, "quality", as_json(report), partial(as_html, report))


def words(finding: Finding, language: Language) -> Words:
    """The check's words in this language; the finding's own where the check no longer exists."""
    if finding.check in plugins.names("check"):
        spoken: Words = plugins.load("check", finding.check).question.words[language]
        return spoken
    return Words(finding.title, finding.advice, {kind: kind for kind in finding.parts})


def labels(language: Language) -> dict[str, Any]:
    """The page's own words in this language."""
    return reports.words(HERE / LABELS, language)


def _share(finding: Finding) -> float:
    return finding.count / finding.total if finding.total else 0.0


@cache
def _page() -> Any:
    return reports.template(
        HERE, PAGE, percent=lambda share: "0 %" if not share else "< 0.01 %" if share < 1e-4 else f"{share:.2%}"
    )
