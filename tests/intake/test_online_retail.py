"""Claims, on the real UCI Online Retail set, with docs/examples/online_retail.toml and no code:
1. Every line comes in as an event and every code as a product; the dirt is kept as data.
2. Cancellations are refunds; zero prices, codes that are no goods, and empty titles can be counted.
"""

import gzip
import json
from pathlib import Path

import pytest

from tests.intake.shelf import Shelf, numbers

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared/data/uci_online_retail/online_retail.csv.gz"
SETTINGS = (ROOT / "docs/examples/online_retail.toml").read_text("utf-8")
N_LINES = 40_000


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_file(), reason="the UCI set is not beside the checkout")
def test_a_slice_of_the_real_file_comes_in_with_its_dirt(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, SETTINGS.split('currency = "GBP"')[1])
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        lines = [next(file) for _ in range(N_LINES + 1)]
    report = shelf.load(shelf.file("online_retail.csv", "".join(lines)))
    assert numbers(report, "events") == (N_LINES, N_LINES, 0, 0)
    codes = {line.split(",")[1] for line in lines[1:]}
    assert numbers(report, "products") == (len(codes), len(codes), 0, 0)
    events = shelf.events()
    cancelled = sum(line.startswith("C") for line in lines[1:])
    refunds = [event for event in events if event["action"] == "refund"]
    assert len(refunds) > cancelled > 0  # and lines with a negative quantity
    assert {event["session_id"][0] for event in refunds} >= {"C", "5"}
    assert any(event["value"] == 0 for event in events)
    assert {"POST", "M", "DOT"} <= {event["product_id"] for event in events}
    assert any("title" not in json.loads(event["context"]) for event in events)
    assert shelf.product("85123A").title == "WHITE HANGING HEART T-LIGHT HOLDER"
