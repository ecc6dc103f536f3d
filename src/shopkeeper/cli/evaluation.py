"""What `evaluate` and `judgments` found, as tables for people or as one JSON object for programs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from shopkeeper.cli.show import SHOWN, console

if TYPE_CHECKING:
    from shopkeeper.flow.click_judgments import FromClicks
    from shopkeeper.measure.evaluation import Evaluation, Looked
    from shopkeeper.measure.statistics import Interval

VERDICTS = {
    "better": "[green]{second} finds better[/] than {first}, beyond doubt.",
    "worse": "[red]{second} finds worse[/] than {first}, beyond doubt.",
    "even": "No difference between {second} and {first} beyond doubt.",
    "same": "{second} and {first} give the same first {k} products to every query: what differs decides nothing.",
}


def evaluation(found: "Evaluation", folder: Path, as_json: bool) -> None:
    """Every figure with its interval, what did not count and why, and the queries that tell most."""
    from shopkeeper.measure.evaluation_page import PAGE, verdict
    from shopkeeper.measure.evaluation_page import as_json as whole

    if as_json:
        console.print_json(whole(found))
        return
    _judgments(found)
    names = [_name(side.name) for side in found.sides]
    console.print(_figures(found, names))
    for side in found.sides:
        for source, times in side.failed.items():
            console.print(f"[yellow]failed:[/] source {source} in {times:,} queries with {_name(side.name)}")
    if len(names) > 1:
        console.print(VERDICTS[verdict(found)].format(first=names[0], second=names[1], k=found.k), highlight=False)
        console.print(f"  {found.changed:,} queries differ in their first {found.k} products", highlight=False)
    for title, queries in (("gains", found.winners), ("loses", found.losers), ("finds badly", found.hardest)):
        _looked(title, queries[:SHOWN], names)
    console.print(f"The whole report: {folder / PAGE}", highlight=False, markup=False)


def from_clicks(found: "FromClicks", shop: Path, out: Path, as_json: bool) -> None:
    """What the log gave, how places are looked at, and what to do with it."""
    from shopkeeper.flow.click_judgments import summary

    if as_json:
        console.print_json(json.dumps(summary(found), ensure_ascii=False))
        return
    _say(f"{found.pages:,} search pages of {found.queries:,} queries, {found.clicks:,} clicks on them")
    _say(f"{len(found.judgments):,} judgments of {found.kept:,} queries that several shoppers asked: {out}")
    if found.unknown:
        _say(f"Every place counts alike: {found.unknown}. Products high on the page are rated too well.")
    else:
        shares = ", ".join(f"{share:.2f}" for share in found.examination[:10])
        _say(f"How likely the first places are looked at, beside the most looked at: {shares}")
    _say(f"Next: shopkeeper evaluate {shop} --judgments {out}")


def _judgments(found: "Evaluation") -> None:
    """What became of the rows of the file."""
    source = found.source
    _say(f"{source.file}: {source.used:,} of {source.read:,} judgments count")
    apart = f"{len(source.repeated):,} judged again, {source.n_unknown:,} of products that the shop has not"
    _say(f"  {len(source.refused):,} refused, {apart}")
    for kind, rows in (("refused", source.refused), ("judged again", source.repeated)):
        for row in rows[:SHOWN]:
            _say(f"  {kind}: line {row.line}: {row.column} {row.reason}, got '{row.value}'")
        _more(len(rows), kind)
    for kind, names in (("not in the shop", source.unknown), ("no relevant product, left out", source.without)):
        if names:
            _say(f"  {kind}: {', '.join(names[:SHOWN])}")
        _more(len(names), kind)
    if source.taught:
        _say("  This file chose how searches are ordered: the figures say nothing of queries that are not in it.")
        _say("  What was reached on queries not learnt from stands in search_order/order.json of the version.")
    if source.unavailable:
        _say(f"  {source.unavailable:,} relevant products are out of stock: a search does not show them")


def _figures(found: "Evaluation", names: list[str]) -> Table:
    """A row a metric: of one side its interval, of two their means and the interval of the gain."""
    table = Table(title=Text(f"{found.shop}: {len(found.queries):,} queries, with 95 % intervals"))
    table.add_column("figure", no_wrap=True)
    for column in ("n", *names, *(["gain"] if len(names) > 1 else [])):
        table.add_column(Text(column), justify="right", no_wrap=column == "gain", overflow="fold")
    for metric in found.metrics:
        means = [_interval(own) if metric.gain is None else f"{own.mean:.3f}" for own in metric.means]
        gain = [_interval(metric.gain, "+")] if metric.gain else []
        table.add_row(metric.metric, f"{metric.n:,}", *means, *gain)
    return table


def _looked(title: str, queries: "tuple[Looked, ...]", names: list[str]) -> None:
    """Queries with their pages side by side, each product with its rating."""
    for looked in queries:
        # as texts: what stands in brackets in a query or a title is no markup
        table = Table(title=Text(f"{title}: {looked.query}"), expand=True)
        for name, ndcg in zip(names, looked.ndcg, strict=True):
            table.add_column(Text(f"{name}: {ndcg:.3f}"), overflow="ellipsis", no_wrap=True, ratio=1)
        for place in range(max(map(len, looked.pages))):
            cells = (page[place] if place < len(page) else None for page in looked.pages)
            table.add_row(*(Text(f"{_rating(cell.rating)} {cell.title}" if cell else "") for cell in cells))
        console.print(table, soft_wrap=False)


def _rating(rating: float | None) -> str:
    return "-" if rating is None else f"{rating:g}"


def _name(side: str) -> str:
    return side or "own settings"


def _interval(found: "Interval", sign: str = "") -> str:
    mean, low, high = (format(value, f"{sign}.3f") for value in (found.mean, found.low, found.high))
    return f"{mean} [{low}, {high}]"


def _more(n: int, kind: str) -> None:
    if n > SHOWN:
        _say(f"  {kind}: and {n - SHOWN:,} more")


def _say(line: str) -> None:
    console.print(line, highlight=False, markup=False)
