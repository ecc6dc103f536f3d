"""The edge: the first to see a request and the last to see its answer.

Gives every request an id, bounds its body, times it, counts it and writes one line about it. What a shopper typed and
who the shopper is never reach the line: routes are written as templates.
"""

import asyncio
import logging
import os
import re
import time
from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopkeeper.serve.body import bounded, header
from shopkeeper.serve.failures import Refused, told
from shopkeeper.serve.front import Front

log = logging.getLogger(__name__)
SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET = frozenset({"/health", "/metrics"})
"""Routes asked by machines every few seconds: their lines are written at DEBUG."""


@dataclass
class Exchange:
    """One request and its answer, as far as it has come."""

    request_id: str
    started: float
    status: int = 0


class Edge:
    """ASGI middleware around the whole app; no exception passes it."""

    def __init__(self, app: ASGIApp, front: Front) -> None:
        self.app = app
        self.front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(_request_id(scope), time.perf_counter())
        scope.setdefault("state", {})["request_id"] = exchange.request_id

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", exchange.request_id.encode())]
            await send(message)

        try:
            receive = await bounded(scope, receive, self.front.body_limit(scope["path"]))
            await self.app(scope, receive, answer)
        except Refused as refused:
            await told(Request(scope), refused)(scope, receive, answer)
        except asyncio.CancelledError:  # the server stops and has waited long enough: nothing broke
            if not exchange.status:
                ended = Refused(503, "stopping", "the server is stopping; send the request again", connection="close")
                await told(Request(scope), ended)(scope, receive, answer)
        except Exception:
            log.exception("failed", extra={"request_id": exchange.request_id, "route": _route(scope)})
            if not exchange.status:
                broke = Refused(500, "internal", "something broke on our side; the log has it under this request_id")
                await told(Request(scope), broke)(scope, receive, answer)
        finally:
            self._record(scope, exchange)

    def _record(self, scope: Scope, exchange: Exchange) -> None:
        seconds = time.perf_counter() - exchange.started
        route = _route(scope)
        shop = scope.get("path_params", {}).get("shop", "")
        shop = shop if shop in self.front.shops else ""
        self.front.meters.answered(shop, route, exchange.status, seconds)
        line = {
            "method": scope["method"],
            "route": route,
            "shop": shop,
            "status": exchange.status,
            "ms": round(seconds * 1e3, 2),
            "request_id": exchange.request_id,
        }
        log.log(logging.DEBUG if route in QUIET else logging.INFO, "request", extra=line)


def _request_id(scope: Scope) -> str:
    """The caller's X-Request-ID where it is a plain word of 8 to 64 characters, else a new one."""
    given = header(scope, b"x-request-id").decode("latin-1")
    return given if given and SANE_ID.fullmatch(given) else os.urandom(16).hex()


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path_format", None) or "other"
