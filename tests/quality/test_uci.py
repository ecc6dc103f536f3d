"""Claims, on the UCI online retail file (skipped where it is absent):
1. What the checks count is what a plain Python walk over the file's lines counts: cancellations and their pairing
   with purchases, zero prices, service codes, empty titles, repeated lines, quantities.
2. Pairing returns leaves exactly the pieces that a plain queue leaves.
3. The shop can be learnt from, and the report says its doubts.
"""

import csv
import gzip
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median_low

import ibis
import pyarrow as pa
import pytest

from shopkeeper.quality.inspect import Occasion, Report, inspect, require_learnable
from shopkeeper.quality.repair import apply
from shopkeeper.settings import Settings
from shopkeeper.store.schema import EVENTS, PRODUCTS, conform
from shopkeeper.types import Finding

FILE = Path(__file__).parents[3] / "shared" / "data" / "uci_online_retail" / "online_retail.csv.gz"
pytestmark = [pytest.mark.data, pytest.mark.skipif(not FILE.exists(), reason=f"{FILE.name} is absent")]

Line = dict[str, str]


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_back(line: Line) -> bool:
    return line["InvoiceNo"].startswith("C")


@pytest.fixture(scope="module")
def tables(lines: list[Line]) -> tuple[ibis.Table, ibis.Table]:
    """Every line an event; every stock code a product, titled and priced as its first line has it."""
    first: dict[str, Line] = {}
    for line in lines:
        first.setdefault(line["StockCode"], line)
    products = pa.table(
        {
            "product_id": list(first),
            "title": [line["Description"].strip() for line in first.values()],
            "price": [float(line["UnitPrice"]) for line in first.values()],
        }
    )
    quantities = [float(line["Quantity"]) for line in lines]
    events = pa.table(
        {
            "event_id": [f"{number:06}" for number in range(len(lines))],
            "timestamp": [datetime.fromisoformat(line["InvoiceDate"]).replace(tzinfo=UTC) for line in lines],
            "action": ["refund" if is_back(line) else "purchase" for line in lines],
            "user_id": [line["CustomerID"].removesuffix(".0") for line in lines],
            "session_id": [line["InvoiceNo"] for line in lines],
            "product_id": [line["StockCode"] for line in lines],
            "quantity": quantities,
            "value": [float(line["UnitPrice"]) * q for line, q in zip(lines, quantities, strict=True)],
        }
    )
    return ibis.memtable(conform(products, PRODUCTS)), ibis.memtable(conform(events, EVENTS))


@pytest.fixture(scope="module")
def report(tables: tuple[ibis.Table, ibis.Table]) -> Report:
    return inspect(*tables, Settings({}), Occasion(datetime(2026, 1, 1, tzinfo=UTC)))


def of(report: Report, check: str) -> Finding:
    return next(finding for finding in report.findings if finding.check == check)


def test_cancellations_are_counted_and_split_into_matched_and_not(report: Report, lines: list[Line]) -> None:
    kinds = Counter(kind for _, kind, _ in walked(lines) if kind)
    finding = of(report, "returns")
    assert finding.count == sum(is_back(line) for line in lines) > 8000
    assert finding.total == len(lines)
    assert finding.parts == dict(kinds)
    assert min(kinds.values()) > 300


def walked(lines: list[Line]) -> Iterator[tuple[int, str, float]]:
    """Each line's number, its kind where it is a refund, and the pieces left after a plain queue of pieces."""
    order = sorted(range(len(lines)), key=lambda i: (lines[i]["InvoiceDate"], is_back(lines[i]), i))
    queues: dict[tuple[str, str], deque[int]] = defaultdict(deque)
    left = {i: abs(float(lines[i]["Quantity"])) for i in order}
    kinds = {}
    for i in order:
        key = (lines[i]["CustomerID"], lines[i]["StockCode"])
        if not is_back(lines[i]):
            queues[key].append(i)
        elif not key[0]:
            kinds[i] = "anonymous"
        else:
            while queues[key] and left[i]:
                oldest = queues[key][0]
                cancelled = min(left[oldest], left[i])
                left[oldest] -= cancelled
                left[i] -= cancelled
                if not left[oldest]:
                    queues[key].popleft()
            kinds[i] = "unmatched" if left[i] else "matched"
    yield from ((i, kinds.get(i, ""), left[i]) for i in range(len(lines)))


