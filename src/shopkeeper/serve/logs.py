"""Structured logs of the server process: one JSON object a line on stderr.

The library itself only calls `logging`; handlers are set here, by the process that serves, and nowhere else.
"""

import logging
import sys
from typing import Any, TextIO

import orjson
import structlog


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sends every logger of the process through one JSON handler; replaces handlers set before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"  # our own line a request replaces it
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def _json(line: Any, default: Any = str, **_: Any) -> str:
    return orjson.dumps(line, default=default).decode()
