"""An evaluation for people and for programs: one HTML page that needs nothing beside it, and JSON that reads back."""

import re
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from shopkeeper import reports
from shopkeeper.measure.evaluation import MAIN, Evaluation, Measured, named
from shopkeeper.types import Language

HERE = Path(__file__).parent
PAGE, WORDS = "evaluation.html", "evaluation_words.json"
LISTED = 50
"""So many refused rows, unknown products or queries without a relevant product are listed; the JSON has all."""

_NUMBER = re.compile(r"\d+")
_ADAPTER = TypeAdapter(Evaluation)


def as_json(found: Evaluation) -> str:
    """The evaluation as indented JSON; `from_json` gives the same back."""
    return _ADAPTER.dump_json(found, indent=2).decode()


def from_json(text: str) -> Evaluation:
    """The evaluation that `as_json` wrote."""
    return _ADAPTER.validate_json(text)


def as_html(found: Evaluation, language: Language = "en") -> str:
    """One self-contained page: no script, nothing from the network; everything is escaped."""
    listed = {"unknown": found.source.unknown, "without": found.source.without}
    rows = {"refused": found.source.refused, "repeated": found.source.repeated}
    return str(
        _page().render(
            found=found,
            language=language,
            label=words(language),
            verdict=verdict(found),
            main=main(found),
            listed={name: (own[:LISTED], len(own) - LISTED) for name, own in listed.items()},
            rows={name: (own[:LISTED], len(own) - LISTED) for name, own in rows.items()},
        )
    )


def write(found: Evaluation, folder: Path) -> Path:
    """Writes `evaluation.json`, `.html` and `.zh.html` into an existing folder; returns the English page."""
    return reports.write(folder, "evaluation", as_json(found), partial(as_html, found))


def said(reason: str, language: Language) -> str:
    """Why a row does not count, in this language; as it is where there are no words for it."""
    known: dict[str, str] = words(language)["reasons"]
    pattern = known.get(_NUMBER.sub("%s", reason))
    return reason if pattern is None else pattern % tuple(_NUMBER.findall(reason))


def flat(tables: Mapping[str, Any], section: str = "") -> list[tuple[str, object]]:
    """What tables of settings say, each value under its whole name: recall.lexical.title_weight."""
    found: list[tuple[str, object]] = []
    for key, value in tables.items():
        name = f"{section}.{key}" if section else key
        found += flat(value, name) if isinstance(value, Mapping) else [(name, value)]
    return found


def main(found: Evaluation) -> Measured:
    """The metric that says which side is better: nDCG@k, which every query has."""
    return next(metric for metric in found.metrics if metric.metric == named(MAIN, found.k))


def verdict(found: Evaluation) -> str:
    """What the comparison came to, as a key of the page's words: better, worse or even beyond doubt; alone of one."""
    gain = main(found).gain
    if gain is None:
        return "alone"
    if not found.changed:
        return "same"
    return "better" if gain.low > 0 else "worse" if gain.high < 0 else "even"


def words(language: Language) -> dict[str, Any]:
    """The page's own words in this language."""
    return reports.words(HERE / WORDS, language)


@cache
def _page() -> Any:
    return reports.template(
        HERE,
        PAGE,
        rating=lambda rating: "–" if rating is None else f"{rating:g}",
        said=said,
        flat=flat,
        kind=lambda rating: "unjudged" if rating is None else "good" if rating > 0 else "bad",
    )
