"""Claims:

1. A body within the limit is replayed whole, then the connection is read on.
2. A declared length above the limit is refused before a byte is read; a chunked body at the first byte too many.
3. A caller who hangs up in the middle is passed on as hung up.
4. A body that does not come whole in time is refused, however often a byte of it comes.
5. A request without a body is not waited for.
"""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope

from shopkeeper.serve.body import bounded
from shopkeeper.serve.failures import Refused

GONE: Message = {"type": "http.disconnect"}


def scope(**headers: str) -> Scope:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "headers": raw}


class Wire:
    """Chunks as they come from the network; `read` counts those taken."""

    def __init__(self, chunks: Sequence[bytes], *, whole: bool = True) -> None:
        self.messages: list[Message] = [{"type": "http.request", "body": c, "more_body": True} for c in chunks]
        if whole and chunks:
            self.messages[-1]["more_body"] = False
        self.messages.append(GONE)
        self.read = 0

    async def receive(self) -> Message:
        self.read += 1
        return self.messages[self.read - 1]


async def messages(wanted: Scope, wire: Wire, count: int) -> list[Message]:
    receive: Receive = await bounded(wanted, wire.receive, 10)
    return [await receive() for _ in range(count)]


def test_a_body_within_the_limit_is_replayed_whole_and_then_the_wire_is_read_on() -> None:
    wire = Wire([b"12345", b"67890"])
    whole, after = asyncio.run(messages(scope(transfer_encoding="chunked"), wire, 2))
    assert (whole["body"], whole["more_body"]) == (b"1234567890", False)
    assert after == GONE


def test_a_declared_length_above_the_limit_is_refused_unread() -> None:
    wire = Wire([b"x" * 11])
    with pytest.raises(Refused, match="the body is larger than") as refused:
        asyncio.run(messages(scope(content_length="11"), wire, 1))
    assert (refused.value.status, refused.value.headers, wire.read) == (413, {"connection": "close"}, 0)


def test_a_chunked_body_is_refused_at_the_first_byte_too_many() -> None:
    wire = Wire([b"12345", b"678901", b"never read"])
    with pytest.raises(Refused, match="the body is larger than"):
        asyncio.run(messages(scope(transfer_encoding="chunked"), wire, 1))
    assert wire.read == 2


def test_a_length_that_lies_is_refused_as_well() -> None:
    with pytest.raises(Refused, match="the body is larger than"):
        asyncio.run(messages(scope(content_length="3"), Wire([b"x" * 11]), 1))


def test_a_caller_who_hangs_up_is_passed_on_as_gone() -> None:
    assert asyncio.run(messages(scope(content_length="9"), Wire([b"123"], whole=False), 1)) == [GONE]


@pytest.mark.parametrize("dripping", [False, True])
def test_a_body_that_does_not_come_in_time_is_refused(dripping: bool) -> None:
    async def slow() -> Message:
        if not dripping:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": True}

    with pytest.raises(Refused, match=r"the body had not come after 0\.01 s; send it at once") as refused:
        asyncio.run(bounded(scope(content_length="9"), slow, 10, 0.01))
    assert (refused.value.status, refused.value.headers) == (408, {"connection": "close"})


def test_a_request_without_a_body_is_not_waited_for() -> None:
    wire = Wire([])
    asyncio.run(messages(scope(), wire, 0))
    assert wire.read == 0
