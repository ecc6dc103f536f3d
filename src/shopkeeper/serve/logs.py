"""Structured logs of the server process: one JSON object a line on stderr.

The library itself only calls `logging`; handlers are set here, by the process that serves, and nowhere else.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

import orjson

USUAL = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
"""What `logging` itself puts into a record; the rest is what was said beside the event."""


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sends every logger of the process through one JSON handler; replaces handlers set before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Line())
    # our lines do not tell them, and finding them out for every record takes longer than the line
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"  # our own line a request replaces it
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


class _Line(logging.Formatter):
    """A record as one JSON object: every request writes a line, so it must cost little."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            **{name: value for name, value in record.__dict__.items() if name not in USUAL},
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        try:
            return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        except TypeError:  # a number of more than 64 bits, half a character
            return json.dumps(line, default=str)
