"""Claims:

1. A line is one JSON object with its level, its logger, its time and what was said beside the event.
2. An exception is told in the same line.
"""

import io
import json
import logging
from collections.abc import Iterator

import orjson
import pytest

from shopkeeper.serve.logs import configure


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where lines go; the handlers of the test run come back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    told = io.StringIO()
    configure("INFO", told)
    yield told
    root.handlers = handlers
    root.setLevel(level)


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    logging.getLogger("shopkeeper.test").info("version swapped", extra={"shop": "grocer", "after": 7})
    logging.getLogger("shopkeeper.test").debug("too quiet to be written")
    line = orjson.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "version swapped",
        "level": "info",
        "logger": "shopkeeper.test",
        "shop": "grocer",
        "after": 7,
    }


def test_a_line_is_written_whatever_it_holds(stream: io.StringIO) -> None:
    logging.getLogger("shopkeeper.test").info("odd", extra={"big": 1 << 80, "half": "\ud800", "event": "other"})
    line = json.loads(stream.getvalue())
    assert (line["event"], line["big"]) == ("odd", 1 << 80)


def test_an_exception_is_told_in_the_same_line(stream: io.StringIO) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("shopkeeper.test").exception("failed")
    assert orjson.loads(stream.getvalue())["exception"].endswith("ValueError: broken")
