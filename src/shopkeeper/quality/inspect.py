"""All enabled checks over a shop's two tables: the findings, the verdict, and when things happened."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from shopkeeper import plugins
from shopkeeper.errors import UnlearnableShop
from shopkeeper.ports import Finding
from shopkeeper.quality.reasons import Reason
from shopkeeper.quality.repair import Change
from shopkeeper.quality.usual import SHOPPING, actor, whole_day
from shopkeeper.settings import Settings
from shopkeeper.types import ACTIONS

if TYPE_CHECKING:
    import ibis

logger = logging.getLogger(__name__)

Verdict = Literal["sound", "doubtful", "unlearnable"]

PRODUCT_COLUMNS = (
    "product_id", "title", "group_id", "description", "brand", "category", "price", "currency", "attributes", "seller",
    "locale", "created_at",
)  # fmt: skip
EVENT_COLUMNS = (
    "event_id", "timestamp", "action", "user_id", "session_id", "product_id", "query", "quantity", "value",
)  # fmt: skip
MAX_BARS = 120
"""Longer histories are drawn by week, then by month of 28 days."""

LOST_BEFORE = 9131
"""1995-01-01 in days since 1970."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Events by time: bar i counts the days from first_day + i * bar_days on; `counts` holds a list for each action.

    Days are whole days since 1970-01-01 UTC.
    """

    first_day: int
    bar_days: int
    counts: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `reasons` says why the shop cannot be learnt from, and is empty where it can."""

    shop: str
    created: str
    data_hash: str
    verdict: Verdict
    reasons: tuple[str, ...]
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    timeline: Timeline
    repairs: tuple[Change, ...]
    spans_ms: Mapping[str, float]
    reasons_zh: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a report says of itself: the moment, the hash of the data, and the repairs that were applied before."""

    created: datetime
    data_hash: str = ""
    repairs: tuple[Change, ...] = ()


def inspect(products: "ibis.Table", events: "ibis.Table", settings: Settings, occasion: Occasion) -> Report:
    """The report of all enabled checks; the tables are read once into memory and released again.

    Raises nothing on bad data: `require_learnable` does.
    """
    with _in_memory(products.select(*PRODUCT_COLUMNS), events.select(*EVENT_COLUMNS)) as (shelf, log):
        counts, timeline = _counts(shelf, log), _timeline(log)
        findings, spans = _answers(shelf, log, settings)
    reasons = _reasons(counts, findings, settings)
    doubtful = any(finding.severity == "warning" for finding in findings)
    logger.info("inspected products=%d events=%d reasons=%d", counts["products"], counts["events"], len(reasons))
    return Report(
        shop=settings.shop.title or settings.shop.name,
        created=occasion.created.isoformat(timespec="seconds"),
        data_hash=occasion.data_hash,
        verdict="unlearnable" if reasons else "doubtful" if doubtful else "sound",
        reasons=tuple(reason.said("en") for reason in reasons),
        reasons_zh=tuple(reason.said("zh") for reason in reasons),
        counts=counts,
        findings=tuple(findings),
        timeline=timeline,
        repairs=occasion.repairs,
        spans_ms=spans,
    )


def _answers(
    products: "ibis.Table", events: "ibis.Table", settings: Settings
) -> tuple[list[Finding], dict[str, float]]:
    """What every enabled check found, and how long each took."""
    findings, spans = [], {}
    for name in settings.enabled("check"):
        began = time.perf_counter()
        check = plugins.load("check", name)(settings.of("check", name))
        findings.append(check.inspect(products, events))
        spans[name] = round((time.perf_counter() - began) * 1e3, 1)
    return findings, spans


def require_learnable(report: Report) -> None:
    """Raises UnlearnableShop with every reason where the shop cannot be learnt from."""
    if report.reasons:
        raise UnlearnableShop(
            f"{report.shop} cannot be learnt from: {'; '.join(report.reasons)}. Bring in more with: shopkeeper import "
            f"SHOP FILE..., or see what is wrong with: shopkeeper check SHOP"
        )


@contextmanager
def _in_memory(products: "ibis.Table", events: "ibis.Table") -> "Iterator[tuple[ibis.Table, ibis.Table]]":
    """Both tables read once into one database of their own, which ends with the block."""
    import ibis

    # not Table.cache(), nor a bare Arrow table: ibis 12 renders their DROP without a name under sqlglot 30
    connection = ibis.duckdb.connect()
    try:
        tables = {"products": products, "events": events}
        read = {name: ibis.memtable(table.to_pyarrow()) for name, table in tables.items()}
        yield connection.create_table("products", read["products"]), connection.create_table("events", read["events"])
    finally:
        connection.disconnect()


def _counts(products: "ibis.Table", events: "ibis.Table") -> dict[str, int]:
    """How much there is of everything the verdict rests on."""
    of_products = products.aggregate(
        products=products.count(), titled_products=products.title.re_search(r"\pL").sum().fill_null(0)
    )
    of_events = events.aggregate(
        events=events.count(),
        shopping_events=events.action.isin(SHOPPING).sum().fill_null(0),
        users=events.user_id.nullif("").nunique(),
        sessions=events.session_id.nullif("").nunique(),
        actors=actor(events).nullif("").nunique(),
    )
    rows = of_products.to_pyarrow().to_pylist()[0] | of_events.to_pyarrow().to_pylist()[0]
    return {name: int(count) for name, count in rows.items()}


def _reasons(counts: Mapping[str, int], findings: list[Finding], settings: Settings) -> list[Reason]:
    """Why the shop cannot be learnt from."""
    learn = settings.learn
    reasons = []
    if counts["products"] < learn.min_products:
        reasons.append(Reason("products", counts["products"], learn.min_products))
    if counts["shopping_events"] < learn.min_events:
        reasons.append(Reason("events", counts["shopping_events"], learn.min_events))
    if counts["products"] and not counts["titled_products"]:
        reasons.append(Reason("titles"))
    if counts["events"] and not counts["actors"]:
        reasons.append(Reason("actors"))
    return reasons + [Reason("blocked", finding=finding) for finding in findings if finding.severity == "blocking"]


def _timeline(events: "ibis.Table") -> Timeline:
    """Events by day and action, by 7 or 28 days where the history is long.

    Moments before 1995 are lost timestamps and would stretch the axis over decades: they are left out.
    """
    dated = events.mutate(day=whole_day(events))
    dated = dated.filter(dated.day > LOST_BEFORE)
    rows = dated.group_by("day", "action").aggregate(n=dated.count()).to_pyarrow()
    days, actions, counted = (rows.column(name).to_pylist() for name in ("day", "action", "n"))
    if not days:
        return Timeline(0, 1, {})
    first, n_days = min(days), max(days) - min(days) + 1
    bar_days = next((width for width in (1, 7, 28) if n_days <= width * MAX_BARS), -(-n_days // MAX_BARS))
    counts = {action: [0] * -(-n_days // bar_days) for action in ACTIONS if action in set(actions)}
    for day, action, n in zip(days, actions, counted, strict=True):
        if action in counts:
            counts[action][(day - first) // bar_days] += n
    return Timeline(first, bar_days, {action: tuple(bars) for action, bars in counts.items()})
