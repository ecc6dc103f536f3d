"""A chat server on this machine that answers with the text backwards, and remembers what it heard."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


class Echo(BaseHTTPRequestHandler):
    """`says` is answered in place of the text, a number as a status; `writes` as what the model says."""

    heard: ClassVar[list[tuple[str, str, dict[str, Any]]]] = []
    says: ClassVar[bytes | int | None] = None
    writes: ClassVar[str] = ""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.heard.append((self.path, self.headers.get("Authorization", ""), body))
        told = body["messages"][-1]["content"][::-1] if body["messages"][-1]["content"] != "silence" else " "
        told = self.writes or told
        answer = json.dumps({"choices": [{"message": {"role": "assistant", "content": f"{told}\n"}}]}).encode()
        self.send_response(self.says if isinstance(self.says, int) else 200)
        self.end_headers()
        self.wfile.write(self.says if isinstance(self.says, bytes) else answer)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """The server's URL, as a client is given it."""
    Echo.heard.clear()
    Echo.says, Echo.writes = None, ""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()
