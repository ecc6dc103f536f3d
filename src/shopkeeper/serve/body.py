"""Request bodies, bounded: read whole before anyone parses them, refused as soon as they grow too large."""

import asyncio

from starlette.types import Message, Receive, Scope

from shopkeeper.serve.failures import Refused

PATIENCE_S = 30.0
"""A body must have come whole by then."""
BODY = "shopkeeper.body"
"""Where in the scope a body stands that has been read."""


def header(scope: Scope, name: bytes) -> bytes:
    """The first header of this name (in small letters); empty where there is none."""
    for given, value in scope["headers"]:
        if given == name:
            return bytes(value)
    return b""


def whole_json(scope: Scope) -> bytes:
    """The body, where it is said to be JSON. Raises KeyError where it is not, or where there is none."""
    if header(scope, b"content-type").partition(b";")[0].strip().lower() != b"application/json":
        raise KeyError(BODY)
    body: bytes = scope[BODY]
    return body


async def bounded(scope: Scope, receive: Receive, limit: int, patience_s: float = PATIENCE_S) -> Receive:
    """A `receive` that replays the body, which was read up to `limit` bytes.

    Raises Refused: 413 on the declared length, or at the first byte too many where none is declared (chunked); 408
    where the whole has not come in time, so that nobody holds a connection open by sending a byte now and then.
    """
    declared = header(scope, b"content-length")
    if not declared and not header(scope, b"transfer-encoding"):
        return receive
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(patience_s):
            return await _whole(scope, receive, limit)
    except TimeoutError:
        message = f"the body had not come after {patience_s:g} s; send it at once"
        raise Refused(408, "body_too_slow", message, where="body", connection="close") from None


async def _whole(scope: Scope, receive: Receive, limit: int) -> Receive:
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
    scope[BODY] = body = b"".join(chunks)
    return _once({"type": "http.request", "body": body, "more_body": False}, receive)


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
