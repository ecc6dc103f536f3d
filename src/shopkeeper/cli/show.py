"""What the verbs found, as tables for people or as one JSON object for programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from shopkeeper.encode.card import Card
    from shopkeeper.flow.compare import Comparison
    from shopkeeper.flow.judge import Learnt
    from shopkeeper.flow.search_order import SearchOrder
    from shopkeeper.flow.shop import Shop
    from shopkeeper.intake.report import Report as IntakeReport
    from shopkeeper.quality.inspect import Report as QualityReport
    from shopkeeper.store.versions import VersionInfo
    from shopkeeper.types import Page

console = Console(soft_wrap=True)
SHOWN = 5
"""So many duplicates are named; the files have them all."""


def intake(report: "IntakeReport") -> None:
    """What became of every row of every file."""
    table = Table(title="imported")
    for column in ("file", "kind", "read", "accepted", "refused", "duplicate"):
        table.add_column(column, justify="right" if column not in {"file", "kind"} else "left")
    for count in report.counts:
        numbers = (count.read, count.accepted, count.refused, count.duplicate)
        table.add_row(Path(count.source).name, count.kind, *(f"{number:,}" for number in numbers))
    console.print(table)
    for reason, times in sorted(report.reasons.items(), key=lambda item: -item[1]):
        console.print(f"  refused {times:,}: {reason}", highlight=False)
    for row in report.twice[:SHOWN]:
        where = f"line {row.line} of {row.file}"
        console.print(f"  duplicate {row.column} {row.value} in {where}: {row.reason}, which counts", highlight=False)
    if len(report.twice) > SHOWN:
        console.print(f"  and {len(report.twice) - SHOWN:,} duplicates more", highlight=False)
    for path in report.rejected:
        console.print(f"  kept in {path}", highlight=False)
    for file, columns in report.untaken.items():
        console.print(
            f"  no field takes, of {file}: {', '.join(columns)}; a mapping can", highlight=False, markup=False
        )


def quality(report: "QualityReport", folder: Path, as_json: bool) -> None:
    """The verdict, each finding, and where the whole report lies."""
    if as_json:
        console.print_json((folder / "quality.json").read_text(encoding="utf-8"))
        return
    table = Table(title=f"{report.shop}: {report.verdict}")
    for column in ("check", "severity", "count", "of", "repair"):
        table.add_column(column, justify="right" if column in {"count", "of"} else "left", overflow="fold")
    for finding in report.findings:
        if finding.count:
            numbers = (f"{finding.count:,}", f"{finding.total:,} {finding.unit}")
            table.add_row(finding.title, finding.severity, *numbers, finding.repair or "")
    if table.row_count:
        console.print(table)
        if any(finding.count and finding.repair for finding in report.findings):
            console.print("A repair is made of what is learnt from where quality.repairs names it.", highlight=False)
    else:
        console.print(f"{report.shop}: {report.verdict}, no check found anything", highlight=False)
    for reason in report.reasons:
        console.print(f"[red]cannot be learnt from:[/] {reason}")
    _whole(folder)
    shop = folder.parent
    step = f"import {shop} FILE..." if report.reasons else f"learn {shop}"
    console.print(f"Next: shopkeeper {step}", highlight=False)


def verdict(folder: Path) -> None:
    """What the check that lies in this folder came to, in a line, and where the whole of it is."""
    found = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
    severities = [finding["severity"] for finding in found["findings"] if finding["count"]]
    counted = (f"{severities.count(name)} {name}" for name in ("blocking", "warning", "note"))
    console.print(f"checked: the data are {found['verdict']} ({', '.join(counted)})", highlight=False)
    _whole(folder)


def _whole(folder: Path) -> None:
    console.print(f"The whole report: {folder / 'quality.html'}", highlight=False)


def learnt(found: "Learnt", as_json: bool) -> None:
    """The new version's contests, and whether it serves."""
    scores = found.version.manifest["scores"]
    if as_json:
        told = {"version": found.version.name, "promoted": found.promoted, "refused": found.refused, "scores": scores}
        told["language_model"] = _language_model(found.card) if found.card else None
        told["clicks"] = found.clicks.line if found.clicks else None
        as_object(told | {"search_order": _order(found.order) if found.order else None})
        return
    if scores:
        _scores(f"version {found.version.name} on days it had not seen", scores)
    if found.card is not None:
        console.print(_language_model(found.card), highlight=False)
    if found.order is not None:
        console.print(_order(found.order), highlight=False)
    if found.clicks is not None:
        console.print(found.clicks.line, highlight=False)
    if found.promoted:
        console.print(f"Version {found.version.name} serves now.", highlight=False)
    for reason in found.refused:
        console.print(f"[red]Version {found.version.name} was refused:[/] {reason}", highlight=False)
    if found.refused:
        console.print(f"To serve it all the same: shopkeeper promote SHOP {found.version.number}", highlight=False)