def test_pairing_leaves_the_pieces_a_queue_leaves(tables: tuple[ibis.Table, ibis.Table], lines: list[Line]) -> None:
    _, events, (change,) = apply(*tables, ["pair_returns"])
    returned = {(line["CustomerID"], line["StockCode"]) for line in lines if is_back(line) and line["CustomerID"]}
    expected = {
        f"{i:06}": pieces
        if (lines[i]["CustomerID"], lines[i]["StockCode"]) in returned
        else float(lines[i]["Quantity"])
        for i, _, pieces in walked(lines)
        if pieces or not lines[i]["CustomerID"]
    }
    found = events.select("event_id", "quantity").to_pyarrow()
    assert dict(zip(found["event_id"].to_pylist(), found["quantity"].to_pylist(), strict=True)) == expected
    assert change.events_removed == len(lines) - len(expected)


def test_free_and_negative_lines_are_counted(report: Report, lines: list[Line]) -> None:
    totals = [float(line["UnitPrice"]) * float(line["Quantity"]) for line in lines if not is_back(line)]
    finding = of(report, "amounts")
    assert finding.parts == {"zero": totals.count(0.0), "negative": sum(total < 0 for total in totals)}
    assert finding.parts["zero"] > 2000


def test_products_first_sold_for_nothing_are_counted(report: Report, lines: list[Line]) -> None:
    first = {line["StockCode"]: float(line["UnitPrice"]) for line in reversed(lines)}
    finding = of(report, "prices")
    assert finding.parts["zero"] == sum(price == 0 for price in first.values()) > 100
    assert finding.parts["negative"] == sum(price < 0 for price in first.values())


def test_service_codes_are_found(report: Report, lines: list[Line]) -> None:
    first = {line["StockCode"]: line["Description"].strip().lower() for line in reversed(lines)}
    finding = of(report, "non_products")
    assert finding.parts["code"] == sum(bool(re.match(r"^[A-Za-z]{1,4}[0-9]?$", code)) for code in first)
    named = {"postage", "carriage", "manual", "discount", "samples", "amazon fee", "bank charges", "dotcom postage"}
    assert finding.parts["title"] >= sum(title in named for title in first.values()) >= 6
    assert finding.count < 20


def test_service_lines_are_dropped_with_their_events(tables: tuple[ibis.Table, ibis.Table], lines: list[Line]) -> None:
    settings = Settings({"quality": {"non_products": {"examples": 100}}})
    products, events, (change,) = apply(*tables, ["drop_non_products"], settings)
    left = set(products.product_id.to_pyarrow().to_pylist())
    gone = {line["StockCode"] for line in lines} - left
    assert {"POST", "DOT", "M", "m", "D", "C2", "S", "BANK CHARGES", "AMAZONFEE"} <= gone
    assert change.events_removed == sum(line["StockCode"] in gone for line in lines)
    assert events.count().to_pyarrow().as_py() == len(lines) - change.events_removed


def test_empty_titles_are_found(report: Report, lines: list[Line]) -> None:
    first = {line["StockCode"]: line["Description"].strip() for line in reversed(lines)}
    parts = of(report, "missing").parts
    assert parts["title"] == sum(not title for title in first.values()) > 50
    assert parts["wordless_title"] == sum(bool(t) and not re.search(r"[^\W\d_]", t) for t in first.values())


def test_repeated_lines_are_counted(report: Report, lines: list[Line]) -> None:
    keys = Counter(
        (
            line["CustomerID"],
            line["InvoiceNo"],
            line["StockCode"],
            line["InvoiceDate"],
            line["Quantity"],
            float(line["UnitPrice"]) * float(line["Quantity"]),
        )
        for line in lines
    )
    finding = of(report, "duplicate_events")
    assert finding.parts == {"id": 0, "line": sum(n - 1 for n in keys.values())}
    assert finding.count > 4000


def test_quantities_are_measured_against_each_products_median(report: Report, lines: list[Line]) -> None:
    bought: dict[str, list[float]] = defaultdict(list)
    quantities = [(line["StockCode"], float(line["Quantity"])) for line in lines if not is_back(line)]
    for code, quantity in quantities:
        if quantity > 0:
            bought[code].append(quantity)
    bounds = {code: 50 * median_low(list_) for code, list_ in bought.items() if len(list_) >= 5}
    finding = of(report, "quantities")
    assert finding.parts == {
        "none": sum(q == 0 for _, q in quantities),
        "negative": sum(q < 0 for _, q in quantities),
        "outlier": sum(q > bounds.get(code, q) for code, q in quantities),
    }
    assert finding.parts["negative"] > 1000
    assert finding.parts["outlier"] > 1000


def test_the_shop_can_be_learnt_from_with_doubts(report: Report, lines: list[Line]) -> None:
    require_learnable(report)
    assert report.verdict == "doubtful"
    assert report.counts["events"] == len(lines)
    assert report.counts["users"] == len({line["CustomerID"] for line in lines} - {""})
    assert sum(map(sum, report.timeline.counts.values())) == len(lines)
    assert (of(report, "orphans").count, of(report, "future").count) == (0, 0)
