"""Kill the server at random moments under a stream of events: is anything acknowledged lost, or counted twice?

    python -m benchmarks.durability [--kills 50] [--seed 0] [--write]

A small shop in a temporary folder. Four clients send events, one or twenty at a time; every id that was acknowledged is
noted. The server is then ended with SIGKILL, its log is read by another process, it is started again, and what was on
its way is sent once more. Every fourth kill strikes while the server also compacts full days to Parquet, every fourth a
compaction and every fourth an import that runs alone. SIGKILL leaves the system's page cache alone, so this shows
that no state between two instructions is wrong; that a commit reaches the disk is SQLite's synchronous=FULL.

`ready_s` is the longest start, `ready_p50_s` the middle one. A start takes in every event that came after the version
was learnt: after 50 kills a quarter of a million. A shop that learns every night has those of a day.
"""

import argparse
import itertools
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.page import write
from benchmarks.server_process import Client, ServerProcess
from benchmarks.small_shop import DAY, make
from shopkeeper.flow.learn import learn
from shopkeeper.store.folder import open_folder
from shopkeeper.store.schema import EVENTS

N_CLIENTS = 4
IMPORT_ROWS = 20_000
COMPACT = """
import sys, time
from pathlib import Path
from shopkeeper.store.folder import open_folder
with open_folder(Path(sys.argv[1]), writable=True) as folder:
    print(flush=True)
    folder.events.compact(time.time())
"""
IMPORT = """
import sys, time
from pathlib import Path
import pyarrow.parquet as pq
from shopkeeper.store.folder import open_folder
with open_folder(Path(sys.argv[1]), writable=True) as folder:
    table = pq.read_table(sys.argv[2])
    print(flush=True)
    folder.events.import_table(table, time.time())
"""
Row = dict[str, Any]


@dataclass
class Ledger:
    """What the clients know: ids that were acknowledged, and rows whose fate a kill left open."""

    acknowledged: set[str] = field(default_factory=set)
    open_rows: list[Row] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def take(self, rows: list[Row], acknowledged: bool) -> None:
        with self.turn:
            if acknowledged:
                self.acknowledged.update(row["event_id"] for row in rows)
            else:
                self.open_rows.extend(rows)


@dataclass
class Tally:
    """What was found after each kill."""

    kills: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    ready_s: list[float] = field(default_factory=list)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--write", action="store_true", help="write docs/benchmarks/durability.md")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        figures = run(Path(temporary), given.kills, given.seed)
    if given.write:
        write("durability", __doc__ or "", figures)
    print(orjson.dumps(figures).decode())


def run(folder: Path, kills: int, seed: int = 0) -> dict[str, Any]:
    """Makes the shop in `folder` and kills its writers; the figures of the benchmark's last line."""
    shop, moments = folder / "grocer", random.Random(seed)
    make(shop)
    learn(shop)
    ledger, tally = Ledger(), Tally()
    with open_folder(shop, writable=False) as opened:
        ledger.acknowledged.update(opened.events.table().event_id.to_pyarrow().to_pylist())
    blows: Iterator[Callable[..., None]] = itertools.cycle([_stream, _stream_compacting, _compact, _import])
    for kill, blow in zip(range(kills), blows, strict=False):
        blow(shop, ledger, tally, moments, kill)
        tally.kills[blow.__name__.strip("_")] += 1
        _count(shop, ledger, tally)
    server = _start(shop, ledger, tally)  # what the last kill left open is settled, and the server ends as it should
    server.stop()
    _count(shop, ledger, tally)
    return {
        "kills": sum(tally.kills.values()),
        "lost": tally.lost,
        "doubled": tally.doubled,
        "ready_s": round(max(tally.ready_s), 3),
        "ready_p50_s": round(statistics.median(tally.ready_s), 3),
        "acknowledged": len(ledger.acknowledged),
        "kills_by": dict(tally.kills),
    }


