"""Claims:

1. A second server on the same port says that the port is taken and what to do; a second writer on the same shop too.
2. Told to stop, the server takes no new connection, answers what is under way, writes its exposures and ends with 0.
3. A version is swapped under load without a lost request.
4. Killed in the middle of events, a compaction or an import, nothing acknowledged is lost or counted twice.
5. Several shops are served side by side; two of one name are refused.
6. A server without a shop, or on an address that is not there, does not start. A shop that never learnt is named, with
   what to do.
"""

import http.client
import re
import shutil
import socket
import threading
from pathlib import Path

import orjson
import pytest

from benchmarks import durability
from benchmarks.server_process import Client, ServerProcess
from benchmarks.small_shop import make
from shopkeeper.errors import PortInUse, SettingError, ShopLocked
from shopkeeper.serve.server import listen, serve
from shopkeeper.store.folder import create, open_folder

VIEW = {"event_id": "e1", "action": "view", "user_id": "u1", "session_id": "s1", "product_id": "p00"}


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(PortInUse) as error:
            listen("127.0.0.1", port)
    assert str(error.value) == (
        f"port {port} on 127.0.0.1 is taken by another program, perhaps another shopkeeper. "
        f"Stop it, or serve elsewhere with --port {port + 1} (serve.port in the settings)."
    )


def test_an_address_that_is_not_here_is_named() -> None:
    with pytest.raises(SettingError, match=r"^serve\.host: cannot listen on 192\.0\.2\.1, port 0: "):
        listen("192.0.2.1", 0)


def test_a_server_without_a_shop_does_not_start() -> None:
    with pytest.raises(
        SettingError, match=r"^serve needs at least one shop folder, got none\. Make one with: shopkeeper new"
    ):
        serve([])


def test_two_shops_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("first", "second"):
        make(tmp_path / name)
    with pytest.raises(SettingError) as error:
        serve([tmp_path / "first", tmp_path / "second"], port=0)
    assert str(error.value) == (
        f"shop.name: two shops are named 'grocer', one of them in {tmp_path / 'second'}; rename one"
    )


@pytest.mark.server
def test_a_second_server_is_told_that_port_and_shop_are_taken(folder: Path, tmp_path: Path) -> None:
    make(tmp_path / "other", name="other")
    with ServerProcess([folder], tmp_path / "log") as running:
        with pytest.raises(PortInUse, match=f"^port {running.port} on 127.0.0.1 is taken by another program"):
            serve([tmp_path / "other"], port=running.port)
        with pytest.raises(ShopLocked, match=r"another process \(pid \d+\) writes to this shop"):
            serve([folder], port=0)


@pytest.mark.server
def test_shops_are_served_side_by_side(folder: Path, tmp_path: Path) -> None:
    make(tmp_path / "baker", name="baker")
    with ServerProcess([folder, tmp_path / "baker"], tmp_path / "log") as running, Client(running.port) as client:
        assert set(client.get("/health")["shops"]) == {"grocer", "baker"}
        assert client.post("/v1/baker/events", VIEW)["accepted"] == 1
        assert client.post("/v1/grocer/events", VIEW)["accepted"] == 1


def half_sent(port: int, body: bytes) -> http.client.HTTPConnection:
    """A request whose head the server has read and whose body it waits for."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest("POST", "/v1/grocer/events")
    for name, value in (
        ("Content-Type", "application/json"),
        ("Content-Length", len(body)),
        ("Expect", "100-continue"),
    ):
        connection.putheader(name, str(value))
    connection.endheaders()
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 100 Continue")
    return connection


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.server
def test_a_shop_that_never_learnt_is_named_with_what_to_do(tmp_path: Path) -> None:
    create(tmp_path / "bare", '[shop]\nname = "bare"\n')
    ServerProcess([tmp_path / "bare"], tmp_path / "log").stop()
    lines = [orjson.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    (warned,) = [line for line in lines if line["level"] == "warning"]
    told = ("not learnt yet", "bare", f"shopkeeper learn {tmp_path / 'bare'}")
    assert (warned["event"], warned["shop"], warned["next"]) == told


@pytest.mark.server
def test_told_to_stop_it_answers_what_is_under_way(folder: Path, tmp_path: Path) -> None:
    running = ServerProcess([folder], tmp_path / "log")
    with Client(running.port) as client:
        page = client.post("/v1/grocer/recommend", {"scene": "home", "user_id": "u1"})
    body = orjson.dumps(VIEW)
    under_way = half_sent(running.port, body)
    running.process.terminate()
    while not refuses(running.port):
        assert running.process.poll() is None
    under_way.send(body)
    answer = orjson.loads(under_way.getresponse().read())
    under_way.close()
    assert answer["accepted"] == 1
    assert running.stop() == 0
    with open_folder(folder, writable=False) as kept:
        assert kept.exposures.get(page["request_id"]) is not None
        assert "e1" in kept.events.table().event_id.to_pyarrow().to_pylist()
    lines = [orjson.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["event"] for line in lines if line["logger"] == "shopkeeper.serve.server"] == ["serving", "stopped"]
    assert not [line for line in lines if line["level"] not in ("info", "debug")]


class Asking(threading.Thread):
    """Asks for pages until the version it waits for has answered; keeps the versions it saw."""

    def __init__(self, port: int, until: threading.Event) -> None:
        super().__init__()
        self._port, self._until = port, until
        self.versions: list[str] = []
        self.failure = ""

    def run(self) -> None:
        with Client(self._port) as client:
            while not self._until.is_set():
                try:
                    page = client.post("/v1/grocer/recommend", {"scene": "home", "user_id": "u1"})
                except Exception as error:
                    self.failure = repr(error)
                    return
                self.versions.append(page["version"])


@pytest.mark.server
def test_a_version_is_swapped_under_load_without_a_lost_request(folder: Path, tmp_path: Path) -> None:
    with open_folder(folder, writable=False) as opened:
        versions = opened.versions
        draft = versions.draft()
        shutil.copytree(versions.get(1).path, draft.path, dirs_exist_ok=True)
        (draft.path / "manifest.json").unlink()
        versions.seal(draft, settings={}, data_hash="", scores={})
        with ServerProcess([folder], tmp_path / "log") as running:
            done = threading.Event()
            askers = [Asking(running.port, done) for _ in range(3)]
            for asker in askers:
                asker.start()
            for serving in ("0002", "0001"):
                versions.promote(2) if serving == "0002" else versions.rollback()
                while not all(asker.versions[-1:] == [serving] for asker in askers):
                    assert [asker.failure for asker in askers] == [""] * 3
            done.set()
            for asker in askers:
                asker.join()
    assert [asker.failure for asker in askers] == [""] * 3
    seen = [re.sub(r"(.{4})\1+", r"\1", "".join(asker.versions)) for asker in askers]
    assert seen == ["000100020001"] * 3


@pytest.mark.server
def test_killed_in_every_way_nothing_acknowledged_is_lost_or_counted_twice(tmp_path: Path) -> None:
    figures = durability.run(tmp_path, kills=4, seed=1)
    assert (figures["kills"], figures["lost"], figures["doubled"]) == (4, 0, 0)
    assert figures["acknowledged"] > 1000
    assert figures["ready_s"] < 30  # the benchmark holds 5 s; a busy machine may be slower
