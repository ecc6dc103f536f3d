"""A server in a process of its own, started the way `shopkeeper serve` starts it, for benchmarks and tests."""

import http.client
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import orjson

STARTER = """
import os, sys
from pathlib import Path
from shopkeeper.serve.server import serve
serve([Path(folder) for folder in sys.argv[3:]], port=int(sys.argv[2]),
      on_ready=lambda url: os.write(int(sys.argv[1]), url.encode()))
"""
PATIENCE_S = 60.0


class ServerProcess:
    """A running server: `port`, `ready_s` from start to the first healthy answer, and its log in a file."""

    def __init__(
        self,
        folders: Sequence[Path],
        log: Path,
        *,
        port: int = 0,
        environment: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Returns when the server is healthy, which may take `patience_s`.

        Raises RuntimeError with the end of its log where it is not.
        """
        told, tell = os.pipe()
        command = [sys.executable, "-c", STARTER, str(tell), str(port), *map(str, folders)]
        started = time.perf_counter()
        with log.open("ab") as lines:
            self.process = subprocess.Popen(
                command, stderr=lines, pass_fds=[tell], env={**os.environ, **(environment or {})}
            )
        os.close(tell)
        with os.fdopen(told, "rb") as pipe:
            select.select([pipe], [], [], patience_s)
            url = os.read(told, 1000).decode() if self.process.poll() is None else ""
        if not url:
            self.kill()
            raise RuntimeError(f"the server did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        self.port = int(url.rpartition(":")[2])
        with Client(self.port) as client:
            client.get("/health")
        self.ready_s = time.perf_counter() - started

    def kill(self) -> None:
        """Ends it as a power failure would: SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ends it as an operator would: SIGTERM. Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Client:
    """One connection that is kept open. Answers other than 200 raise RuntimeError with what was said."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self.seconds = 0.0
        """How long the last exchange took, from the first byte out to the last byte in."""
        self.timing = ""
        """The last answer's Server-Timing header."""

    def get(self, path: str) -> Any:
        return self._exchange("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        return self._exchange("POST", path, orjson.dumps(body))

    def put(self, path: str, body: Any) -> Any:
        return self._exchange("PUT", path, orjson.dumps(body))

    def delete(self, path: str) -> Any:
        return self._exchange("DELETE", path, None)

    def _exchange(self, method: str, path: str, body: bytes | None) -> Any:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        started = time.perf_counter()
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        self.seconds = time.perf_counter() - started
        self.timing = response.headers.get("Server-Timing", "")
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {content.decode()}")
        return orjson.loads(content) if response.headers.get_content_subtype() == "json" else content.decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