def _order(found: "SearchOrder") -> str:
    """One line on what orders searches, and why."""
    if not found.tried:
        return f"Searches are ordered by ranks: {found.reason}"
    reached = ", ".join(f"{name} {way.ndcg:.3f} / {way.condensed_ndcg:.3f}" for name, way in found.tried.items())
    return (
        f"Searches are ordered by {found.name}: {found.queries} judged queries, nDCG@10 / of judged products "
        f"alone, each on queries it did not learn from: {reached}."
    )


def card(found: "Card", folder: Path, as_json: bool) -> None:
    """What the language model gained by kind of search, and where the whole card lies."""
    if as_json:
        console.print_json((folder / "card.json").read_text(encoding="utf-8"))
        return
    table = Table(title=f"{found.shop}: {found.model}, held-out searches, MRR by meaning alone")
    for column in ("searches", "n", "before", "after", "gain"):
        table.add_column(column, justify="left" if column == "searches" else "right")
    for gain in found.gains:
        bounds = f"{gain.after - gain.before:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
        table.add_row(gain.kind.replace("_", " "), f"{gain.n:,}", f"{gain.before:.3f}", f"{gain.after:.3f}", bounds)
    if found.gains:
        console.print(table)
    console.print(_language_model(found), highlight=False)
    console.print(f"The whole card: {folder / 'card.html'}", highlight=False)


def _language_model(found: "Card") -> str:
    """One line on what became of the language model."""
    if not found.adapted:
        return f"The language model stays as it came: {found.reason}"
    from shopkeeper.flow.gains import deciding

    gain = max(deciding(found.gains) or found.gains, key=lambda gain: gain.low)  # what it was kept for
    return (
        f"The language model learnt the shop in {found.seconds:.0f} processor seconds: on what it never saw "
        f"({gain.kind.replace('_', ' ')}) what is meant is found at MRR {gain.after:.3f}, before {gain.before:.3f}."
    )


def comparison(found: "Comparison", as_json: bool) -> None:
    """Every version beside every baseline: one table a contest and a log, for scores compare on the same data alone."""
    if as_json:
        pages = {version: asdict(own) for version, own in found.live.items()}
        as_object({"current": found.current, "data_hashes": found.data_hashes, "scores": found.scores, "live": pages})
        return
    groups = list(dict.fromkeys(found.data_hashes.values()))
    for key, versions in found.scores.items():
        for data_hash in groups:
            named = {
                f"{name}{' (serves)' if name == found.current else ''}": score
                for name, score in versions.items()
                if found.data_hashes[name] == data_hash
            }
            if named:
                _scores(f"{key.replace('_', ' ')} on data {data_hash[:8]}", named)
    if len(groups) > 1:
        console.print(
            "Versions in different tables were measured on different data: their figures do not compare.",
            highlight=False,
        )
    if found.live:
        table = Table(title="what followed their pages")
        for column in ("version", "pages", "clicked", "bought"):
            table.add_column(column)
        for name, live in found.live.items():
            table.add_row(name, f"{live.pages:,}", str(live.clicked), str(live.bought))
        console.print(table)


def versions(found: "Sequence[VersionInfo]", current: "VersionInfo | None", as_json: bool) -> None:
    """The versions, oldest first."""
    rows: list[dict[str, Any]] = [
        {
            "version": version.name,
            "created": version.manifest["created"],
            "serves": current is not None and version.number == current.number,
            "bytes": sum(entry["bytes"] for entry in version.manifest["files"].values()),
        }
        for version in found
    ]
    if as_json:
        as_object(rows)
        return
    if not rows:
        console.print("No version yet: the shop has not learnt.", highlight=False)
        return
    table = Table(title="versions")
    for column in ("version", "created", "serves", "MB"):
        table.add_column(column)
    for row in rows:
        megabytes = f"{row['bytes'] / 1e6:.1f}"
        table.add_row(str(row["version"]), str(row["created"]), "yes" if row["serves"] else "", megabytes)
    console.print(table)


