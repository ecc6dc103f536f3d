"""Request bodies, bounded: read whole before anyone parses them, refused as soon as they grow too large."""

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from shopkeeper.serve.failures import Refused


async def bounded(scope: Scope, receive: Receive, limit: int) -> Receive:
    """A `receive` that replays the body, which was read up to `limit` bytes.

    Raises Refused (413) on the declared length, or at the first byte too many where none is declared (chunked).
    """
    headers = Headers(scope=scope)
    declared = headers.get("content-length", "")
    if not declared and "transfer-encoding" not in headers:
        return receive
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
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
