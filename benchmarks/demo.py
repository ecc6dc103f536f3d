"""The demo shop, from nothing to a served page: how long, and how much memory.

    python -m benchmarks.demo [--keep FOLDER] [--write]

The packages are in already, nothing else: the encoder is exported, all products and purchase lines of Complete Journey
are imported, checked, learnt and measured, and a home page is fetched from the server's storefront. `seconds` is all of
that; `peak_mb` is the largest of its processes. The scores are those the demo prints.
"""

import argparse
import http.client
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.page import write
from benchmarks.server_process import ServerProcess
from shopkeeper.store.folder import open_folder

DEMO = "import sys; from shopkeeper.cli import main; sys.argv[1:] = ['demo', {shop!r}, '--no-serve']; main()"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.demo")
    parser.add_argument("--keep", default="", help="a new folder in which the shop stays; by default it is removed")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks/demo.md")
    asked = parser.parse_args()
    if asked.keep and Path(asked.keep).exists():
        parser.error(
            f"--keep {asked.keep}: the folder exists, and a shop that is made already measures nothing. Name a new one"
        )
    with tempfile.TemporaryDirectory() as scratch:
        figures = run(Path(asked.keep) if asked.keep else Path(scratch) / "demo-shop", Path(scratch))
    if asked.write:
        write("demo", __doc__ or "", figures, figures["data_hash"])
    print(json.dumps(figures))


def run(shop: Path, scratch: Path) -> dict[str, Any]:
    """Makes the shop and fetches a page from it."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", DEMO.format(shop=str(shop))], check=True, stdout=subprocess.DEVNULL)
    made = time.perf_counter() - started
    with ServerProcess([shop], scratch / "server.log") as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/demo/")
        answer = connection.getresponse()
        page = answer.read()
        assert answer.status == 200 and b"why" in page, f"the page answered {answer.status}"
        seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open_folder(shop, writable=False) as folder:
        version, n_products, n_events = folder.versions.current(), len(folder.products), len(folder.events)
    assert version is not None, "the demo's version was refused"
    return {
        "benchmark": "demo",
        "seconds": round(seconds, 1),
        "made_s": round(made, 1),
        "ready_s": round(server.ready_s, 2),
        "peak_mb": round(usage.ru_maxrss / 1024),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "products": n_products,
        "events": n_events,
        "scores": version.manifest["scores"],
        "data_hash": version.manifest["data_hash"],
    }


if __name__ == "__main__":
    main()
