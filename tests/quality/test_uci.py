"""Claims, on the UCI online retail file (skipped where it is absent):
1. What the checks count of the imported shop is what a plain Python walk over the file counts: cancellations and
   their pairing with purchases, zero prices, service codes, empty titles, repeated lines, quantities.
2. Pairing returns leaves exactly the pieces that a plain queue leaves.
3. The shop can be learnt from, and the report says its doubts.
"""

import csv
import gzip
import re
import shutil
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median_low

import ibis
import pytest

from shopkeeper.intake.load import load
from shopkeeper.ports import Finding
from shopkeeper.quality.inspect import Occasion, Report, inspect, require_learnable
from shopkeeper.quality.repair import apply
from shopkeeper.settings import Settings
from shopkeeper.store.folder import create, open_folder

ROOT = Path(__file__).parents[2]
FILE = ROOT.parent / "shared" / "data" / "uci_online_retail" / "online_retail.csv.gz"
pytestmark = [pytest.mark.data, pytest.mark.skipif(not FILE.exists(), reason=f"{FILE.name} is absent")]

Line = dict[str, str]


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def is_back(line: Line) -> bool:
    """As docs/examples/online_retail.toml says: a cancelled invoice, or pieces below zero."""
    return line["InvoiceNo"].startswith("C") or float(line["Quantity"]) < 0


def total(line: Line) -> float:
    return float(line["UnitPrice"]) * float(line["Quantity"])


def event_id(lines: list[Line], i: int) -> str:
    return f"{lines[i]['InvoiceNo']}-{i + 2}"  # the header is line 1


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[ibis.Table, ibis.Table]:
    """The file as a shop imports it, by the mapping in the documents."""
    place = tmp_path_factory.mktemp("uci")
    create(place / "shop", (ROOT / "docs/examples/online_retail.toml").read_text("utf-8"))
    with gzip.open(FILE) as packed, (place / "online_retail.csv").open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    with open_folder(place / "shop", writable=True) as folder:
        load(folder, [place / "online_retail.csv"])
        products, events = folder.products.table().to_pyarrow(), folder.events.table().to_pyarrow()
    return ibis.memtable(products), ibis.memtable(events)


@pytest.fixture(scope="module")
def report(tables: tuple[ibis.Table, ibis.Table]) -> Report:
    return inspect(*tables, Settings({}), Occasion(datetime(2026, 1, 1, tzinfo=UTC)))


def of(report: Report, check: str) -> Finding:
    return next(finding for finding in report.findings if finding.check == check)


def test_cancellations_are_counted_and_split_into_matched_and_not(report: Report, lines: list[Line]) -> None:
    finding = of(report, "returns")
    assert finding.count == sum(map(is_back, lines))
    assert finding.count > sum(line["InvoiceNo"].startswith("C") for line in lines) == 8294
    assert finding.total == len(lines) == 461_207
    assert finding.parts == dict(Counter(kind for _, kind, _ in walked(lines) if kind))
    assert min(finding.parts.values()) > 300


def walked(lines: list[Line]) -> Iterator[tuple[int, str, float]]:
    """Each line's number, its kind where it is a refund, and the pieces left after a plain queue of pieces."""
    order = sorted(range(len(lines)), key=lambda i: (lines[i]["InvoiceDate"], is_back(lines[i]), event_id(lines, i)))
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
    expected = {event_id(lines, i): pieces for i, _, pieces in walked(lines) if pieces}
    found = events.select("event_id", "quantity").to_pyarrow()
    assert dict(zip(found["event_id"].to_pylist(), found["quantity"].to_pylist(), strict=True)) == expected
    assert change.events_removed == len(lines) - len(expected)


def test_free_and_negative_lines_are_counted(report: Report, lines: list[Line]) -> None:
    parts = of(report, "amounts").parts
    assert parts["zero"] + parts["write_off"] == sum(float(line["UnitPrice"]) == 0 for line in lines) == 2284
    assert parts["write_off"] == sum(total(line) == 0 for line in lines if is_back(line))
    assert parts["negative"] == sum(total(line) < 0 for line in lines if not is_back(line)) == 2


def test_products_without_a_price_or_a_title_are_counted(report: Report, lines: list[Line]) -> None:
    priced = {line["StockCode"] for line in lines if float(line["UnitPrice"]) > 0}
    titled = {line["StockCode"] for line in lines if line["Description"].strip()}
    codes = {line["StockCode"] for line in lines}
    parts = of(report, "missing").parts
    assert parts["price"] == len(codes - priced) > 50
    assert parts["title"] == len(codes - titled) > 50
    assert of(report, "prices").parts["zero"] == 0


def test_service_codes_are_found(report: Report, lines: list[Line]) -> None:
    codes = {line["StockCode"] for line in lines}
    short = {code for code in codes if re.match(r"^[A-Za-z]{1,4}[0-9]?$", code)}
    finding = of(report, "non_products")
    assert finding.parts["code"] == len(short) == 10
    assert short >= {"POST", "DOT", "D", "M", "m", "C2", "S", "B"}
    assert len(short) < finding.count < 20


def test_service_lines_are_dropped_with_their_events(tables: tuple[ibis.Table, ibis.Table], lines: list[Line]) -> None:
    products, events, (change,) = apply(*tables, ["drop_non_products"])
    gone = {line["StockCode"] for line in lines} - set(products.product_id.to_pyarrow().to_pylist())
    assert {"POST", "DOT", "M", "m", "D", "C2", "S", "BANK CHARGES", "AMAZONFEE"} <= gone
    assert change.events_removed == sum(line["StockCode"] in gone for line in lines)
    assert events.count().to_pyarrow().as_py() == len(lines) - change.events_removed


def test_repeated_lines_are_counted(report: Report, lines: list[Line]) -> None:
    said = ("CustomerID", "InvoiceNo", "StockCode", "InvoiceDate", "Quantity")
    keys = Counter((*(line[name] for name in said), total(line)) for line in lines)
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
        "negative": 0,
        "outlier": sum(q > bounds.get(code, q) for code, q in quantities),
    }
    assert finding.parts["outlier"] > 1000


def test_the_shop_can_be_learnt_from_with_doubts(report: Report, lines: list[Line]) -> None:
    require_learnable(report)
    assert report.verdict == "doubtful"
    assert report.counts["events"] == len(lines)
    assert report.counts["users"] == len({line["CustomerID"] for line in lines} - {""})
    assert sum(map(sum, report.timeline.counts.values())) == len(lines)
    assert (of(report, "orphans").count, of(report, "future").count) == (0, 0)
