"""Request bodies, bounded: read whole before anyone parses them, refused as soon as they grow too large."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from shopkeeper.serve.failures import Refused

PATIENCE_S = 30.0
"""A body must have come whole by then."""


async def bounded(scope: Scope, receive: Receive, limit: int, patience_s: float = PATIENCE_S) -> Receive:
    """A `receive` that replays the body, which was read up to `limit` bytes.

    Raises Refused: 413 on the declared length, or at the first byte too many where none is declared (chunked); 408
    where the whole has not come in time, so that nobody holds a connection open by sending a byte now and then.
    """
    headers = Headers(scope=scope)
    declared = headers.get("content-length", "")
    if not declared and "transfer-encoding" not in headers:
        return receive
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(patience_s):
            return await _whole(receive, limit)
    except TimeoutError:
        message = f"the body had not come after {patience_s:g} s; send it at once"
        raise Refused(408, "body_too_slow", message, where="body", connection="close") from None


async def _whole(receive: Receive, limit: int) -> Receive:
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":  # the caller hung up
            return _once(message, receive)
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return _once({"type": "http.request", "body": b"".join(chunks), "more_body": False}, receive)


def _once(first: Message, receive: Receive) -> Receive:
    waiting = [first]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _too_large(limit: int) -> Refused:
    message = (
        f"the body is larger than {limit // 1024} KiB; send fewer rows a call (serve.body_limit_kb in the settings)"
    )
    return Refused(413, "body_too_large", message, where="body", connection="close")