def _stream(
    shop: Path, ledger: Ledger, tally: Tally, moments: random.Random, kill: int, *, compact: bool = False
) -> None:
    """Kills the server while it takes events in; with `compact` also while it moves full days to Parquet."""
    server = _start(shop, ledger, tally)
    clients = [
        threading.Thread(
            target=_send, args=(server.port, ledger, f"k{kill}-c{number}", random.Random(moments.random()))
        )
        for number in range(N_CLIENTS)
    ]
    for client in clients:
        client.start()
    time.sleep(moments.uniform(0.02, 0.6))
    if compact:
        server.process.send_signal(signal.SIGHUP)
        time.sleep(moments.uniform(0.0, 0.4))
    server.kill()
    for client in clients:
        client.join()
    if ledger.refusals:
        raise RuntimeError(f"the server did not take what it should: {ledger.refusals[0]}")


def _stream_compacting(shop: Path, ledger: Ledger, tally: Tally, moments: random.Random, kill: int) -> None:
    _stream(shop, ledger, tally, moments, kill, compact=True)


def _compact(shop: Path, ledger: Ledger, tally: Tally, moments: random.Random, kill: int) -> None:
    """Kills a compaction that runs alone."""
    _kill_alone([COMPACT, str(shop)], moments.uniform(0.0, 0.15))


def _import(shop: Path, ledger: Ledger, tally: Tally, moments: random.Random, kill: int) -> None:
    """Kills an import, then imports the same table again: all of its rows must then be there, each once."""
    table = shop.parent / "import.parquet"
    rows = [_row(f"import-{kill}-{number}", moments) for number in range(IMPORT_ROWS)]
    pq.write_table(pa.Table.from_pylist([_canonical(row) for row in rows], EVENTS), table)
    _kill_alone([IMPORT, str(shop), str(table)], moments.uniform(0.0, 0.8))
    subprocess.run([sys.executable, "-c", IMPORT, str(shop), str(table)], check=True, stdout=subprocess.DEVNULL)
    ledger.take(rows, acknowledged=True)


def _kill_alone(arguments: list[str], delay_s: float) -> None:
    process = subprocess.Popen([sys.executable, "-c", *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()  # it has opened the shop and begins
    time.sleep(delay_s)
    process.kill()
    process.communicate()


def _start(shop: Path, ledger: Ledger, tally: Tally) -> ServerProcess:
    """The server, ready, with everything that was on its way at the last kill sent again."""
    server = ServerProcess([shop], shop.parent / "server.log")
    tally.ready_s.append(server.ready_s)
    again, ledger.open_rows = ledger.open_rows, []
    with Client(server.port) as client:
        for row in again:
            answer = client.post("/v1/grocer/events", row)
            assert answer["accepted"] + answer["duplicate"] == 1, answer
    ledger.take(again, acknowledged=True)
    return server


def _send(port: int, ledger: Ledger, name: str, chance: random.Random) -> None:
    """Sends events until the connection breaks."""
    with Client(port) as client:
        for call in itertools.count():
            rows = [_row(f"{name}-{call}-{line}", chance) for line in range(chance.choice((1, 20)))]
            try:
                answer = client.post("/v1/grocer/events", rows)
            except (OSError, HTTPException):  # killed in the middle: whether they were taken is not known
                ledger.take(rows, acknowledged=False)
                return
            except RuntimeError as error:
                ledger.refusals.append(str(error))
                return
            if answer["accepted"] != len(rows):
                ledger.refusals.append(str(answer))
            ledger.take(rows, acknowledged=True)


def _row(event_id: str, chance: random.Random) -> Row:
    """A view within the last twenty days, so that there are full days to compact."""
    return {
        "event_id": event_id,
        "action": "view",
        "timestamp": time.time() - chance.random() * 20 * DAY,
        "user_id": f"u{chance.randrange(30)}",
        "product_id": f"p{chance.randrange(20):02d}",
    }


def _canonical(row: Row) -> Row:
    empty = {"session_id": "", "query": "", "request_id": "", "quantity": 1.0, "context": "{}"}
    return {**empty, **row, "timestamp": round(row["timestamp"] * 1e6)}


def _count(shop: Path, ledger: Ledger, tally: Tally) -> None:
    with open_folder(shop, writable=False) as folder:
        found = Counter(folder.events.table().event_id.to_pyarrow().to_pylist())
    tally.lost += len(ledger.acknowledged - found.keys())
    tally.doubled += sum(count - 1 for count in found.values())


if __name__ == "__main__":
    main()