def page(found: "Page", shop: "Shop", as_json: bool) -> None:
    """The page: products, scores, and why each is there."""
    rows = _products(found, shop)
    if as_json:
        as_object(_page_told(found, rows, shop))
        return
    if found.redirect is not None:
        where = found.redirect.to or f"the search {found.redirect.search!r}"
        console.print(f"The shop's rule {found.redirect.rule!r} leads to {where}.", highlight=False, markup=False)
    if found.intent.correction:
        console.print(f"Showing results for: {found.intent.correction}", highlight=False)
    elif found.intent.maybe:
        console.print(f"Did you mean: {found.intent.maybe}", highlight=False)
    for line in _came_about(found):
        console.print(line, highlight=False, markup=False)
    if rows or found.instead is None:
        console.print(_shelf(rows) if rows else "Nothing was found.")
    if found.instead is not None:
        console.print(_shelf(_products(found.instead, shop)))
    scores = [item.score for item in found.items]
    if found.rules and scores != sorted(scores, reverse=True):
        console.print(f"Not by score alone: {'; '.join(found.rules)}.", highlight=False, markup=False)
    for name in found.late:
        console.print(f"[yellow]late:[/] {name}")


def _page_told(found: "Page", rows: Sequence[Mapping[str, Any]], shop: "Shop") -> dict[str, Any]:
    instead = found.instead
    return {
        "request_id": found.request_id,
        "version": found.version,
        "total": found.total,
        "reachable": found.reachable,
        "items": rows,
        "relaxed": asdict(found.relaxed) if found.relaxed else None,
        "instead": {"request_id": instead.request_id, "items": _products(instead, shop)} if instead else None,
        "rules": found.rules,
        "redirect": found.redirect._asdict() if found.redirect else None,
    }


def _came_about(found: "Page") -> Iterator[str]:
    """How the page came about where its products are not all that was asked for, in lines."""
    if found.intent.kind == "service":
        yield f"This reads as a question for the shop's service ({found.intent.about}); no filter was made of it."
    how = found.relaxed.how if found.relaxed else ()
    if found.relaxed is None:
        return
    if "filters" in how:
        yield "Nothing has all of the filters that the words state: some were widened or left out."
    if "words" in how:
        without = f"; none has: {', '.join(found.relaxed.dropped)}" if found.relaxed.dropped else ""
        yield f"No product has every word. Shown: {found.relaxed.shown}{without}."
    if "chosen" in how:
        yield "No product has any of the words. Shoppers who searched for them chose some of these."
    if "meaning" in how:
        yield "No product has any of the words. These are nearest in meaning."
    if "popular" in how:
        yield f"Nothing was found. What others buy{f' in {found.relaxed.shown}' if found.relaxed.shown else ''}:"


def _products(found: "Page", shop: "Shop") -> list[dict[str, Any]]:
    shelf = shop.catalog
    return [
        {
            "product_id": shelf.product_ids[item.row],
            "title": shelf.titles[item.row],
            "price": None
            if shelf.prices[item.row] != shelf.prices[item.row]
            else round(float(shelf.prices[item.row]), 2),
            "currency": shelf.currency,
            "score": round(item.score, 4),
            "why": item.sentence,
        }
        for item in found.items
    ]


def _shelf(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table()
    for column in ("", "id", "product", "price", "score", "why"):
        table.add_column(column, justify="right" if column in {"", "price", "score"} else "left")
    for place, row in enumerate(rows, start=1):
        price = "" if row["price"] is None else f"{row['price']:.2f}"
        table.add_row(
            str(place), str(row["product_id"]), str(row["title"]), price, f"{row['score']:.3f}", str(row["why"])
        )
    return table


def receipt(found: Mapping[str, int], user_id: str, as_json: bool) -> None:
    """What was removed of a shopper."""
    if as_json:
        as_object(found)
        return
    if not any(found.values()):
        console.print(f"no such shopper: nothing is held of '{user_id}'.", highlight=False, markup=False)
        return
    counted = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in found.items())
    console.print(f"removed: {counted}", highlight=False)
    if found["report_files"]:
        console.print("the quality report may have named them; make it anew: shopkeeper check", highlight=False)


def _scores(title: str, scores: Mapping[str, Any]) -> None:
    table = Table(title=f"{title}, with 95 % intervals")
    for column in ("", "n", "", "mean", "ours leads by"):
        table.add_column(column)
    for key, score in scores.items():
        lead = score["lead"]
        table.add_row(key.replace("_", " "), f"{score['n']:,}", "ours", _interval(score["ours"]), "")
        for name, baseline in score["baselines"].items():
            ahead = _interval(lead, "+") if name == lead["over"] else ""
            table.add_row("", "", name, _interval(baseline), ahead)
    console.print(table)


def _interval(found: Mapping[str, Any], sign: str = "") -> str:
    mean, low, high = (format(found[name], f"{sign}.3f") for name in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]"


def as_object(found: object) -> None:
    """Prints it as one JSON object."""
    console.print_json(json.dumps(found, ensure_ascii=False, default=str))
